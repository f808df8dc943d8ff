"""Which drawings are meant: the filters that the history and the export have in common, as SQL."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from storage.labels import LABEL

READ_AS = "coalesce(shared_digit, predicted_digit)"
"""The digit that everybody's model read, in SQL."""


class Outcome(StrEnum):
    """What a label says of a drawing's reading. A label that was rejected in review says nothing."""

    UNLABELLED = "unlabelled"
    RIGHT = "right"
    WRONG = "wrong"


_OUTCOMES = {
    Outcome.UNLABELLED: "labelled_at IS NULL",
    Outcome.RIGHT: f"labelled_at IS NOT NULL AND review <> 'rejected' AND {READ_AS} = {LABEL}",
    Outcome.WRONG: f"labelled_at IS NOT NULL AND review <> 'rejected' AND {READ_AS} <> {LABEL}",
}


@dataclass(frozen=True)
class Selection:
    """Drawings that meet all conditions; what is None is no condition.

    `read_as` is a digit, `label` a digit or NOT_A_DIGIT; confidences are 0-1, of the answer that was given;
    `since` is included and `until` is not.
    """

    visitor: str | None = None
    read_as: int | None = None
    label: int | None = None
    outcome: Outcome | None = None
    least_confidence: float | None = None
    most_confidence: float | None = None
    source: str | None = None
    model: str | None = None
    version: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    def where(self) -> tuple[str, dict[str, Any]]:
        """The conditions in SQL, joined by AND, with their named parameters; "true" where there are none."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        given = {name: value for name, value in given.items() if value is not None}
        outcome = given.pop("outcome", None)
        conditions = [_CONDITIONS[name] for name in given] + ([f"({_OUTCOMES[outcome]})"] if outcome else [])
        return " AND ".join(conditions) or "true", given


_CONDITIONS = {
    "visitor": "visitor = %(visitor)s",
    "read_as": f"{READ_AS} = %(read_as)s",
    "label": f"labelled_at IS NOT NULL AND {LABEL} = %(label)s",
    "least_confidence": "confidence >= %(least_confidence)s",
    "most_confidence": "confidence <= %(most_confidence)s",
    "source": "source = %(source)s",
    "model": "model = %(model)s",
    "version": "model_version = %(version)s",
    "since": "created_at >= %(since)s",
    "until": "created_at < %(until)s",
}
