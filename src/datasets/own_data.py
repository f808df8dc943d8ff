"""All that is kept of one visitor as a ZIP, for that visitor: a PNG of each drawing, and all that is known of it."""

from __future__ import annotations

import json
from collections.abc import Generator
from datetime import UTC, datetime

from datasets.exporting import Download
from datasets.places import Progress, streamed, zipped
from datasets.zipping import ZipWriter
from storage.database import Database
from storage.own_data import Summary, drawings, summary

MOST = 100_000  # drawings in one file, the newest: it has some 150 MB then

FIELDS = {
    "drawing_id": "the drawing's own random id; whoever knows it can label the drawing",
    "created_at": "when it was first read",
    "predicted_digit": "the digit that was answered",
    "true_label": "the digit that you said it was",
    "not_a_digit": "whether you said that it is not a digit",
    "confidence": "the probability of the answer, 0 to 1",
    "probabilities": "those of 0 to 9",
    "digit_score": "how likely it is a digit at all, 0 to 1",
    "shared_digit": "what everybody's model read, where your own labels changed the answer",
    "shared_probabilities": "that model's probabilities of 0 to 9",
    "strokes": "the pen's strokes, as points in pixels of the canvas",
    "pen_width": "the pen's width, as a part of the drawing's longer side",
    "size": "the drawing's longer side, as a part of the picture's",
    "slant": "how far it leans to the right, in degrees",
    "source": "where it came from: canvas, upload, camera or api",
    "visitor": "you: the checksum of a random number in your browser's cookie",
    "model": "the model that read it",
    "model_version": "the version of that model",
    "elapsed_ms": "the milliseconds that it took",
    "labelled_at": "when your label was last set",
    "review": "how your label stands: unlabelled, pending, approved or rejected",
    "review_reason": "why it stands so",
    "reviewer": "who decided that: the app (trust) or an administrator (admin)",
    "suspicion": "how much speaks against the label, 0 to 1",
    "trained_into": "the version that has learned from it",
    "held_out": "whether it is kept apart, to test new versions with",
    "judged": "the first version that it has tested",
}
"""What is kept of a drawing beside its picture, by the columns of its row."""

README = """All that this app keeps of you, in {drawings} of {at:%d %B %Y, %H:%M} UTC.

drawings/       the pictures, as the model sees them, named by their ids
drawings.jsonl  a line of JSON for each of them: what is kept of it, and every change of its label
hand.json       whether your own labels change your answers, and up to when they were forgotten

Of each drawing:

{fields}
"""


def own_data(database: Database, visitor: str) -> Download:
    """Everything of a visitor, as a file that is made while it is sent. Raises DatabaseAway, also while it is read."""
    kept = summary(database, visitor)
    return Download("my-digits.zip", "application/zip", _parts(database, visitor, kept))


def _parts(database: Database, visitor: str, kept: Summary) -> Generator[bytes]:
    yield from streamed(lambda buffer: zipped(lambda archive: _write(archive, database, visitor, kept), buffer))


def _write(archive: ZipWriter, database: Database, visitor: str, kept: Summary) -> Progress:
    archive.add("README.txt", _readme(kept).encode())
    hand = {"adapts": kept.adapts, "forgotten_at": kept.forgotten_at}
    archive.add("hand.json", json.dumps(hand, default=str).encode())
    with archive.file("drawings.jsonl") as write:
        for batch in drawings(database, visitor, MOST):
            for each in batch:
                write(json.dumps(each.row | {"changes": each.changes}).encode() + b"\n")
            yield len(batch)
    for batch in drawings(database, visitor, MOST):
        for each in batch:
            archive.add(f"drawings/{each.drawing_id}.png", each.image)
        yield len(batch)


def _readme(kept: Summary) -> str:
    count = f"the newest {MOST:,} drawings" if kept.more else f"{kept.drawings:,} drawings"
    fields = "\n".join(f"{name}: {what}" for name, what in FIELDS.items())
    return README.format(drawings=count, at=datetime.now(UTC), fields=fields)
