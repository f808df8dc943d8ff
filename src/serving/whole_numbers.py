"""Reading a picture of several digits: each becomes a reading, and a row, of its own.

All that may be a digit is read, in batches between other people's drawings; which of it are the digits is then decided
by the lattice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple
from uuid import UUID, uuid4, uuid5

import logger
import metrics
from frames.drawing import Drawing
from frames.lattice import Box, Found, Lattice
from frames.masks import Pixels
from frames.segmentation import MAX_DIGITS, TooManyDigits
from learning.registry import DEFAULT_MODEL
from learning.weights import ModelMissing
from serving.batching import MAX_BATCH, Batcher, TooManyAtOnce
from serving.choosing import glance
from serving.hands import HandCache
from serving.personal import PersonalModel
from serving.prediction import Prediction
from serving.reading import Reading, count_reading
from storage.writer import Writer, Written

AT_ONCE, WAITING = 2, 16  # pictures; one of 200 digits takes seconds
CERTAIN = 0.9  # confidence and digit score: what a part has to have at least to be certainly a digit
LOWEST = 0.5  # of the height of the tallest certain part: lower ones do not count
SLIM = 0.2  # of a part's height: what is not wider, and NEAR_SIDE of the picture's width from its side, is an edge
NEAR_SIDE = 0.03
IN_CONTEXT = -3.0  # log odds: among digits, what is likelier than this to be one counts as one

SEVERAL = "There are several digits in this picture: send it to /api/read, which reads them all, or send one digit."


Frames = Sequence[Pixels]


class Part(NamedTuple):
    """A digit in a picture, or what stands among digits: where it was found, and what the model says to it."""

    found: Found
    prediction: Prediction


def read_lattice(
    lattice: Lattice,
    predict: Callable[[Frames], list[Prediction]],
    reread: Callable[[Frames], list[Prediction]] | None = None,
) -> list[list[Part]]:
    """What a lattice holds, line by line from top to bottom, each from left to right. `predict` reads frames.

    Among digits, what the digit score alone would refuse counts as one where its place and size speak for it. Where
    nothing is a digit, all that is drawn may be a single one, with dirt beside it that only whoever looks for one digit
    leaves out. With `reread`, which reads frames too, `predict` only says where the digits are, and the other which
    they are.

    Raises TooManyDigits, and what `predict` and `reread` raise.
    """
    ways = [_read(each, predict) for each in (lattice, *lattice.others)]
    lines = max(ways, key=lambda way: way.odds).lines
    if not any(part.prediction.is_digit for line in lines for part in line):
        lines = _single(lattice, predict) or lines
    return _reread(lines, reread) if reread else lines


def _single(lattice: Lattice, predict: Callable[[Frames], list[Prediction]]) -> list[list[Part]]:
    """All that is drawn as a single digit; empty where it is none."""
    versions = lattice.whole() if lattice.whole else ()
    if not versions:
        return []
    first, *others = (found.drawing for found in versions)
    whole = replace(first, alternatives=tuple(others))
    ((drawing, prediction),) = glance(lambda frames, _hands: predict(frames), [whole])
    found = next(found for found in versions if found.drawing.frame is drawing.frame)
    return [[Part(found, prediction)]] if prediction.is_digit else []


def _reread(lines: list[list[Part]], reread: Callable[[Frames], list[Prediction]]) -> list[list[Part]]:
    anew = iter(reread([part.found.drawing.frame for line in lines for part in line]))
    return [
        [part._replace(prediction=replace(next(anew), is_digit=part.prediction.is_digit)) for part in line]
        for line in lines
    ]


class _Way(NamedTuple):
    """One way to take a picture, and the log odds that all its parts are digits."""

    odds: float
    lines: list[list[Part]]


def _read(lattice: Lattice, predict: Callable[[Frames], list[Prediction]]) -> _Way:
    candidates = lattice.candidates
    predictions = predict([candidate.frame for candidate in candidates])
    scores = [prediction.digit_score for prediction in predictions]
    chosen = lattice.choose(scores, [prediction.confidence for prediction in predictions])
    if sum(map(len, chosen)) > MAX_DIGITS:
        raise TooManyDigits
    lines = []
    for line in chosen:
        certain = sum(predictions[number].is_digit for number, _ in line)
        among_digits = len(line) > 1 and 2 * certain >= len(line)
        parts = []
        for number, odds in line:
            prediction = predictions[number]
            if among_digits and odds > IN_CONTEXT:
                prediction = replace(prediction, is_digit=True)
            parts.append(Part(lattice.find(candidates[number]), prediction))
        lines.append(parts)
    return _Way(sum(odds for line in chosen for _, odds in line), lines)


def texts_of(lines: Iterable[Iterable[Prediction]]) -> list[str]:
    """Lines as they are read, without what is no digit; none of a line without digits."""
    texts = ("".join(str(each.predicted_digit) for each in line if each.is_digit) for line in lines)
    return [text for text in texts if text]


@dataclass(frozen=True)
class Digit:
    """A digit, or what stands among digits, with its box in the picture's pixels: x, y, width and height."""

    box: Box
    reading: Reading


@dataclass(frozen=True)
class Numbers:
    """What was read in a picture, line by line from top to bottom, each from left to right."""

    lines: tuple[tuple[Digit, ...], ...]
    size: tuple[int, int]
    """The picture's width and height in the boxes' pixels."""

    @property
    def digits(self) -> tuple[Digit, ...]:
        """Of all lines, in reading order; `reading.prediction.is_digit` is false of what is none."""
        return tuple(digit for line in self.lines for digit in line)

    @property
    def texts(self) -> list[str]:
        """The lines as they are read, see texts_of."""
        return texts_of((digit.reading.prediction for digit in line) for line in self.lines)

    @property
    def text(self) -> str:
        """The lines one below the other; "" where nothing is a digit."""
        return "\n".join(self.texts)


