"""The schemas of the API: every field with its range, and an example that works when pasted."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

from fastapi import UploadFile
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, StrictBool, StrictInt, model_validator

from frames.images import FORMAT_NAMES, SIZE_LIMIT
from frames.segmentation import MAX_DIGITS
from learning.classes import NOT_A_DIGIT
from learning.registry import DEFAULT_MODEL, MODELS

SESSION_LENGTH = 200
SECRET_LENGTH = 16  # of a session that nobody guesses: only such a one has a personal model

# A seven of 32x32 pixels.
SEVEN = (
    "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgAQAAAABbAUdZAAAAQklEQVR42mP8z8DAwMSAg2D4z8Dwn+E/A0M9lPv/x3+Y7E+4uk9w1hM46wTMgP/y"
    "MB3/FWCy/xxgsj/+Q2QZcTkDACmPFqmNw/k7AAAAAElFTkSuQmCC"
)

if TYPE_CHECKING:
    ModelName = str
else:
    ModelName = Literal[tuple(MODELS)]
Digit = Annotated[int, Field(ge=0, le=9)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
PerDigit = Annotated[list[Count], Field(min_length=10, max_length=10, description="For 0 to 9, in order.")]
Version = Annotated[int, Field(ge=1)]
Session = Annotated[
    str,
    Field(
        max_length=SESSION_LENGTH,
        description=f"Groups one person's drawings. With {SECRET_LENGTH} characters and more, to be kept like a "
        "password, their own labels also teach the model that answers them.",
    ),
]
UsePersonal = Annotated[StrictBool, Field(description="Whether what the session's own labels taught is used.")]


def _plain(value: object) -> object:
    """A UUID in the form that the API returns; pydantic would accept others too, such as with braces."""
    if isinstance(value, str) and len(value) != 36:
        raise ValueError("it must have 36 characters")
    return value


DrawingId = Annotated[UUID, BeforeValidator(_plain)]


def _said(value: object) -> object:
    """A form's true or false, which are text; pydantic would accept others too, such as yes."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


# --- Requests ---------------------------------------------------------------------------------------------------------


class PictureForm(BaseModel):
    """A picture as a file in a form."""

    model_config = ConfigDict(extra="forbid")

    file: UploadFile = Field(description=f"The picture: {FORMAT_NAMES}, at most {SIZE_LIMIT}.")
    model: ModelName = Field(default=DEFAULT_MODEL, description="The model that reads it.")
    session: Session = ""
    personal: Annotated[UsePersonal, BeforeValidator(_said)] = True


class Picture(BaseModel):
    """A picture within JSON."""

    model_config = ConfigDict(extra="forbid")

    image: str = Field(
        description=f"The picture's bytes in base64, or a data URL: {FORMAT_NAMES}, at most {SIZE_LIMIT}. "
        "Base64 without padding, in the URL-safe alphabet or percent-encoded is read as well.",
        examples=[SEVEN],
    )
    model: ModelName = Field(default=DEFAULT_MODEL, description="The model that reads it.")
    session: Session = ""
    personal: UsePersonal = True


# Exactly one of the two, for those who make calls from the schema.
_EITHER: dict[str, JsonValue] = {
    "oneOf": [
        {"required": ["label"], "properties": {"label": {"type": "integer"}, "not_a_digit": {"const": False}}},
        {"required": ["not_a_digit"], "properties": {"label": {"type": "null"}, "not_a_digit": {"const": True}}},
    ]
}


class Erasure(BaseModel):
    """Whose drawings are to go."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"session": "a-secret-of-your-own"}]})

    session: str = Field(
        min_length=SECRET_LENGTH,
        max_length=SESSION_LENGTH,
        description="The session that the drawings were sent with. A shorter one is no secret, and deletes nothing.",
    )


class Feedback(BaseModel):
    """What a drawing really is: either its label, or not_a_digit."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_EITHER)

    id: DrawingId = Field(description="The id that came with the prediction.")
    label: Annotated[StrictInt, Field(ge=0, le=9)] | None = Field(
        default=None, description="The right digit.", examples=[7]
    )
    not_a_digit: StrictBool = Field(
        default=False, description="true, in place of a label, where the drawing is not a digit."
    )

    @model_validator(mode="after")
    def _either(self) -> Feedback:
        if (self.label is None) != self.not_a_digit:
            raise ValueError("Send either label, the right digit, or not_a_digit: true.")
        return self

    @property
    def what(self) -> int:
        """The label, 0-9 or NOT_A_DIGIT."""
        return NOT_A_DIGIT if self.label is None else self.label


# --- Responses --------------------------------------------------------------------------------------------------------


class PersonalAnswer(BaseModel):
    """How the session's own labels took part in an answer."""

    labels: Version = Field(description="How many labelled drawings of the session the personal model was fitted to.")
    shared_digit: Digit = Field(description="What everybody's model reads.")
    changed: bool = Field(description="Whether predicted_digit is another one.")


