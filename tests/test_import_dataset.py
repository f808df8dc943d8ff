"""Data sets become labelled rows: read by the model, judged like any label, and only once.

Covers src/datasets: examples, reading, idx_reading, picture_reading.
"""

from __future__ import annotations

import gzip
import shutil
import struct
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import psycopg2.extensions
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

import import_dataset
from datasets.examples import Dataset, Example, NotADataset, Unreadable
from datasets.exporting import export_to
from datasets.idx import header
from datasets.reading import open_dataset
from frames.preprocessing import from_png, to_png
from import_dataset import LABELS
from learning.classes import NOT_A_DIGIT
from learning.dataset import Digits, Mnist, rows
from serving.importing import MAX_NAMED
from storage import labels, review
from storage.database import Database
from storage.embedded import EmbeddedServer
from storage.labelled import Wanted
from support.collection import collect
from support.pictures import one, png, zero
from support.rows import everything

FEW = 60


@pytest.fixture(autouse=True)
def settings(server: EmbeddedServer, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command finds the tests' own PostgreSQL, as a server that somebody else runs."""
    known = psycopg2.extensions.parse_dsn(server.start())
    for name, value in (("DB_HOST", known["host"]), ("DB_USER", known["user"]), ("DB_PASSWORD", "none is asked for")):
        monkeypatch.setenv(name, value)


@pytest.fixture
def digits(mnist: Mnist) -> Digits:
    return rows(mnist.test, torch.arange(FEW))


def pixels(digits: Digits) -> Counter[tuple[bytes, int]]:
    pairs = zip(digits.images, digits.labels.tolist(), strict=True)
    return Counter((image.numpy().tobytes(), label) for image, label in pairs)


def write_idx(folder: Path, digits: Digits, name: str = "train") -> Path:
    folder.mkdir(exist_ok=True)
    images = folder / f"{name}-images-idx3-ubyte"
    images.write_bytes(header(len(digits.labels), 28, 28) + digits.images.numpy().tobytes())
    labels = header(len(digits.labels)) + bytes(digits.labels.tolist())
    (folder / f"{name}-labels-idx1-ubyte").write_bytes(labels)
    return images


def contents(dataset: Dataset) -> Counter[tuple[bytes, int]]:
    found = list(dataset.examples)
    assert len(found) == dataset.count
    return Counter((each.drawing.frame.tobytes(), each.label) for each in found if isinstance(each, Example))


def unreadable(dataset: Dataset) -> dict[str, str]:
    return {each.name: each.why for each in dataset.examples if isinstance(each, Unreadable)}


def imported(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    assert import_dataset.main([str(each) for each in arguments]) == 0
    return capsys.readouterr().out


# --- Into the database ------------------------------------------------------------------------------------------------


def test_every_picture_becomes_a_row_that_the_model_read(
    database: Database, digits: Digits, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = imported(capsys, write_idx(tmp_path / "usps", digits))
    assert said.startswith(f"{FEW} imported: ")
    found = everything(database, "image, true_label, predicted_digit, confidence, digit_score, source, elapsed_ms")
    assert Counter((from_png(image).tobytes(), label) for image, label, *_ in found) == pixels(digits)
    assert sum(label == read for _, label, read, *_ in found) >= FEW - 2
    assert len({confidence for *_, confidence, _, _, _ in found}) > FEW / 2
    assert all(source == "import" and 0 < ms < 100 for *_, source, ms in found)
    assert sum(score > 0.5 for *_, score, _, _ in found) > 0.9 * FEW
    assert {who for (who,) in everything(database, "who", "label_events")} == {"import"}
    assert len(set(everything(database, "visitor"))) == 1, "a data set is one person"


def test_labels_are_judged_like_any_other(
    database: Database,
    digits: Digits,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = Digits(digits.images[:4], (digits.labels[:4] + 3) % 10)
    said = imported(capsys, write_idx(tmp_path / "good", rows(digits, torch.arange(4, 30))), "--name", "a")
    assert said == "26 imported: 26 labels are approved, 0 wait for review.\n"
    assert imported(capsys, write_idx(tmp_path / "bad", wrong)).startswith("4 imported: 0 labels are approved, 4 wait")
    reasons = {reason for (reason,) in everything(database, "review_reason") if reason}
    assert reasons == {labels.Reason.UNLIKELY.value}
    monkeypatch.setenv("FEEDBACK_REVIEW", "all")
    said = imported(capsys, write_idx(tmp_path / "all", rows(digits, torch.arange(30, 60))))
    assert said.startswith("30 imported: 0 labels are approved, 30 wait")


def test_the_same_data_set_again_makes_nothing_new(
    database: Database, digits: Digits, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = write_idx(tmp_path / "mnist", digits)
    imported(capsys, images)
    first, second, *_ = [row[0] for row in everything(database, "drawing_id")]
    review.reject(database, [first])
    review.relabel(database, [second], 9)
    before = everything(database, "drawing_id, true_label, review, labelled_at")
    shutil.copytree(tmp_path / "mnist", tmp_path / "renamed")
    for path in (images, tmp_path / "renamed"):
        assert imported(capsys, path) == (
            f"0 imported: 0 labels are approved, 0 wait for review.\n{FEW} were there already.\n"
        )
    assert everything(database, "drawing_id, true_label, review, labelled_at") == before


def test_an_import_that_ended_early_goes_on(
    database: Database, digits: Digits, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(capsys, write_idx(tmp_path / "part", rows(digits, torch.arange(25))))
    said = imported(capsys, write_idx(tmp_path / "whole", digits))
    assert said.startswith(f"{FEW - 25} imported: ")
    assert "\n25 were there already." in said


def test_the_ids_are_other_ones_in_each_installation(
    database: Database, digits: Digits, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = write_idx(tmp_path / "mnist", digits)
    imported(capsys, images)
    ids = {row[0] for row in everything(database, "drawing_id")}
    with database.transaction() as cursor:
        cursor.execute("DELETE FROM predictions")
        cursor.execute("UPDATE installation SET id = gen_random_uuid()")
    imported(capsys, images)
    assert not ids & {row[0] for row in everything(database, "drawing_id")}


def test_data_sets_are_persons_of_their_own_who_share_one_quota(
    database: Database,
    digits: Digits,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(labels, "TRAINING_QUOTA", 3)
    monkeypatch.setattr(labels, "HELD_OUT_QUOTA", 1)
    imported(capsys, write_idx(tmp_path / "a", rows(digits, torch.arange(30))), "--name", "a")
    imported(capsys, write_idx(tmp_path / "b", rows(digits, torch.arange(30, 60))), "--name", "b")
    assert len(set(everything(database, "visitor"))) == 2
    found = labels.candidates(database, 100)
    assert sum(not each.held_out for each in found) == 3 * labels.IMPORTS_QUOTA
    assert sum(each.held_out for each in found) <= labels.IMPORTS_QUOTA


def test_an_export_comes_back_as_it_was(
    database: Database, mnist: Mnist, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    collect(database, rows(mnist.test, torch.arange(120)), 120)

    def kept(condition: str = "true") -> Counter[tuple[bytes, int, str]]:
        found = everything(database, "image, coalesce(true_label, 10), strokes", f"predictions WHERE {condition}")
        return Counter((from_png(image).tobytes(), label, repr(strokes)) for image, label, strokes in found)

    before = kept("review = 'approved'")
    assert before.total() > 90
    list(export_to(database, Wanted(), ["idx", "parquet", "png"], tmp_path / "out"))
    for path in ("digits.parquet", "digits.zip", "MNIST"):
        with database.transaction() as cursor:
            cursor.execute("TRUNCATE predictions, label_events")
        imported(capsys, tmp_path / "out" / path)
        after = kept()
        assert Counter(row[:2] for row in after.elements()) == Counter(row[:2] for row in before.elements()), path
        if path == "digits.parquet":
            assert normal(after) == normal(before)


def normal(found: Counter[tuple[bytes, int, str]]) -> Counter[tuple[bytes, int, str]]:
    """With whole numbers in one form."""
    return Counter((image, label, strokes.replace(".0", "")) for image, label, strokes in found.elements())


# --- Formats ----------------------------------------------------------------------------------------------------------


def test_gzipped_idx_files_are_read_once(digits: Digits, tmp_path: Path) -> None:
    images = write_idx(tmp_path, digits)
    for path in (images, images.with_name("train-labels-idx1-ubyte")):
        path.with_suffix(".gz").write_bytes(gzip.compress(path.read_bytes()))
    assert contents(open_dataset(tmp_path, LABELS)) == pixels(digits), "plain, where there are both"
    images.unlink()
    assert contents(open_dataset(tmp_path, LABELS)) == pixels(digits)
    assert contents(open_dataset(images.with_suffix(".gz"), LABELS)) == pixels(digits)
    labels = images.with_name("train-labels-idx1-ubyte.gz")
    assert contents(open_dataset(labels, LABELS)) == pixels(digits)


def test_sorted_labels_are_shuffled(mnist: Mnist, tmp_path: Path) -> None:
    order = mnist.test.labels[:500].sort().indices
    write_idx(tmp_path, rows(mnist.test, order))
    found = [each.label for each in open_dataset(tmp_path, LABELS).examples if isinstance(each, Example)]
    assert len(set(found[:40])) >= 8


def test_a_folders_pictures_have_its_label(digits: Digits, tmp_path: Path) -> None:
    for name, picture in (("1/a.png", one()), ("train/0/b.bmp", zero()), ("A/c.png", one())):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(png(picture))
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "frame.png").write_bytes(to_png(digits.images[3, 0].numpy()))
    (tmp_path / "0" / "broken.png").write_bytes(b"no picture")
    (tmp_path / "0" / "blank.png").write_bytes(to_png(np.zeros((28, 28), np.uint8)))
    (tmp_path / "0" / ".DS_Store").write_bytes(b"not meant")
    (tmp_path / "notes.txt").write_text("not meant either")
    found = list(open_dataset(tmp_path, LABELS | {"A": NOT_A_DIGIT}).examples)
    drawn = {each.name: each for each in found if isinstance(each, Example)}
    assert {name: each.label for name, each in drawn.items()} == {
        "1/a.png": 1,
        "train/0/b.bmp": 0,
        "A/c.png": NOT_A_DIGIT,
        "0/frame.png": 0,
    }
    assert np.array_equal(drawn["0/frame.png"].drawing.frame, digits.images[3, 0].numpy()), "a frame stays as it is"
    bad = {each.name: each.why for each in found if isinstance(each, Unreadable)}
    assert set(bad) == {"0/broken.png", "0/blank.png"}
    assert bad["0/blank.png"] == "Nothing is drawn in it."
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in sorted(tmp_path.rglob("*.png")):
            archive.write(path, path.relative_to(tmp_path))
    zipped = open_dataset(tmp_path / "all.zip", LABELS)
    assert {each.name for each in zipped.examples} == {"1/a.png", "0/frame.png", "0/broken.png", "0/blank.png"}


def test_black_on_white_and_other_sizes_are_framed(digits: Digits, tmp_path: Path) -> None:
    frame = digits.images[0, 0].numpy()
    inverted = 255 - frame
    large = np.asarray(Image.fromarray(frame).resize((56, 56)))
    (tmp_path / "7").mkdir()
    for name, picture in (("inverted", inverted), ("large", large)):
        Image.fromarray(picture).save(tmp_path / "7" / f"{name}.png")
    for each in open_dataset(tmp_path, LABELS).examples:
        assert isinstance(each, Example)
        assert np.corrcoef(each.drawing.frame.ravel(), frame.ravel())[0, 1] > 0.8


def test_rows_of_a_table_that_make_no_sense_are_named(digits: Digits, tmp_path: Path) -> None:
    good = to_png(digits.images[0, 0].numpy())
    table = {
        "image": [{"bytes": good}, {"bytes": b"x"}, {"bytes": None}, {"bytes": good}, {"bytes": good}],
        "label": [7, 7, 7, 11, 7],
        "strokes": [None, None, None, None, [[[1.0]]]],
    }
    pq.write_table(pa.table(table), tmp_path / "some.parquet")
    dataset = open_dataset(tmp_path / "some.parquet", LABELS)
    assert dataset.count == 5
    assert list(unreadable(dataset)) == ["row 1", "row 2", "row 3", "row 4"]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("notes.txt", b"nothing of the kind", "no data set"),
        ("empty", b"", "no data set"),
        ("a.parquet", b"PAR1 and no more", "broken"),
        ("a.zip", b"PK\x05\x06" + bytes(18), "no labelled picture"),
        ("x-images-idx3-ubyte", header(2, 28, 28) + bytes(3), "broken"),
        ("x-images-idx3-ubyte", struct.pack(">I", 7), "no IDX file"),
        ("x-images-idx3-ubyte.gz", b"\x1f\x8b broken", "no IDX file"),
        ("x-images-idx3-ubyte", header(3, 28, 28) + bytes(3 * 784), "labels are 2"),
        ("x-images-idx3-ubyte", header(2_000_000, 0, 0), "labels are 2"),
    ],
)
def test_what_is_no_data_set_is_refused(name: str, data: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    for suffix in ("", ".gz"):
        labels = header(2) + bytes(2)
        (tmp_path / f"x-labels-idx1-ubyte{suffix}").write_bytes(gzip.compress(labels) if suffix else labels)
    with pytest.raises(NotADataset, match=says):
        open_dataset(tmp_path / name, LABELS)


def test_too_many_pictures_are_refused_before_any_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.examples.MAX_EXAMPLES", 3)
    (tmp_path / "1").mkdir()
    for n in range(4):
        (tmp_path / "1" / f"{n}.png").write_bytes(b"")
    with pytest.raises(NotADataset, match="4 pictures: split it"):
        open_dataset(tmp_path, LABELS)


# --- The command ------------------------------------------------------------------------------------------------------


def test_bad_pictures_are_counted_and_named_and_the_others_come(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "good.png").write_bytes(png(one()))
    for n in range(30):
        (tmp_path / "one" / f"bad-{n}.png").write_bytes(bytes([n]))
    said = imported(capsys, tmp_path, "--label-from-folder", "one=1")
    assert said.startswith("1 imported: 1 labels are approved")
    assert "\n30 could not be read:\n  one/bad-" in said
    assert said.count("\n  one/bad-") == MAX_NAMED
    assert said.endswith("\n  ...\n")


def test_what_is_wrong_is_one_sentence(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, says in ((tmp_path / "nowhere", "No such file"), (tmp_path, "no labelled picture")):
        assert import_dataset.main([str(path)]) == 2
        error = capsys.readouterr().err
        assert error.startswith("import_dataset.py: ")
        assert says in error
        assert error.count("\n") == 1
    for flag in ("7", "seven=11", "=7"):
        with pytest.raises(SystemExit, match="2"):
            import_dataset.main([str(tmp_path), "--label-from-folder", flag])
    monkeypatch.setenv("READ_ONLY", "true")
    assert import_dataset.main([str(tmp_path)]) == 2
