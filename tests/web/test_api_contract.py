"""The API keeps to its own schema: thousands of calls made up from it, right and wrong, on the running app."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from typing import Any
from zlib import crc32

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, BaseSchema, Case, GenerationMode
from schemathesis.checks import negative_data_rejection
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.engine import events, from_schema

from support.hostile_pictures import HOSTILE_PICTURES
from support.pictures import one, png, zero
from support.running_app import RunningApp

EACH = 730  # made-up calls for each operation that takes a body, right ones and wrong ones; at length

# By itself schemathesis plays through every field's limits and follows one answer into the next call; what is made up
# at random is called below. What fits the schema may be refused all the same: bytes that are no picture, 7.0 for 7.
CONFIG = {
    "seed": 1,
    "generation": {"deterministic": True, "database": "none"},
    "phases": {"fuzzing": {"enabled": False}, "stateful": {"generation": {"max-examples": 50}}},
    "checks": {"positive_data_acceptance": {"enabled": False}},
}

# The schema can say no more of a picture than that it is bytes: these are some that get further than random ones.
PICTURES = [png(zero()), png(one()), *(data for data, _ in HOSTILE_PICTURES.values() if len(data) < 10_000)]

Codes = Counter[int | None]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("each", [EACH // 8, pytest.param(EACH, marks=pytest.mark.full)])
def test_thousands_of_calls_made_from_the_schema_all_get_documented_answers(app: RunningApp, each: int) -> None:
    drawing = httpx.post(f"{app.url}/api/predict", files={"file": PICTURES[0]}).json()["id"]
    config = SchemathesisConfig.from_dict(CONFIG)
    schema = schemathesis.openapi.from_url(f"{app.url}/api/openapi.json", config=config)
    codes = limits_and_sequences(schema)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        codes += made_up(found.ok(), GenerationMode.POSITIVE, drawing, each)
        if found.ok().body:
            codes += made_up(found.ok(), GenerationMode.NEGATIVE, drawing, each)
    assert codes.total() >= 6 * each, codes
    assert codes.keys() == {200, 400, 404, 405, 413, 422}, codes
    assert codes[200] > codes.total() / 20, "too few calls got as far as an answer"


def limits_and_sequences(schema: BaseSchema) -> Codes:
    """Call what follows from the schema without chance; the codes of the answers."""
    codes: Codes = Counter()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            answers = [call.response for call in event.recorder.interactions.values()]
            codes.update(answer.status_code if answer else None for answer in answers)
            assert not failures(event), "\n\n".join(failures(event))
        assert not isinstance(event, events.NonFatalError | events.FatalError), event
    return codes


def failures(event: events.ScenarioFinished) -> list[str]:
    """What the checks found wrong, each with the command that shows it again."""
    return [
        f"{event.recorder.label}, {check.name}: {check.failure_info.failure}\n{check.failure_info.code_sample[:1000]}"
        for checks in event.recorder.checks.values()
        for check in checks
        if check.failure_info
    ]


def made_up(operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, drawing: str, each: int) -> Codes:
    """Call an operation `each` times with what chance makes up, always the same, checking every answer; their codes."""
    codes: Codes = Counter()
    session = requests.Session()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=each,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Case[Any]) -> None:
        right = mode is GenerationMode.POSITIVE
        if right and isinstance(case.body, dict):
            case.body = enriched(case.body, drawing)
        answer = case.call(session=session)
        codes[answer.status_code] += 1
        case.validate_response(answer, excluded_checks=[negative_data_rejection] if right else [])

    call()
    return codes


def enriched(body: dict[str, Any], drawing: str) -> dict[str, Any]:
    """A body with a picture, or the drawing's id, in place of what was made up; which one hangs on that alone."""
    chance = crc32(repr(sorted(body.items())).encode())
    pictures = {name: PICTURES[chance % len(PICTURES)] for name in ("file", "image") if name in body}
    if "image" in pictures:
        return body | {"image": b64encode(pictures["image"]).decode()}
    if str(body.get("id", "")).endswith(tuple("01234567")):
        label = body.get("label")
        return body | {"id": drawing} | ({} if label is None else {"label": int(label)})
    return body | pictures
