"""MNIST's own format, IDX: images and labels as raw bytes behind a header that says how many there are."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable

from datasets.contents import Contents
from datasets.places import Place, Progress
from frames.preprocessing import FRAME, from_png
from learning.classes import NOT_A_DIGIT
from storage.labelled import DIGITS_TO_TEST, DIGITS_TO_TRAIN, NO_DIGITS, LabelledDrawing, Snapshot

FOLDER = "MNIST/raw"  # where torchvision.datasets.MNIST looks
IMAGES, LABELS = "{}-images-idx3-ubyte", "{}-labels-idx1-ubyte"
BYTES, DIMENSIONS = 0x08, (3, 1)  # the type of the numbers, and how many dimensions images and labels have


class CountChanged(RuntimeError):
    """There are not as many drawings as the header says; the file is of no use."""


def write_idx(snapshot: Snapshot, contents: Contents, place: Place) -> Progress:
    """MNIST's four files, one pair more for drawings that are no digit, and the pen strokes as JSON lines.

    Raises what reading the snapshot does, NotAnImage for a damaged picture, and CountChanged.
    """
    yield from _pair(snapshot, place, "train", contents.digits(test=False), DIGITS_TO_TRAIN)
    yield from _pair(snapshot, place, "t10k", contents.digits(test=True), DIGITS_TO_TEST)
    if contents.no_digits:
        yield from _pair(snapshot, place, "not-a-digit", contents.no_digits, NO_DIGITS)
    if contents.with_strokes:
        yield from write_strokes(snapshot, place, _Places())


def _pair(snapshot: Snapshot, place: Place, name: str, count: int, condition: str) -> Progress:
    labels = bytearray()
    with place.file(f"{FOLDER}/{IMAGES.format(name)}") as write:
        write(header(count, FRAME, FRAME))
        for batch in snapshot.drawings(condition):
            write(b"".join(from_png(drawing.image).tobytes() for drawing in batch))
            labels += bytes(drawing.label for drawing in batch)
            yield len(batch)
    if len(labels) != count:
        raise CountChanged("The drawings could not be counted: export them again.")
    with place.file(f"{FOLDER}/{LABELS.format(name)}") as write:
        write(header(count))
        write(bytes(labels))


def header(*shape: int) -> bytes:
    """The header of unsigned bytes of that shape."""
    return struct.pack(f">HBB{len(shape)}I", 0, BYTES, len(shape), *shape)


class _Places:
    """Where each drawing is in this format, asked in order."""

    def __init__(self) -> None:
        self._next = {"train": 0, "test": 0, "not-a-digit": 0}

    def __call__(self, drawing: LabelledDrawing) -> dict[str, object]:
        name = "not-a-digit" if drawing.label == NOT_A_DIGIT else "test" if drawing.test else "train"
        self._next[name] += 1
        return {"set": name, "index": self._next[name] - 1}


def write_strokes(snapshot: Snapshot, place: Place, where: Callable[[LabelledDrawing], dict[str, object]]) -> Progress:
    """strokes.jsonl: for each drawing that has strokes, a line that says `where` it is, its label and its strokes."""
    with place.file("strokes.jsonl") as write:
        for batch in snapshot.drawings():
            lines = [
                {**at, "label": drawing.label, "strokes": drawing.strokes}
                for at, drawing in ((where(drawing), drawing) for drawing in batch)
                if drawing.strokes is not None
            ]
            write("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode())
            yield 0