def is_one_digit(reading: Reading, drawing: Drawing) -> bool:
    """Whether a drawing, of which this was read, is one digit as it is: what is one only without some ink may be more.

    Of 660 digits on paper of all kinds 36 are not one as they are, of 360 numbers 357 (see benchmarks/paper_kinds.py).
    """
    return reading.prediction.is_digit and reading.drawing.frame is drawing.frame


def several_digits(numbers: Numbers) -> bool:
    """Whether two parts of a picture or more are each certainly a digit.

    What a printed frame leaves looks like a one or a zero: a slim piece at the picture's side, what lies around
    something else, and what is much lower than the others are not certain.
    """
    boxes = [digit.box for digit in numbers.digits if _is_certain(digit.reading.prediction)]
    boxes = [
        box for box in boxes if not _is_edge(box, numbers.size[0]) and not any(_around(box, each) for each in boxes)
    ]
    tallest = max((box[3] for box in boxes), default=0)
    return sum(box[3] >= LOWEST * tallest for box in boxes) >= 2


def _is_certain(prediction: Prediction) -> bool:
    return prediction.is_digit and min(prediction.confidence, prediction.digit_score) >= CERTAIN


def _is_edge(box: Box, width: int) -> bool:
    x, _, w, h = box
    return w < SLIM * h and min(x, width - x - w) < NEAR_SIDE * width


def _around(box: Box, other: Box) -> bool:
    """Whether the middle of another box lies in a box."""
    x, y = other[0] + other[2] / 2, other[1] + other[3] / 2
    return box != other and box[0] < x < box[0] + box[2] and box[1] < y < box[1] + box[3]


class NumberReader:
    """Reads pictures of several digits and keeps what it reads. Safe for threads."""

    def __init__(self, batcher: Batcher, writer: Writer, hands: HandCache) -> None:
        self._batcher, self._writer, self._hands = batcher, writer, hands
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="numbers")
        self._places = threading.BoundedSemaphore(AT_ONCE + WAITING)

    def close(self) -> None:
        """Read what waits, and end."""
        self._pool.shutdown()

    def read(
        self,
        make_lattice: Callable[[], Lattice],
        model: str,
        source: str,
        visitor: str | None,
        number_id: UUID | None = None,
        personal: bool = True,
    ) -> Future[Numbers]:
        """Read a picture; nothing is kept yet. `personal`: with the visitor's own model.

        With a `number_id`, which is the whole picture's and kept like a password, a digit has the same drawing_id at
        each reading; without, they are new ones.

        Raises TooManyAtOnce; the future raises what `make_lattice` raises, TooManyDigits and ModelMissing.
        """
        return self._queue(lambda: self._read(make_lattice, model, source, visitor, number_id, personal))

    def keep(self, numbers: Numbers, before: Numbers | None = None) -> list[Future[Written]]:
        """Write a row for each digit, or write it anew; see logger.log_prediction.

        `before` is what was kept of the same picture: rows of what is no digit of it any more are deleted.
        """
        now = {digit.reading.drawing_id for digit in numbers.digits}
        gone = [digit.reading for digit in before.digits] if before else []
        written = [logger.log_prediction(self._writer, digit.reading.row) for digit in numbers.digits]
        return written + [
            logger.remove(self._writer, reading.drawing_id, reading.visitor)
            for reading in gone
            if reading.drawing_id not in now and reading.visitor
        ]

    def _queue(self, work: Callable[[], Numbers]) -> Future[Numbers]:
        if not self._places.acquire(blocking=False):
            raise TooManyAtOnce("numbers")
        done = self._pool.submit(work)
        done.add_done_callback(lambda _done: self._places.release())
        return done

    def _read(
        self,
        make_lattice: Callable[[], Lattice],
        model: str,
        source: str,
        visitor: str | None,
        number_id: UUID | None,
        personal: bool,
    ) -> Numbers:
        with metrics.timed("preprocess"):
            lattice = make_lattice()
        hand = self._hand(visitor, model) if personal else None

        def digit(part: Part) -> Digit:
            count_reading(part.prediction, source)
            drawing_id = uuid5(number_id, part.found.name) if number_id else uuid4()
            return Digit(part.found.box, Reading(drawing_id, part.found.drawing, part.prediction, source, visitor))

        lines = self._lines(lattice, partial(self._predict, model=model, hand=hand), model)
        return Numbers(tuple(tuple(map(digit, line)) for line in lines), lattice.size)

    def _lines(self, lattice: Lattice, predict: Callable[[Frames], list[Prediction]], model: str) -> list[list[Part]]:
        """What a lattice holds. Where digits touch, only the network of convolutions tells them apart."""
        if model != DEFAULT_MODEL:
            with suppress(ModelMissing):
                return read_lattice(lattice, partial(self._predict, model=DEFAULT_MODEL, hand=None), predict)
        return read_lattice(lattice, predict)

    def _predict(self, frames: Frames, model: str, hand: PersonalModel | None) -> list[Prediction]:
        """What the model says to each frame: a batch at a time, so that nobody waits for all of them."""
        predictions: list[Prediction] = []
        for first in range(0, len(frames), MAX_BATCH):
            batch = frames[first : first + MAX_BATCH]
            asked = [self._batcher.submit(partial(Drawing, frame), model, hand, once=True) for frame in batch]
            predictions += [each.result().prediction for each in asked]
        return predictions

    def _hand(self, visitor: str | None, model: str) -> PersonalModel | None:
        """The visitor's personal model, if there is one."""
        if visitor is None:
            return None
        known: Future[PersonalModel | None] = Future()
        self._hands.with_model(visitor, model, known.set_result)
        return known.result()
