"""Drawings that are labelled through the writer, and how their reviews stand."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np

from frames.preprocessing import to_png
from logger import PredictionRow, log_label, log_prediction
from storage.database import Database
from storage.labels import LabelRow
from storage.writer import Writer
from support.rows import ME, row

RANDOM = np.random.default_rng(0)


def reading(**changes: Any) -> PredictionRow:
    """A drawing, each with a picture of its own, that is read as a sure 4, and perhaps a 9."""
    picture = to_png(RANDOM.integers(0, 255, (28, 28), np.uint8))
    sure = {"confidence": 0.8, "probabilities": (0, 0, 0, 0.01, 0.8, 0, 0, 0, 0, 0.19), "image": picture}
    return row(**(sure | changes))


def say(writer: Writer, label: int, who: str = ME, **changes: Any) -> tuple[UUID, str]:
    """Draw and label; the drawing's id, and how its review stands."""
    drawing = reading(**{"visitor": who} | changes)
    log_prediction(writer, drawing).result(20)
    became = LabelRow(*log_label(writer, drawing.drawing_id, label, who).result(20).row or (0, None, None, None))
    assert (became.found, became.visitor) == (1, drawing.visitor)
    return drawing.drawing_id, became.review or ""


def reason(database: Database, drawing_id: UUID) -> tuple[str, str]:
    with database.transaction() as cursor:
        cursor.execute("SELECT review, review_reason FROM predictions WHERE drawing_id = %s", (drawing_id,))
        ((review, why),) = cursor.fetchall()
    return review, why
