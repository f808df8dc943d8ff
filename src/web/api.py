"""The HTTP API: FastAPI, under /api on the same port as the pages.

Every error is {"detail": "..."}, one sentence that says what to do.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from PIL import Image
from starlette.middleware.gzip import GZipMiddleware

import metrics
from frames.drawing import Drawing, from_picture
from frames.segmentation import TooManyDigits, in_picture
from gateway.bodies import BodyLimit
from gateway.clients import client_of
from gateway.headers import page_policy
from gateway.origins import CrossOrigin
from gateway.rates import RateLimit
from gateway.visitors import api_visitor
from learning.card import ModelCard
from learning.weights import ModelInfo, ModelMissing
from serving.app_state import get_app_state
from serving.batching import TooManyAtOnce
from serving.prediction import Prediction
from serving.whole_numbers import SEVERAL, is_one_digit, several_digits
from settings import load_settings
from storage import model_store
from storage.database import DatabaseAway
from storage.model_store import Version
from storage.nothing_kept import NOTHING_KEPT
from web import erasing, whole_numbers
from web.decoding import Sent, made_of
from web.forms import FORM, picture_form
from web.keeping import all_kept
from web.labelling import Said, give_label
from web.model_choice import model_for
from web.problems import NotFound, SeveralDigits, TooFast, handle_errors, problems, short
from web.schemas import (
    SECRET_LENGTH,
    Answer,
    Calibration,
    DayTally,
    Feedback,
    Labelled,
    Model,
    ModelDetails,
    PersonalAnswer,
    Picture,
    Stats,
    Tally,
    Training,
    VersionTally,
)

api = FastAPI(
    title="Digit reader",
    description="Reads handwritten digits, and keeps what people say they are.",
    version="1",
    docs_url=None,
    redoc_url=None,
    redirect_slashes=False,
    # /metrics has what there is to know.
    telemetry={"tracing": False, "metrics": False, "logs": False},
)

# --- Reading ----------------------------------------------------------------------------------------------------------


@api.post(
    "/predict",
    response_model=Answer,
    responses=problems(400, 413, 422, 429, 503),
    openapi_extra={"requestBody": FORM},
)
async def predict(request: Request) -> Response:
    """Read the digit in a picture, and keep the answer as a row.

    Name and content type of the file are ignored: its bytes decide.
    """
    form, picture = await picture_form(request)
    answer = await _answer(picture, await model_for(form), form.session, form.personal)
    return Response(answer.model_dump_json(), media_type="application/json")


@api.post("/predict/base64", responses=problems(400, 413, 422, 429, 503))
async def predict_base64(picture: Picture) -> Answer:
    """Read the digit in a picture that comes within JSON, and keep the answer as a row."""
    return await _answer(picture.image, await model_for(picture), picture.session, picture.personal)


async def _answer(picture: Sent, model: str, session: str, personal: bool) -> Answer:
    """Read a picture, its bytes or base64, and answer when its row is safe: committed, or synced in the spool.

    An app that keeps nothing answers at once, and knows neither sessions nor ids. Where a row can be kept nowhere, as
    on a full disk, the answer has no id either.
    """
    app, personal = get_app_state(), personal and len(session) >= SECRET_LENGTH
    read_only = app.settings.read_only
    with metrics.timed("total"):
        seen: list[tuple[Image.Image, Drawing]] = []
        ready = await made_of(picture, lambda image: _noted(image, seen))
        visitor = None if read_only else api_visitor(session)
        reading = await asyncio.wrap_future(app.reader.read(ready, model, "api", visitor, personal=personal))
        image, drawing = seen[0]
        if not is_one_digit(reading, drawing):
            await _refuse_several(image)
        kept = not read_only and await all_kept([app.reader.keep(reading)])
    prediction = reading.prediction
    fields = vars(prediction) | {"probabilities": list(prediction.probabilities), "personal": _personal(prediction)}
    return Answer(id=reading.drawing_id if kept else None, **fields)


def _noted(image: Image.Image, seen: list[tuple[Image.Image, Drawing]]) -> Drawing:
    """The drawing in a picture, after both were noted down."""
    seen.append((image, from_picture(image)))
    return seen[0][1]


async def _refuse_several(image: Image.Image) -> None:
    """Raise SeveralDigits for a picture of more than one digit, which has no answer of one digit."""
    app = get_app_state()
    try:
        read = app.numbers.read(lambda: in_picture(image), app.models.default, "preview", None)
        numbers = await asyncio.wrap_future(read)
    except (TooManyDigits, TooManyAtOnce):
        return
    if several_digits(numbers):
        raise SeveralDigits(SEVERAL)


def _personal(prediction: Prediction) -> PersonalAnswer | None:
    if prediction.personal is None:
        return None
    labels, shared_digit = prediction.personal.labels, prediction.personal.shared_digit
    return PersonalAnswer(labels=labels, shared_digit=shared_digit, changed=prediction.changed)


# --- Labelling --------------------------------------------------------------------------------------------------------


@api.post("/feedback", responses=problems(400, 404, 413, 422, 429, 503))
async def feedback(said: Feedback, request: Request) -> Labelled:
    """Say what a drawing really is: a digit, or not a digit.

    The drawing's id is the permission to do so: only whoever sent the drawing has it. While the database is unavailable
    the label is kept, and reaches its drawing when the database is back. The next answer of the drawing's session, if
    that has a personal model, knows the label; of what is not a digit it learns nothing.
    """
    if get_app_state().settings.read_only:
        raise DatabaseAway(NOTHING_KEPT)
    told = give_label(get_app_state(), Said(said.id, said.what, "api"), client_of(request.scope))
    done = await asyncio.wrap_future(told)
    if done.outcome == "unknown":
        raise NotFound(f"There is no drawing {said.id}: send the id that came with a prediction.")
    if done.outcome == "refused":
        raise TooFast("Your labels come too fast to be believed: send this one again in a minute.")
    review = done.row[1] if done.row else "pending"  # in the spool, behind the drawing's own row
    return Labelled(id=said.id, label=said.label, not_a_digit=said.not_a_digit, review=review)


# --- Models and statistics --------------------------------------------------------------------------------------------


@api.get("/models", responses=problems(429, 503))
def models() -> list[Model]:
    """The models that can be asked, the best first; then their other versions, the newest first.

    While the database is unavailable, only the models that can be asked.
    """
    state = get_app_state()
    infos = state.models.infos().values()
    serving = {(info.model, info.version) for info in infos}
    stored: list[Version] = []
    with suppress(DatabaseAway):
        stored = [each for each in model_store.versions(state.database) if (each.model, each.version) not in serving]
    others = [_model(each, each.card, False, each.status) for each in stored if each.card]
    return [*(_model(info, info.card, True, "active") for info in infos), *others]


def _model(version: ModelInfo | Version, card: ModelCard, active: bool, status: str) -> Model:
    return Model(
        model=version.model,
        model_version=version.version,
        active=active,
        status=status,
        architecture=card.architecture,
        parameters=card.parameters,
        size_bytes=version.size_bytes,
        accuracy=card.test_accuracy,
    )


@api.get("/models/{model}", responses=problems(404, 422, 429, 503))
def model_details(model: str) -> ModelDetails:
    """All that is known of a model: its accuracy, its calibration, and how it was trained."""
    state = get_app_state()
    infos = state.models.infos()
    if model in state.models.missing:
        raise ModelMissing(state.models.missing[model])
    if model not in infos:
        raise NotFound(f"There is no model {short(model)}: the models are {', '.join(infos)}.")
    info, card = infos[model], infos[model].card
    return ModelDetails(
        **_model(info, card, True, "active").model_dump(),
        validation_accuracy=card.validation_accuracy,
        per_digit_accuracy=list(card.per_digit_accuracy),
        calibration=Calibration(temperature=card.temperature, ece=card.ece, nll=card.nll),
        trained=Training(at=card.trained_at, data=card.data, seconds=card.wall_seconds),
        sha256=info.sha256,
    )


@api.get("/stats", responses=problems(429, 503))
def stats() -> Stats:
    """How much was read and labelled, how often it was right, and the confusion matrix."""
    figures = get_app_state().insights.figures()
    return Stats(
        total=Tally.model_validate(figures.total),
        predicted=figures.predicted,
        labels=figures.labels,
        confusion=figures.confusion,
        versions=[
            VersionTally(model=model, model_version=version, **_tally(tally))
            for (model, version), tally in figures.versions.items()
        ],
        days=[DayTally(day=day, **_tally(tally)) for day, tally in figures.days.items()],
        sources=figures.sources,
    )


def _tally(tally: object) -> dict[str, Any]:
    return Tally.model_validate(tally).model_dump()


# --- The documentation ------------------------------------------------------------------------------------------------
# Swagger UI's files come from a package, so that the page works offline. Its URLs are relative, so that they hold under
# /api and behind any proxy.

api.mount("/docs/files", GZipMiddleware(StaticFiles(packages=[("fastapi_swagger", "resources")])))


@api.get("/docs", include_in_schema=False)
def docs() -> HTMLResponse:
    """The page that describes every operation and lets it be tried."""
    page = get_swagger_ui_html(
        openapi_url="openapi.json",
        title="Digit reader: the API",
        swagger_js_url="docs/files/swagger-ui-bundle.js",
        swagger_css_url="docs/files/swagger-ui.css",
        swagger_favicon_url="docs/files/favicon-32x32.png",
        swagger_ui_parameters={"validatorUrl": None},  # it would send the schema to a third party
    )
    page.headers["content-security-policy"] = page_policy(bytes(page.body).decode())
    return page


api.include_router(whole_numbers.router)
api.include_router(erasing.router)

# The first added is the innermost: a call is counted before its body is read.
api.add_middleware(BodyLimit)
if _rate := load_settings().api_rate_limit:
    api.add_middleware(RateLimit, rate=whole_numbers.RATE, only="/read")
    api.add_middleware(RateLimit, rate=_rate, free=("/docs", "/openapi.json"))
if _origins := load_settings().cors_origins:
    api.add_middleware(CrossOrigin, origins=_origins)
handle_errors(api)
