"""Rows of the `predictions` table, as tests write and read them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from psycopg2 import sql

from logger import PredictionRow
from storage.database import Database

ME, YOU = "a" * 64, "b" * 64

PLAIN: dict[str, object] = {
    "predicted_digit": 7,
    "confidence": 0.75,
    "probabilities": [0.1] * 10,
    "digit_score": 1,
    "image": b"x",
    "source": "canvas",
    "model": "cnn",
    "model_version": 1,
    "elapsed_ms": 1,
}


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


def insert(database: Database, count: int = 1, /, **columns: object) -> list[UUID]:
    """Rows that are alike, one statement for all of them; returns their ids."""
    made = [uuid4() for _ in range(count)]
    fields: dict[str, object] = PLAIN | columns
    statement = sql.SQL(
        "INSERT INTO predictions (drawing_id, {names}) SELECT id, {values} FROM unnest(%s) AS id"
    ).format(
        names=sql.SQL(", ").join(map(sql.Identifier, fields)),
        values=sql.SQL(", ").join(map(sql.Literal, fields.values())),
    )
    with database.transaction() as cursor:
        cursor.execute(statement, (made,))
    return made
