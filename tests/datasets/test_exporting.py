"""Exports as others load them: the same labels and pixels, and nothing of a visitor in any byte.

Covers src/datasets: contents, datasheet, idx, parquet, pictures, places.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from torchvision.datasets import MNIST, ImageFolder

from datasets.contents import FOLDERS
from datasets.exporting import FORMATS, FolderTaken, NothingToExport, download, export_to
from frames.preprocessing import from_png
from learning.classes import NOT_A_DIGIT
from learning.dataset import Digits, Mnist, rows
from storage import labelled
from storage.database import Database
from storage.labelled import Wanted
from storage.selection import Outcome, Selection
from support.collection import PEOPLE, STROKES, collect, is_approved, label_of
from support.running_app import wait_until

ROWS = 1_500
EVERYTHING = Wanted(unreviewed=True)


@pytest.fixture
def digits(mnist: Mnist) -> Digits:
    return rows(mnist.test, torch.arange(ROWS))


@pytest.fixture
def filled(database: Database, digits: Digits) -> Database:
    collect(database, digits, ROWS)
    return database


def expected(digits: Digits, approved_only: bool = True) -> Counter[tuple[bytes, int]]:
    """Pixels and labels of what is to be exported."""
    kept = [n for n in range(ROWS) if (is_approved(n) if approved_only else n % 11)]
    return Counter((digits.images[n].numpy().tobytes(), label_of(n, int(digits.labels[n]))) for n in kept)


def export(database: Database, folder: Path, *formats: str, wanted: Wanted = EVERYTHING) -> int:
    return sum(export_to(database, wanted, list(formats), folder))


def test_torchvision_loads_the_idx_files_with_the_same_pixels_and_labels(
    filled: Database, digits: Digits, tmp_path: Path
) -> None:
    assert export(filled, tmp_path / "out", "idx", wanted=Wanted()) == expected(digits).total()
    train, test = (MNIST(str(tmp_path / "out"), train=train) for train in (True, False))
    assert 0.1 < len(test) / (len(train) + len(test)) < 0.2
    found = [
        (image.numpy().tobytes(), int(label))
        for part in (train, test)
        for image, label in zip(part.data, part.targets, strict=True)
    ]
    raw = tmp_path / "out" / "MNIST" / "raw"
    no_digits = np.frombuffer((raw / "not-a-digit-images-idx3-ubyte").read_bytes(), np.uint8, offset=16)
    found += [(image.tobytes(), NOT_A_DIGIT) for image in no_digits.reshape(-1, 28, 28)]
    assert Counter(found) == expected(digits)


def test_the_strokes_are_beside_the_drawings_that_they_belong_to(
    filled: Database, digits: Digits, tmp_path: Path
) -> None:
    export(filled, tmp_path / "out", "idx")
    parts = {name: MNIST(str(tmp_path / "out"), train=name == "train") for name in ("train", "test")}
    with_strokes = {digits.images[n].numpy().tobytes() for n in range(0, ROWS, 3)}
    lines = [json.loads(line) for line in (tmp_path / "out" / "strokes.jsonl").read_text().splitlines()]
    assert len(lines) == sum(1 for n in range(0, ROWS, 3) if n % 11)
    for line in lines:
        assert line["strokes"] == STROKES
        if line["set"] != "not-a-digit":
            part = parts[line["set"]]
            assert part.targets[line["index"]] == line["label"]
            assert part.data[line["index"]].numpy().tobytes() in with_strokes


def test_the_pictures_are_a_folder_for_each_label(filled: Database, digits: Digits, tmp_path: Path) -> None:
    export(filled, tmp_path / "out", "png", wanted=Wanted())
    with zipfile.ZipFile(tmp_path / "out" / "digits.zip") as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    found: Counter[tuple[bytes, int]] = Counter()
    for part in ("train", "test"):
        folder = ImageFolder(str(tmp_path / part))
        for path, index in folder.samples:
            name = folder.classes[index]
            label = NOT_A_DIGIT if name == "not-a-digit" else int(name)
            found[from_png(Path(path).read_bytes()).tobytes(), label] += 1
    assert found == expected(digits)
    lines = [json.loads(line) for line in (tmp_path / "strokes.jsonl").read_text().splitlines()]
    assert lines
    for line in lines:
        assert (tmp_path / line["file"]).exists()
        assert FOLDERS[line["label"]] == line["file"].split("/")[1]


def test_the_parquet_file_has_a_row_for_each_drawing(filled: Database, digits: Digits, tmp_path: Path) -> None:
    export(filled, tmp_path / "out", "parquet")
    table = pq.read_table(tmp_path / "out" / "digits.parquet")
    found = table.to_pylist()
    assert Counter((from_png(row["image"]).tobytes(), row["label"]) for row in found) == expected(digits, False)
    assert {row["set"] for row in found} == {"train", "test"}
    assert {row["month"] for row in found} == {"2026-03", "2026-04", "2026-05"}
    assert {row["check"] for row in found} == {"person", "plausible", "waits"}
    assert {str(row["strokes"] is None) + row["source"] for row in found} == {"Falsecanvas", "Trueapi"}
    assert b"# Handwritten digits" in table.schema.metadata[b"datasheet"]


def test_the_same_picture_is_never_in_both_parts(database: Database, digits: Digits, tmp_path: Path) -> None:
    few = rows(digits, torch.arange(60))
    collect(database, few, 600)
    export(database, tmp_path / "out", "idx")
    train, test = (MNIST(str(tmp_path / "out"), train=train).data for train in (True, False))
    assert len(train) > len(few.images)
    assert len(test) > 0
    assert not {each.numpy().tobytes() for each in train} & {each.numpy().tobytes() for each in test}


# --- What is in it of people ------------------------------------------------------------------------------------------


def unpacked(format_: str, data: bytes) -> bytes:
    """All bytes of a download, and all that is packed in it."""
    if format_ == "parquet":
        table = pq.read_table(io.BytesIO(data))
        return data + repr(table.to_pydict()).encode() + str(table.schema).encode()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        packed = b"".join(archive.read(name) for name in archive.namelist())
    return data + packed + " ".join(archive.namelist()).encode()


@pytest.mark.parametrize("format_", FORMATS)
def test_nothing_of_a_visitor_is_in_any_byte(filled: Database, format_: str) -> None:
    data = unpacked(format_, b"".join(download(filled, EVERYTHING, format_).parts))
    with filled.transaction() as cursor:
        cursor.execute("SELECT visitor, drawing_id FROM predictions")
        people = cursor.fetchall()
    assert len({visitor for visitor, _ in people}) == PEOPLE
    for secret in {visitor for visitor, _ in people}:
        assert secret.encode() not in data
        assert bytes.fromhex(secret) not in data
    ids = [drawing_id for _, drawing_id in people]
    hexes = set(re.findall(rb"[0-9a-f]{8}-[0-9a-f]{4}-", data))
    assert not hexes & {str(each)[:14].encode() for each in ids}
    assert not any(each.bytes in data for each in ids[:300])
    for time in (b"12:34", b"2026-03-0", b"2026-04-1", b"2026-07"):
        assert time not in data, "no time but the month, and none of the label"


def test_the_order_says_nothing_of_when_a_drawing_came(filled: Database, digits: Digits) -> None:
    data = b"".join(download(filled, EVERYTHING, "parquet").parts)
    arrived = {digits.images[n].numpy().tobytes(): n for n in range(ROWS)}
    images = pq.read_table(io.BytesIO(data), columns=["image"])["image"].to_pylist()
    order = [arrived[from_png(image).tobytes()] for image in images]
    assert abs(np.corrcoef(order, range(len(order)))[0, 1]) < 0.1


# --- Which drawings ---------------------------------------------------------------------------------------------------


def labels(database: Database, wanted: Wanted) -> list[dict[str, object]]:
    data = b"".join(download(database, wanted, "parquet").parts)
    found: list[dict[str, object]] = pq.read_table(io.BytesIO(data)).to_pylist()
    return found


def test_the_filters_leave_the_others_out(filled: Database) -> None:
    every = labels(filled, EVERYTHING)
    threes = labels(filled, Wanted(Selection(label=3), unreviewed=True))
    assert len(threes) == sum(row["label"] == 3 for row in every) > 50
    assert {row["label"] for row in threes} == {3}
    chosen = Selection(source="canvas", version=2, model="cnn", outcome=Outcome.RIGHT, read_as=7)
    found = labels(filled, Wanted(chosen))
    assert {(row["source"], row["model_version"], row["label"]) for row in found} == {("canvas", 2, 7)}
    since, until = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
    assert {row["month"] for row in labels(filled, Wanted(Selection(since=since, until=until)))} == {"2026-04"}


def test_only_approved_labels_unless_others_are_wanted(filled: Database) -> None:
    assert {row["check"] for row in labels(filled, Wanted())} == {"person", "plausible"}
    waiting = sum(row["check"] == "waits" for row in labels(filled, EVERYTHING))
    assert waiting == sum(1 for n in range(ROWS) if n % 10 == 0 and n % 11)


def test_it_is_of_one_moment(filled: Database, digits: Digits) -> None:
    parts = download(filled, Wanted(), "idx").parts
    with filled.transaction() as cursor:
        cursor.execute("DELETE FROM predictions WHERE id % 2 = 0")
    data = b"".join(parts)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        counts = [len(archive.read(name)) - 8 for name in archive.namelist() if "labels" in name]
    assert sum(counts) == expected(digits).total()


def test_it_is_the_same_however_small_the_batches(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where ids lie closer together than chance has it, as chosen ones may."""
    whole = labels(filled, EVERYTHING)
    monkeypatch.setattr(labelled, "WINDOW", 100)
    monkeypatch.setattr(labelled, "MOST", 7)
    assert labels(filled, EVERYTHING) == whole