class Answer(BaseModel):
    """What the model reads in a picture."""

    id: UUID | None = Field(
        description="The drawing's id: whoever has it may label the drawing. null where it was not kept."
    )
    predicted_digit: Digit
    confidence: Fraction = Field(description="The calibrated probability of predicted_digit.")
    probabilities: list[Fraction] = Field(min_length=10, max_length=10, description="Of 0 to 9, in order.")
    digit_score: Fraction = Field(description="How likely the picture is a digit at all.")
    is_digit: bool
    model: ModelName
    model_version: Version
    elapsed_ms: float = Field(ge=0)
    personal: PersonalAnswer | None = Field(
        description="null where everybody's model answered alone: without a secret session or its labels, with "
        "personal=false, by the linear model, or where the labels teach nothing."
    )


Pixel = Annotated[int, Field(ge=0)]
Side = Annotated[int, Field(ge=1)]


class NumberDigit(BaseModel):
    """One of the digits in a picture, or what stands among them."""

    box: tuple[Pixel, Pixel, Side, Side] = Field(
        description="x, y, width and height in pixels of the picture as it was sent, upright."
    )
    id: UUID | None = Field(
        description="This digit's own id: whoever has it may label the digit. null where it was not kept."
    )
    predicted_digit: Digit
    confidence: Fraction = Field(description="The calibrated probability of predicted_digit.")
    probabilities: list[Fraction] = Field(min_length=10, max_length=10, description="Of 0 to 9, in order.")
    is_digit: bool


class NumberAnswer(BaseModel):
    """What the model reads in a picture of several digits."""

    text: str = Field(description="The lines, with line breaks between them; empty where nothing is a digit.")
    lines: list[str] = Field(description="From top to bottom, the digits of each from left to right.")
    digits: list[NumberDigit] = Field(
        max_length=MAX_DIGITS, description="In reading order, also what is no digit: that is not in the text."
    )


class Erased(BaseModel):
    """What has become of a session's drawings."""

    drawings: Count = Field(description="How many are deleted.")
    complete: bool = Field(
        description="Whether that is all; otherwise the others go within minutes, or when the database is back."
    )


class Labelled(BaseModel):
    """A label that was kept."""

    id: UUID
    label: Digit | None = Field(description="The right digit; null for what is not a digit.")
    not_a_digit: bool
    review: Literal["pending", "approved", "rejected"] = Field(
        description="Whether the label may train the model. While the database is unavailable it is pending."
    )


class Model(BaseModel):
    """A version of a model."""

    model: ModelName
    model_version: Version
    active: bool = Field(description="Whether this version serves at present.")
    status: Literal["candidate", "active", "retired", "rejected"] = Field(
        description="Trained and kept, serving, replaced by another version, or refused by the gate."
    )
    architecture: str = Field(description="The model, as src/learning/registry.py names it.")
    parameters: Version = Field(description="The number of its parameters.")
    size_bytes: Version = Field(description="The size of its weights in bytes.")
    accuracy: Fraction = Field(description="The fraction of MNIST's 10,000 test digits that it reads right.")


class Calibration(BaseModel):
    """How well its probabilities are calibrated."""

    temperature: float = Field(gt=0, description="What the logits are divided by.")
    ece: Fraction = Field(description="The expected calibration error on the test digits.")
    nll: float = Field(ge=0, description="The mean negative log-likelihood of the test digits.")


class Training(BaseModel):
    """When the model was trained, and on what."""

    at: datetime
    data: str
    seconds: float = Field(ge=0)


class ModelDetails(Model):
    """All that is known of a model."""

    validation_accuracy: Fraction = Field(description="On 5,000 MNIST digits that it was not trained on.")
    per_digit_accuracy: list[Fraction] = Field(min_length=10, max_length=10, description="Of 0 to 9, in order.")
    calibration: Calibration
    trained: Training
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="The checksum of its weights.")


class Tally(BaseModel):
    """Drawings, and how well they were read. A label that was rejected in review does not count."""

    model_config = ConfigDict(from_attributes=True)

    predictions: Count = Field(description="Drawings that were read.")
    labelled: Count = Field(description="How many of them have a digit as their label.")
    right: Count = Field(description="How many of the labelled were read right.")
    accuracy: Fraction | None = Field(description="right / labelled; null without labels.")
    not_a_digit: Count = Field(description="How many more have the label that they are not a digit.")


class VersionTally(Tally):
    """The drawings that one version of a model read."""

    model: str
    model_version: Version


class DayTally(Tally):
    """The drawings of one day."""

    day: date = Field(description="In UTC.")


class Stats(BaseModel):
    """Figures of all drawings, at most a second old."""

    total: Tally
    predicted: PerDigit
    labels: PerDigit
    confusion: list[PerDigit] = Field(
        min_length=10, max_length=10, description="A row for each label 0 to 9: what its drawings were read as."
    )
    versions: list[VersionTally]
    days: list[DayTally] = Field(description="The last 30 days, the oldest first.")
    sources: dict[str, Count] = Field(description="Drawings by the way they came in.")


class Problem(BaseModel):
    """What went wrong, in one sentence that says what to do."""

    detail: str
