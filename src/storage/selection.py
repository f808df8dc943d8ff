"""Which drawings are meant: the filters that the history and the export have in common, as SQL.

Everybody's model is meant throughout, also where a personal one answered. The expressions are those of the indexes in
sql/011_history.sql, word for word: written otherwise, they would mean the same and use none.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from storage.labels import LABEL

READ_AS = "coalesce(shared_digit, predicted_digit)"
"""The digit that everybody's model read, in SQL."""
CONFIDENCE = "coalesce(shared_probabilities[shared_digit + 1], confidence)"
"""Its calibrated probability, 0-1, in SQL."""
PERCENT = f"({CONFIDENCE} * 100)::smallint"
"""The same in whole percent, in SQL: what two drawings are told apart by, and what is shown of them."""


class Outcome(StrEnum):
    """What a label says of a drawing's reading: nothing where it was rejected in review, or is "not a digit"."""

    UNLABELLED = "unlabelled"
    RIGHT = "right"
    WRONG = "wrong"


OUTCOME = f"""CASE WHEN labelled_at IS NULL THEN 'unlabelled' WHEN review = 'rejected' OR not_a_digit THEN 'apart'
WHEN {READ_AS} = true_label THEN 'right' ELSE 'wrong' END"""
"""An Outcome, or that there is none, in SQL."""


@dataclass(frozen=True)
class Selection:
    """Drawings that meet all conditions; what is None is no condition.

    `read_as` is a digit, `label` a digit or NOT_A_DIGIT; confidences are 0-1, and compared in whole percent; `since` is
    included and `until` is not.
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
        conditions = [_CONDITIONS[name] for name in given]
        for bound in ("least_confidence", "most_confidence"):
            if bound in given:
                given[bound] = round(given[bound] * 100)
        return " AND ".join(conditions) or "true", given

    @property
    def percents(self) -> range:
        """The whole percents that a confidence may have."""
        least, most = self.least_confidence, self.most_confidence
        return range(round((least or 0) * 100), round((1 if most is None else most) * 100) + 1)


_CONDITIONS = {
    "visitor": "left(visitor, 12) = left(%(visitor)s, 12) AND visitor = %(visitor)s",
    "read_as": f"{READ_AS} = %(read_as)s",
    "label": f"labelled_at IS NOT NULL AND {LABEL} = %(label)s",
    "outcome": f"{OUTCOME} = %(outcome)s",
    "least_confidence": f"{PERCENT} >= %(least_confidence)s",
    "most_confidence": f"{PERCENT} <= %(most_confidence)s",
    "source": "source = %(source)s",
    "model": "model = %(model)s",
    "version": "model_version = %(version)s",
    "since": "created_at >= %(since)s",
    "until": "created_at < %(until)s",
}
