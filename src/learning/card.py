"""The model card: all that is known of a version without loading its weights.

The .json beside a model's weights and the `metrics` of a version in the database hold the same card. Their keys stay
as they have always been, so that every version of the app reads every card; where a key is not in today's words, the
field's alias names it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

FORMAT = 1  # raised when an older version of the app could no longer read a card
MAX_LENGTH = 4_000_000  # characters of a card as JSON: a shipped one has 10,000


def _plausible(moment: datetime) -> datetime:
    """A time that calendars, time zones and subtractions can deal with."""
    if not 2000 <= moment.year < 2200:
        raise ValueError("it must be between 2000 and 2200")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Nats = Annotated[float, Field(ge=0, le=1e6)]
Version = Annotated[int, Field(ge=1, le=10**9)]
Digit = Annotated[int, Field(ge=0, le=9)]
Label = Annotated[int, Field(ge=0, le=10)]
Cores = Annotated[int, Field(ge=1, le=100_000)]
Moment = Annotated[datetime, AfterValidator(_plausible)]
PerDigit = Annotated[tuple[Fraction, ...], Field(min_length=10, max_length=10)]
ConfusionRow = Annotated[tuple[Count, ...], Field(min_length=10, max_length=10)]
Confusion = Annotated[tuple[ConfusionRow, ...], Field(min_length=10, max_length=10)]


class CardError(ValueError):
    """A model card is incomplete or makes no sense; the message names the field."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False, populate_by_name=True, protected_namespaces=())


class DigitScore(_Part):
    """digit_score = sigmoid(scale * evidence + bias); a drawing is a digit from `threshold` (0-1) upwards."""

    scale: Annotated[float, Field(ge=-1e6, le=1e6)]
    bias: Annotated[float, Field(ge=-1e6, le=1e6)] = Field(alias="offset")
    threshold: Fraction


class ReliabilityBin(_Part):
    """Predictions of about the same confidence: their fraction of all, mean confidence and accuracy, 0-1 each."""

    fraction: Fraction = Field(alias="share")
    confidence: Fraction
    accuracy: Fraction


class Evaluation(_Part):
    """How well labelled digits are read.

    `accuracy`, `per_digit` and `ece` are fractions (0-1), `nll` is in nats per digit, and a row of `confusion` (10 x 10
    counts) is a true digit.
    """

    n: Count
    accuracy: Fraction
    per_digit: PerDigit
    nll: Nats
    ece: Fraction
    confusion: Confusion
    reliability: tuple[ReliabilityBin, ...] = ()


class GateMeasurement(_Part):
    """What the gate compares. `per_digit` is over validation and held-out labels, `digit_auroc` of the digit score.

    `refused` is the fraction of each digit that the digit score calls "not a digit"; older versions did not measure it.
    """

    validation: Evaluation
    held_out: Evaluation | None = None
    per_digit: PerDigit
    digit_auroc: Fraction
    refused: PerDigit | None = None
    version: Version | None = None
    test_accuracy: Fraction | None = None


class Exchanged(_Part):
    """Of `labels` held-out labels, how many a candidate reads that the active version misreads, and the reverse."""

    labels: Count
    gained: Count
    lost: Count