def test_a_picture_that_is_no_frame_is_left_out(filled: Database, digits: Digits, tmp_path: Path) -> None:
    with filled.transaction() as cursor:
        cursor.execute("UPDATE predictions SET image = '\\x89504e47' WHERE true_label = 5")
    found = labels(filled, Wanted())
    assert len(found) > 1000
    assert 5 not in {row["label"] for row in found}


# --- The datasheet, and what is refused -------------------------------------------------------------------------------


def test_the_datasheet_has_the_figures(filled: Database, digits: Digits, tmp_path: Path) -> None:
    total = sum(export_to(filled, Wanted(), ["idx", "png"], tmp_path / "out", "CC BY 4.0"))
    text = (tmp_path / "out" / "README.md").read_text()
    counts = {
        name: [int(each.replace(",", "")) for each in numbers]
        for name, *numbers in re.findall(r"^\| (\d|not-a-digit) \| ([\d,]+) \| ([\d,]+) \|$", text, re.M)
    }
    wanted = Counter(label for _, label in expected(digits).elements())
    assert {name: sum(each) for name, each in counts.items()} == {
        "not-a-digit" if label == NOT_A_DIGIT else str(label): count for label, count in wanted.items()
    }
    assert total == 2 * wanted.total()
    assert f"{wanted.total():,} drawings that a digit reader" in text
    assert "Licence: CC BY 4.0\n" in text
    for said in ("cnn, version 2", "2026-04", "drawn on the app's canvas", "decided on by an administrator"):
        assert re.search(rf"^- [\d,]+: {said}", text, re.M), said
    assert "digits.parquet" not in text
    assert not re.search(r"\{|\}|None\b(?! was)", text)


def test_a_folder_that_is_not_empty_is_left_alone(filled: Database, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FolderTaken, match="is not empty"):
        export(filled, tmp_path, "idx")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_with_nothing_to_export_no_folder_is_made(database: Database, tmp_path: Path) -> None:
    with pytest.raises(NothingToExport, match="There is no labelled drawing"):
        export(database, tmp_path / "out", "idx")
    assert not (tmp_path / "out").exists()


def test_a_download_that_is_given_up_frees_its_connection(filled: Database) -> None:
    def connections() -> int:
        with filled.transaction() as cursor:
            cursor.execute("SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'digit-reader'")
            (count,) = cursor.fetchone() or (0,)
        return int(count)

    before = connections()
    parts: Iterator[bytes] = download(filled, EVERYTHING, "png").parts
    next(parts)
    assert connections() == before + 1
    del parts
    wait_until(lambda: connections() == before, 10, "the end of the connection")
