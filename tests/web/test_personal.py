"""Personal models through the API: a session of one's own, and what its labels do to its next answers."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw

from support.pictures import one, png, zero
from support.running_app import RunningApp, wait_until
from web.schemas import SECRET_LENGTH

RANDOM = np.random.default_rng(3)


def hooked_one() -> bytes:
    """A one with so long a hook that everybody's model reads a 7, a little different each time."""
    image = Image.new("L", (300, 300), 255)
    x, y = RANDOM.uniform(-4, 4, 2)
    ImageDraw.Draw(image).line([(70 + x, 75 + y), (140, 60), (130 + x, 240)], fill=0, width=18, joint="curve")
    return png(image)


def secret() -> str:
    return f"a-secret-session-{uuid4().hex}"


def predict(app: RunningApp, picture: bytes, **fields: str) -> dict[str, Any]:
    answer = httpx.post(f"{app.url}/api/predict", files={"file": picture}, data=fields, timeout=30)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def label(app: RunningApp, answer: dict[str, Any], digit: int) -> None:
    said = httpx.post(f"{app.url}/api/feedback", json={"id": answer["id"], "label": digit}, timeout=30)
    assert said.status_code == 200, said.text


def test_a_correction_acts_on_the_very_next_answer_of_its_session_alone(app: RunningApp) -> None:
    mine = secret()
    first = predict(app, hooked_one(), session=mine)
    assert (first["predicted_digit"], first["personal"]) == (7, None)
    label(app, first, 1)
    second = predict(app, hooked_one(), session=mine)
    assert second["personal"] == {"labels": 1, "shared_digit": 7, "changed": True}
    assert second["predicted_digit"] == 1
    assert second["confidence"] == second["probabilities"][1] == max(second["probabilities"])
    assert predict(app, hooked_one(), session=secret())["predicted_digit"] == 7
    assert predict(app, hooked_one())["predicted_digit"] == 7
    assert predict(app, png(zero()), session=mine)["personal"] == {"labels": 1, "shared_digit": 0, "changed": False}


def test_of_what_is_not_a_digit_a_personal_model_learns_nothing(app: RunningApp) -> None:
    mine = secret()
    first = predict(app, hooked_one(), session=mine)
    label(app, first, 1)
    said = httpx.post(f"{app.url}/api/feedback", json={"id": first["id"], "not_a_digit": True}, timeout=30)
    assert said.status_code == 200, said.text
    again = predict(app, hooked_one(), session=mine)
    assert (again["predicted_digit"], again["personal"]) == (7, None)


def test_it_can_be_turned_off_for_a_call(app: RunningApp) -> None:
    mine = secret()
    label(app, predict(app, hooked_one(), session=mine), 1)
    off = predict(app, hooked_one(), session=mine, personal="false")
    assert (off["predicted_digit"], off["personal"]) == (7, None)
    assert predict(app, hooked_one(), session=mine, personal="true")["predicted_digit"] == 1
    assert predict(app, hooked_one(), session=mine, model="linear")["personal"] is None


@pytest.mark.parametrize("personal", ["yes", "0", "True", "null"])
def test_it_is_true_or_false_and_nothing_else(app: RunningApp, personal: str) -> None:
    answer = httpx.post(f"{app.url}/api/predict", files={"file": png(one())}, data={"personal": personal}, timeout=30)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("personal: ")


def test_a_session_that_could_be_guessed_groups_drawings_and_no_more(app: RunningApp) -> None:
    short = secret()[-(SECRET_LENGTH - 1) :]
    label(app, predict(app, hooked_one(), session=short), 1)
    again = predict(app, hooked_one(), session=short)
    assert (again["predicted_digit"], again["personal"]) == (7, None)


def test_the_row_keeps_both_opinions_and_trust_goes_by_everybodys(app: RunningApp) -> None:
    mine = secret()
    for _ in range(2):
        label(app, predict(app, hooked_one(), session=mine), 1)
    answer = predict(app, hooked_one(), session=mine)
    label(app, answer, 1)
    ((digit, shared, own, everybodys, review, reason),) = app.sql(
        "SELECT predicted_digit, shared_digit, probabilities[2], shared_probabilities[2], review, review_reason "
        "FROM predictions WHERE drawing_id = %s",
        UUID(answer["id"]),
    )
    assert (digit, shared) == (1, 7)
    assert own == pytest.approx(answer["confidence"], abs=1e-6)
    assert everybodys < 0.1 < own
    assert (review, reason) == ("pending", "the model finds it unlikely"), "a personal model vouches for nothing"


def test_a_deleted_label_is_unlearned_and_a_restart_forgets_nothing(mortal: RunningApp) -> None:
    mine = secret()
    answers = [predict(mortal, hooked_one(), session=mine) for _ in range(2)]
    for answer in answers:
        label(mortal, answer, 1)
    mortal.stop()
    mortal.start()
    assert predict(mortal, hooked_one(), session=mine)["personal"]["labels"] == 2
    mortal.sql("DELETE FROM predictions WHERE drawing_id = %s", UUID(answers[0]["id"]))
    wait_until(lambda: predict(mortal, hooked_one(), session=mine)["personal"]["labels"] == 1, 10, "the deletion")


def test_people_and_memory_are_counted(app: RunningApp) -> None:
    def gauge(name: str) -> float:
        (line,) = [each for each in app.text("/metrics").splitlines() if each.startswith(f"digit_reader_{name} ")]
        return float(line.split()[1])

    before = gauge("personal_models"), gauge("personal_models_bytes")
    label(app, predict(app, hooked_one(), session=(mine := secret())), 1)
    predict(app, hooked_one(), session=mine)
    assert gauge("personal_models") == before[0] + 1
    assert 500 < gauge("personal_models_bytes") - before[1] < 5_000
