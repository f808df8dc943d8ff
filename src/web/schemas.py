"""What goes into the API and comes out of it: every field with its range, and an example that works when pasted."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import UploadFile
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt

SESSION_LENGTH = 200

# A seven of 32x32 pixels.
SEVEN = (
    "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgAQAAAABbAUdZAAAAQklEQVR42mP8z8DAwMSAg2D4z8Dwn+E/A0M9lPv/x3+Y7E+4uk9w1hM46wTMgP/y"
    "MB3/FWCy/xxgsj/+Q2QZcTkDACmPFqmNw/k7AAAAAElFTkSuQmCC"
)

ModelName = Literal["cnn", "linear"]
Digit = Annotated[int, Field(ge=0, le=9)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
PerDigit = Annotated[list[Count], Field(min_length=10, max_length=10, description="For 0 to 9, in order.")]
Version = Annotated[int, Field(ge=1)]
Session = Annotated[str, Field(max_length=SESSION_LENGTH, description="Groups one person's drawings.")]


def _plain(value: object) -> object:
    """A UUID in the form that the API gives out; pydantic would take others too, such as braces around it."""
    if isinstance(value, str) and len(value) != 36:
        raise ValueError("it must have 36 characters")
    return value


# --- What is sent -----------------------------------------------------------------------------------------------------


class PictureForm(BaseModel):
    """A picture as a file in a form."""

    model_config = ConfigDict(extra="forbid")

    file: UploadFile = Field(description="The picture: PNG, JPEG, WebP, BMP or GIF, at most 5 MB.")
    model: ModelName = Field(default="cnn", description="The network that reads it.")
    session: Session = ""


class Picture(BaseModel):
    """A picture within JSON."""

    model_config = ConfigDict(extra="forbid")

    image: str = Field(
        description="The picture's bytes in base64, or a data URL: PNG, JPEG, WebP, BMP or GIF. "
        "The whole request has at most 5 MB, so the picture at most 3.9 MB.",
        examples=[SEVEN],
    )
    model: ModelName = Field(default="cnn", description="The network that reads it.")
    session: Session = ""


class Feedback(BaseModel):
    """What a drawing really is."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[UUID, BeforeValidator(_plain)] = Field(description="The id that the prediction came with.")
    label: Annotated[StrictInt, Field(ge=0, le=9, description="The right digit.", examples=[7])]


# --- What is answered -------------------------------------------------------------------------------------------------


class Answer(BaseModel):
    """What the model reads in a picture."""

    id: UUID = Field(description="The drawing's id; who has it may label the drawing.")
    predicted_digit: Digit
    confidence: Share = Field(description="The calibrated probability of predicted_digit.")
    probabilities: list[Share] = Field(min_length=10, max_length=10, description="Of 0 to 9, in order.")
    digit_score: Share = Field(description="How much the picture is a digit at all.")
    is_digit: bool
    model: ModelName
    model_version: Version
    elapsed_ms: float = Field(ge=0)


class Labelled(BaseModel):
    """A label that is kept."""

    id: UUID
    label: Digit
    review: Literal["pending", "approved", "rejected"] = Field(
        description="Whether the label may teach the model. While the database is away it is pending."
    )


class Model(BaseModel):
    """A version of a model."""

    model: ModelName
    model_version: Version
    active: bool = Field(description="Whether this version answers at present.")
    status: Literal["candidate", "active", "retired", "rejected"] = Field(
        description="Where the version stands: trained and kept, answering, replaced by another, refused as worse."
    )
    architecture: str = Field(description="The network, as src/learning/networks.py names it.")
    parameters: Version = Field(description="Its trained numbers.")
    size_bytes: Version = Field(description="The size of its weights.")
    accuracy: Share = Field(description="The share of MNIST's 10,000 test digits that it reads right.")


class Calibration(BaseModel):
    """How far its probabilities can be believed."""

    temperature: float = Field(gt=0, description="What the network's outputs are divided by.")
    ece: Share = Field(description="The expected calibration error on the test digits.")
    nll: float = Field(ge=0, description="The mean negative log-likelihood of the test digits.")


class Training(BaseModel):
    """When the model was trained, and on what."""

    at: datetime
    data: str
    seconds: float = Field(ge=0)


class ModelCard(Model):
    """All that is known of a model."""

    validation_accuracy: Share = Field(description="On the digits of MNIST that it was not trained on.")
    per_digit_accuracy: list[Share] = Field(min_length=10, max_length=10, description="Of 0 to 9, in order.")
    calibration: Calibration
    trained: Training
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="The checksum of its weights.")


class Tally(BaseModel):
    """Drawings, and how well they were read. A label that was rejected in review counts as none."""

    model_config = ConfigDict(from_attributes=True)

    predictions: Count = Field(description="Drawings that were read.")
    labelled: Count = Field(description="Those of them that have a label.")
    right: Count = Field(description="Those of the labelled that were read right.")
    accuracy: Share | None = Field(description="right / labelled; null while there is no label.")


class VersionTally(Tally):
    """The drawings that one version of a model read."""

    model: str
    model_version: Version


class DayTally(Tally):
    """The drawings of one day."""

    day: date = Field(description="In UTC.")


class Stats(BaseModel):
    """The figures of all drawings. They may be a second old."""

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
    """What is wrong, in one sentence that says what to do."""

    detail: str
