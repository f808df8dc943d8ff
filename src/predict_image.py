"""python src/predict_image.py IMAGE... [--numbers] [--model cnn|linear] [--json] [--visualize OUT.png]: read digits.

Prints one line for each file: its name, the digit and how sure the model is; with --json, a JSON object instead.
With --numbers, all digits in it: the number, and how sure the model is of each digit; lines are parted by a slash.
--visualize writes one picture with a row for each file: as it is, as the model sees it, and the ten probabilities; with
--numbers, the picture with a box around each digit.
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
from frames.images import FORMAT_NAMES, MAX_BYTES, ImageTooLarge, NotAnImage, decode, upright_size
from frames.masks import NoInk
from frames.segmentation import TooManyDigits, in_picture
from learning.registry import DEFAULT_MODEL, MODELS
from learning.weights import ModelMissing
from percentages import certainty, percent
from serving.choosing import read_drawings
from serving.prediction import Prediction
from serving.predictor import ServingModel, load_model
from serving.whole_numbers import Part, read_lattice, texts_of
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
    picture = decode(_bytes_of(file))
    drawing, prediction = read_drawings(model.predict_all, [from_picture(picture)])[0]
    return Read(file, thumbnail(picture), drawing.frame, prediction)


class ReadNumbers(NamedTuple):
    """One file in which all digits were read, line by line; their boxes are in `size`, the picture's own pixels."""

    file: Path
    picture: Image.Image
    size: tuple[int, int]
    lines: list[list[Part]]

    @property
    def texts(self) -> list[str]:
        """The lines as they are read."""
        return texts_of((part.prediction for part in parts) for parts in self.lines)


def read_numbers(file: Path, model: ServingModel) -> ReadNumbers:
    """Read all digits in a picture. Raises OSError, NotAnImage, ImageTooLarge, NoInk and TooManyDigits."""
    data = _bytes_of(file)
    picture, size = decode(data), upright_size(data)
    lines = read_lattice(in_picture(picture, size), model.predict_all)
    return ReadNumbers(file, thumbnail(picture, WIDTH - 2 * GAP), size, lines)


def _bytes_of(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MAX_BYTES + 1)


def thumbnail(picture: Image.Image, side: int | None = None) -> Image.Image:
    """A picture of any mode as RGB, at most `side` (SIDE) a side, on white."""
    if picture.mode[0] in "IF":  # more than eight bits, which Pillow does not convert by itself
        values = np.asarray(picture, np.float32)
        picture = Image.fromarray((values.clip(0) * (255 / max(1.0, float(values.max())))).astype(np.uint8))
    whole = picture.convert("RGBA")
    whole.thumbnail((side or SIDE, side or SIDE))
    paper = Image.new("RGBA", whole.size, "white")
    return Image.alpha_composite(paper, whole).convert("RGB")


# ---------------------------------------------------------------------------------------------------------------------
# Printing: a line for people, or one JSON object a line for programs, with the field names of the HTTP API.
# ---------------------------------------------------------------------------------------------------------------------


def line(done: Read | ReadNumbers) -> str:
    """What people read."""
    if isinstance(done, ReadNumbers):
        return _numbers_line(done)
    prediction = done.prediction
    doubt = "" if prediction.is_digit else ", but this does not look like a digit"
    return f"{done.file}: {prediction.predicted_digit} ({certainty(prediction.confidence)} sure{doubt})"


def _numbers_line(done: ReadNumbers) -> str:
    predictions = [part.prediction for parts in done.lines for part in parts if part.prediction.is_digit]
    if not predictions:
        return f"{done.file}: nothing here looks like a digit"
    sure = ", ".join(f"{each.predicted_digit} {certainty(each.confidence)}" for each in predictions)
    return f"{done.file}: {' / '.join(done.texts)} ({sure} sure)"


def as_json(done: Read | ReadNumbers) -> str:
    """What programs read: `file` and the fields of a prediction; of numbers, as POST /api/read has them."""
    if isinstance(done, ReadNumbers):
        digits = [{"box": part.found.box, **vars(part.prediction)} for parts in done.lines for part in parts]
        texts = done.texts
        return json.dumps({"file": str(done.file), "text": "\n".join(texts), "lines": texts, "digits": digits})
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


def draw_numbers(rows: list[ReadNumbers]) -> Image.Image:
    """All files below one another, each with a box around every digit and its name above; fainter, what is none."""
    heights = [GAP + TEXT + done.picture.height + GAP for done in rows]
    sheet = Image.new("RGB", (WIDTH, sum(heights)), "white")
    font, top = ImageFont.load_default(TEXT), 0
    for done, height in zip(rows, heights, strict=True):
        above = top + GAP + TEXT
        sheet.paste(done.picture, (GAP, above))
        pen, scale = ImageDraw.Draw(sheet), done.picture.width / done.size[0]
        pen.text((GAP, top + GAP // 2), f"{done.file}: {' / '.join(done.texts)}", INK, font)
        for part in (part for parts in done.lines for part in parts):
            x, y, w, h = (round(each * scale) for each in part.found.box)
            corner, colour = (GAP + x, above + y), BEST if part.prediction.is_digit else FAINT
            pen.rectangle((*corner, corner[0] + w, corner[1] + h), outline=colour, width=2)
            if part.prediction.is_digit:
                pen.text((corner[0] + 2, corner[1] - TEXT), str(part.prediction.predicted_digit), BEST, font)
        top += height
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
    made.add_argument("--numbers", action="store_true", help="read all digits in a picture, not just one")
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
    rows = [done for file in asked.images if (done := _try_to_read(file, model, asked)) is not None]
    written = not rows or not asked.visualize or _try_to_write(asked.visualize, _sheet(rows))
    return 0 if written and len(rows) == len(asked.images) else 2


def _sheet(rows: list[Read | ReadNumbers]) -> Image.Image:
    """Every row is of the kind that was asked for."""
    numbers = [done for done in rows if isinstance(done, ReadNumbers)]
    return draw_numbers(numbers) if numbers else draw([done for done in rows if isinstance(done, Read)])


def _try_to_read(file: Path, model: ServingModel, asked: argparse.Namespace) -> Read | ReadNumbers | None:
    """Read a file and print what was read, or why it cannot be."""
    try:
        done = read_numbers(file, model) if asked.numbers else read(file, model)
    except OSError as error:
        _sentence(f"{file}: this file cannot be read: {error.strerror}.")
    except (NotAnImage, ImageTooLarge, NoInk, TooManyDigits) as error:
        _sentence(f"{file}: {error}")
    else:
        print(as_json(done) if asked.json else line(done))
        return done
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
