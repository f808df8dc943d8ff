"""Parquet: one table with all that is known of each drawing, written in groups of rows."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from datasets.contents import SETS
from datasets.places import Progress
from storage.labelled import LabelledDrawing, Snapshot

GROUP = 10_000  # rows that are packed together, and held in memory until they are

_NAME = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("image", pa.binary()),
        ("label", pa.int8()),
        ("set", _NAME),
        ("read_as", pa.int8()),
        ("confidence", pa.float32()),
        ("source", _NAME),
        ("model", _NAME),
        ("model_version", pa.int32()),
        ("month", _NAME),
        ("check", _NAME),
        ("strokes", pa.list_(pa.list_(pa.list_(pa.float32())))),
    ]
)


def write_parquet(snapshot: Snapshot, datasheet: str, out: io.RawIOBase | io.BufferedWriter) -> Progress:
    """A row for each drawing; the file carries its datasheet. Raises what reading the snapshot does."""
    schema = SCHEMA.with_metadata({"datasheet": datasheet})
    waiting: list[dict[str, Any]] = []
    with pq.ParquetWriter(pa.PythonFile(out, mode="w"), schema, compression="zstd") as writer:
        for batch in snapshot.drawings():
            waiting += map(_row, batch)
            if len(waiting) >= GROUP:
                writer.write_table(pa.Table.from_pylist(waiting, schema))
                waiting.clear()
            yield len(batch)
        if waiting:
            writer.write_table(pa.Table.from_pylist(waiting, schema))
    yield 0


def _row(drawing: LabelledDrawing) -> dict[str, Any]:
    row = drawing._asdict()
    return row | {"set": SETS[row.pop("test")]}
