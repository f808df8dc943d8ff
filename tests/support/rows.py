"""Rows of the `predictions` table, as tests write and read them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

from logger import PredictionRow
from storage.database import Database

ME, YOU = "a" * 64, "b" * 64


def row(**changes: Any) -> PredictionRow:
    """A plausible row of a new drawing of mine, but for the changes."""
    plain = PredictionRow(
        drawing_id=uuid4(),
        predicted_digit=4,
        confidence=0.75,
        probabilities=(0, 0, 0, 0.25, 0.75, 0, 0, 0, 0, 0),
        digit_score=0.9,
        image=b"\x89PNG picture",
        source="canvas",
        visitor=ME,
        model="cnn",
        model_version=1,
        elapsed_ms=1.5,
    )
    return replace(plain, **changes)


def everything(database: Database, columns: str, table: str = "predictions") -> list[tuple[Any, ...]]:
    """The columns of all rows of a table, in the order in which they were written."""
    with database.transaction() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table} ORDER BY id")  # noqa: S608 - the test's own words
        return cursor.fetchall()
