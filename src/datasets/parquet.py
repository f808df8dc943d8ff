"""Parquet: one table with all that is known of each drawing, written in groups of rows, and read."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from datasets.contents import SETS
from datasets.examples import Dataset, Example, NotADataset, Unreadable, bounded, example
from datasets.places import Progress
from frames.drawing import FARTHEST, MAX_STROKE_POINTS, MAX_STROKES
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


# --- Reading ----------------------------------------------------------------------------------------------------------


def read_parquet(path: Path) -> Dataset:
    """A table with the columns `image` (PNG, or a struct with its `bytes`) and `label`, and perhaps `strokes`.

    Raises NotADataset and OSError.
    """
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise NotADataset("This Parquet file is broken.") from error
    names = set(file.schema_arrow.names)
    if not names >= {"image", "label"}:
        raise NotADataset("This Parquet file lacks the columns image and label.")
    return Dataset(bounded(file.metadata.num_rows), _examples(file, sorted(names & {"image", "label", "strokes"})))


def _examples(file: Any, columns: list[str]) -> Iterator[Example | Unreadable]:
    number = 0
    for batch in file.iter_batches(1_000, columns=columns):
        for row in batch.to_pylist():
            yield _example(f"row {number}", row)
            number += 1


def _example(name: str, row: dict[str, Any]) -> Example | Unreadable:
    image = row["image"]["bytes"] if isinstance(row["image"], dict) and "bytes" in row["image"] else row["image"]
    if not isinstance(image, bytes):
        return Unreadable(name, "It has no picture.")
    try:
        strokes = checked_strokes(row.get("strokes"))
    except (ValueError, TypeError):
        return Unreadable(name, "Its strokes are not lists of points.")
    return example(name, row["label"], image, strokes)


def checked_strokes(strokes: list[list[list[float]]] | None) -> str | None:
    """Strokes as the app keeps them, see frames.drawing.strokes_json. Raises ValueError and TypeError."""
    if strokes is None:
        return None
    lines = [[(round(float(x), 1), round(float(y), 1)) for x, y in line] for line in strokes]
    points = [number for line in lines for point in line for number in point]
    if len(lines) > MAX_STROKES or len(points) > 2 * MAX_STROKE_POINTS or not all(abs(n) <= FARTHEST for n in points):
        raise ValueError("too many points, or too far away")
    return json.dumps(lines, separators=(",", ":"))
