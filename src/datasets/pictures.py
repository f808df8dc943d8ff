"""Pictures in folders: each set has a folder for each label, as torchvision.datasets.ImageFolder loads them."""

from __future__ import annotations

from itertools import count

from datasets.contents import FOLDERS, SETS, Contents
from datasets.idx import write_strokes
from datasets.places import Progress
from datasets.zipping import ZipWriter
from storage.labelled import LabelledDrawing, Snapshot


def write_pictures(snapshot: Snapshot, contents: Contents, archive: ZipWriter) -> Progress:
    """A PNG for each drawing, and the pen strokes as JSON lines. Raises what reading the snapshot does."""
    named = _Names()
    for batch in snapshot.drawings():
        for drawing in batch:
            archive.add(named(drawing), drawing.image)
        yield len(batch)
    if contents.with_strokes:
        again = _Names()
        yield from write_strokes(snapshot, archive, lambda drawing: {"file": again(drawing)})


class _Names:
    """The name of each drawing's file, asked in order."""

    def __init__(self) -> None:
        self._numbers = count()

    def __call__(self, drawing: LabelledDrawing) -> str:
        return f"{SETS[drawing.test]}/{FOLDERS[drawing.label]}/{next(self._numbers):07}.png"