class ModelCard(_Part):
    """What a model is, how good it is, and how it was trained. Accuracies are fractions (0-1) of MNIST's digits."""

    format: Annotated[int, Field(ge=1, le=FORMAT)] = FORMAT
    architecture: str
    parameters: Annotated[int, Field(ge=1, le=10**12)]
    temperature: Annotated[float, Field(ge=0.01, le=100)]
    digit_score: DigitScore
    test_accuracy: Fraction
    validation_accuracy: Fraction
    train_accuracy: Fraction | None = None
    per_digit_accuracy: PerDigit
    nll: Nats
    ece: Fraction
    confusion: Confusion | None = None
    reliability: tuple[ReliabilityBin, ...] | None = None
    data: str
    seed: Annotated[int, Field(ge=-(2**63), lt=2**64)] | None = None
    knobs: dict[str, Any] = {}
    history: tuple[dict[str, int | float], ...] | None = None
    wall_seconds: Annotated[float, Field(ge=0, le=1e9)]
    cpu: str | None = None
    cores: Cores | None = None
    threads: Cores | None = None
    torch: str | None = None
    python: str | None = None
    trained_at: Moment
    ink: dict[str, tuple[Fraction, ...]] | None = None
    """Of the pen widths and slants of MNIST's digits, the fractions in each of frames.slots' slots."""

    @classmethod
    def from_text(cls, text: str) -> ModelCard:
        """The card in the text of a .json or of a row. Raises CardError, whatever the text is."""
        return cls.from_json(parse(text))

    @classmethod
    def from_json(cls, values: object) -> ModelCard:
        """The card in plain values, a RetrainedCard where it is one. Raises CardError."""
        if not isinstance(values, Mapping):
            raise CardError("The model card is not an object.")
        kind = RetrainedCard if "before" in values else ModelCard
        try:
            return kind.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"]))
            raise CardError(f"The model card's {field} is wrong: {first['msg'].lower()}.") from error

    def to_json(self) -> dict[str, Any]:
        """The card as plain values for a .json or a row."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


# Half of a character that JSON has in two, and the one that PostgreSQL does not store.
_NOT_TEXT = re.compile(r"[\ud800-\udfff\0]")


def parse(text: str) -> Any:
    """JSON of bounded length and depth, with finite numbers and text that can be stored. Raises CardError."""
    if len(text) > MAX_LENGTH:
        raise CardError(f"The model card is longer than {MAX_LENGTH} characters.")
    try:
        values = json.loads(text)
        json.dumps(values, allow_nan=False)  # 1e999 became infinite, wherever it stands
    except (ValueError, RecursionError) as error:
        raise CardError("The model card is not JSON with finite numbers.") from error
    if any(map(_NOT_TEXT.search, _texts(values))):
        raise CardError("The model card has a character that cannot be stored.")
    return values


def _texts(values: object) -> Iterator[str]:
    """Every text within plain values, names included."""
    if isinstance(values, str):
        yield values
    elif isinstance(values, dict):
        for name, value in values.items():
            yield name
            yield from _texts(value)
    elif isinstance(values, list):
        for value in values:
            yield from _texts(value)


class DroppedLabel(_Part):
    """A label that other people's drawings contradict, and the digit that its drawing looks like."""

    drawing_id: UUID = Field(alias="id")
    label: Label
    looks_like: Digit


class LabelAccount(_Part):
    """What became of the approved labels that no training had used before.

    approved + corroborated = duplicates + beyond_quota + dropped + held_out + trained.
    """

    approved: Count
    corroborated: Count = 0
    """Pending labels that other people's drawings corroborated."""
    duplicates: Count = 0
    """The same picture with the same label again."""
    beyond_quota: Count = 0
    """More than one person's quota, or than are compared at once."""
    dropped: Count = 0
    """Contradicted by other people's drawings, and in review again."""
    held_out: Count = 0
    """Never trained on: they judge versions."""
    held_out_contradicted: Count = 0
    """Of the held-out ones, those that are contradicted a little, and judge nothing."""
    trained: Count = 0


class RetrainedCard(ModelCard):
    """The card of a version that was fine-tuned on people's labels: what it learned from, and how the gate saw it."""

    mixing_coefficient: Fraction = Field(default=1.0, alias="share")
    labels_used: Count = 0
    labels_replayed: Count = 0
    labels_held_out: Count = 0
    labels_corroborated: Count = 0
    labels_dropped: tuple[DroppedLabel, ...] = ()
    labels_sha256: str | None = None
    """Of the labels that were trained on, new and earlier ones; the same labels have the same one."""
    held_out_sha256: str | None = None
    """Of the labels that were held out. Both are None for versions of releases that did not keep them."""
    account: LabelAccount | None = None
    """None for versions of releases that did not count it."""
    held_out_exchanged: Exchanged | None = None
    """None where no label was held out, and for the same versions."""
    before: GateMeasurement
    after: GateMeasurement
