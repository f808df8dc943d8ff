"""python src/predict_image.py IMAGE... [--model cnn|linear] [--json] [--visualize OUT.png]: read digits in pictures.

Prints one line for each file: its name, the digit and how sure the model is; with --json, a JSON object instead.
--visualize writes one picture with a row for each file: as it is, as the model sees it, and the ten probabilities.
A file that cannot be read gets one sentence on stderr, the others are read all the same, and the exit code is 2.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from command_line import command
from frames.drawing import from_picture
from frames.images import FORMAT_NAMES, MAX_BYTES, ImageTooLarge, NotAnImage, decode
from frames.masks import NoInk
from learning.registry import DEFAULT_MODEL, MODELS
from learning.weights import ModelMissing
from percentages import certainty, percent
from serving.choosing import read_drawings
from serving.prediction import Prediction
from serving.predictor import ServingModel, load_model
from settings import ROOT

# ---------------------------------------------------------------------------------------------------------------------
# Reading: as the app reads an upload, but nothing is kept.
# ---------------------------------------------------------------------------------------------------------------------


class Read(NamedTuple):
    """One file as it was read. `picture` is no larger than the sheet shows it."""

    file: Path
    picture: Image.Image
    frame: NDArray[np.uint8]
    prediction: Prediction


def read(file: Path, model: ServingModel) -> Read:
    """Read one picture. Raises OSError, NotAnImage, ImageTooLarge and NoInk."""
    with file.open("rb") as opened:
        picture = decode(opened.read(MAX_BYTES + 1))
    drawing, prediction = read_drawings(model.predict_all, [from_picture(picture)])[0]
    return Read(file, thumbnail(picture), drawing.frame, prediction)


def thumbnail(picture: Image.Image) -> Image.Image:
    """A picture of any mode as RGB, at most SIDE a side, on white."""
    if picture.mode[0] in "IF":  # more than eight bits, which Pillow does not convert by itself
        values = np.asarray(picture, np.float32)
        picture = Image.fromarray((values.clip(0) * (255 / max(1.0, float(values.max())))).astype(np.uint8))
    whole = picture.convert("RGBA")
    whole.thumbnail((SIDE, SIDE))
    paper = Image.new("RGBA", whole.size, "white")
    return Image.alpha_composite(paper, whole).convert("RGB")


# ---------------------------------------------------------------------------------------------------------------------
# Printing: a line for people, or one JSON object a line for programs, with the field names of the HTTP API.
# ---------------------------------------------------------------------------------------------------------------------


def line(done: Read) -> str:
    """What people read."""
    prediction = done.prediction
    doubt = "" if prediction.is_digit else ", but this does not look like a digit"
    return f"{done.file}: {prediction.predicted_digit} ({certainty(prediction.confidence)} sure{doubt})"


def as_json(done: Read) -> str:
    """What programs read: `file` and the fields of a prediction."""
    return json.dumps({"file": str(done.file), **vars(done.prediction)})


# ---------------------------------------------------------------------------------------------------------------------
# The picture: a row for each file. The middle column explains most wrong answers.
# ---------------------------------------------------------------------------------------------------------------------

SIDE, GAP, TEXT = 196, 16, 14  # pixels; a side is seven times the frame's
BAR = SIDE // 10
WIDTH = 4 * GAP + 3 * SIDE + 40
INK, BEST, FAINT = (35, 37, 47), (63, 81, 217), (220, 217, 207)


def draw(rows: list[Read]) -> Image.Image:
    """All files below one another: (rows, 3) of input, frame and bars, RGB."""
    height = GAP + TEXT + SIDE + GAP
    sheet = Image.new("RGB", (WIDTH, height * len(rows)), "white")
    font = ImageFont.load_default(TEXT)
    for number, done in enumerate(rows):
        top = number * height + GAP
        ImageDraw.Draw(sheet).text((GAP, top - GAP // 2), line(done), INK, font)
        top += TEXT
        beside, above = (SIDE - done.picture.width) // 2, (SIDE - done.picture.height) // 2
        sheet.paste(done.picture, (GAP + beside, top + above))
        seen = Image.fromarray(255 - done.frame).resize((SIDE, SIDE), Image.Resampling.NEAREST)
        sheet.paste(seen, (2 * GAP + SIDE, top))
        _bars(ImageDraw.Draw(sheet), done.prediction, 3 * GAP + 2 * SIDE, top)
    return sheet


def _bars(pen: ImageDraw.ImageDraw, prediction: Prediction, left: int, top: int) -> None:
    font = ImageFont.load_default(TEXT)
    for digit, probability in enumerate(prediction.probabilities):
        y, colour = top + digit * BAR, BEST if digit == prediction.predicted_digit else INK
        pen.text((left, y), str(digit), colour, font)
        pen.rectangle((left + GAP, y + 2, left + GAP + SIDE - 60, y + BAR - 4), FAINT)
        if width := round(probability * (SIDE - 60)):
            pen.rectangle((left + GAP, y + 2, left + GAP + width, y + BAR - 4), colour)
        pen.text((left + SIDE - 38, y), percent(probability, 1), colour, font)


# ---------------------------------------------------------------------------------------------------------------------
# The command.
# ---------------------------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The flags of this command."""
    made = command("predict_image.py", __doc__)
    made.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help=FORMAT_NAMES)
    made.add_argument("--model", choices=MODELS, default=DEFAULT_MODEL)
    made.add_argument("--json", action="store_true", help="one JSON object a line instead of words")
    made.add_argument("--visualize", type=Path, metavar="OUT.png", help="write what was seen into a picture")
    made.add_argument("--model-dir", type=Path, default=ROOT / "model")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Read every file that was named; returns the exit code."""
    asked = parser().parse_args(arguments)
    try:
        model = load_model(asked.model_dir, asked.model)
    except ModelMissing as error:
        return _sentence(str(error))
    rows = []
    for file in asked.images:
        done = _try_to_read(file, model)
        if done is not None:
            print(as_json(done) if asked.json else line(done))
            rows.append(done)
    written = not rows or not asked.visualize or _try_to_write(asked.visualize, draw(rows))
    return 0 if written and len(rows) == len(asked.images) else 2


def _try_to_read(file: Path, model: ServingModel) -> Read | None:
    try:
        return read(file, model)
    except OSError as error:
        _sentence(f"{file}: this file cannot be read: {error.strerror}.")
    except (NotAnImage, ImageTooLarge, NoInk) as error:
        _sentence(f"{file}: {error}")
    return None


def _try_to_write(file: Path, sheet: Image.Image) -> bool:
    try:
        sheet.save(file, "PNG")
    except OSError as error:
        _sentence(f"{file}: this file cannot be written: {error.strerror}.")
        return False
    return True


def _sentence(text: str) -> int:
    print(f"predict_image.py: {text}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
