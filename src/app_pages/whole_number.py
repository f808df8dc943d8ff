"""A number on the page: how its digits were read last, and what its visitor has said of each of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Hashable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple
from uuid import UUID, uuid4

import streamlit as st

from app_pages.turns import elsewhere
from frames.drawing import Drawing
from frames.lattice import Lattice
from frames.masks import NoInk, Pixels
from frames.preprocessing import from_png
from frames.segmentation import TooManyDigits
from serving.app_state import AppState
from serving.batching import TooManyAtOnce
from serving.page_readings import DrawingState
from serving.reading import Reading
from serving.whole_numbers import Digit, Numbers
from storage.database import DatabaseAway
from storage.visitor_labels import labels_of
from storage.withdrawal import withdraw

NOTHING = Numbers((), (1, 1))
REVISION_DIGITS = 10  # hexadecimal, of a mark: as many as a page's revision may have
TOO_MANY = "These are too many digits for one number: take some away."


class Label(NamedTuple):
    """What a digit was said to be (0-9 or NOT_A_DIGIT), and the mark of the ink that this was said of."""

    label: int
    mark: str


@dataclass
class WholeNumber:
    """What is known of a number that is drawn or was uploaded; `number_id` is a secret of its visitor."""

    source: str
    number_id: UUID = field(default_factory=uuid4)
    numbers: Numbers = NOTHING
    refusal: str = ""
    """Why nothing could be read."""
    labels: dict[UUID, Label] = field(default_factory=dict)
    deleted: set[UUID] = field(default_factory=set)
    """Digits whose rows their visitor has deleted: only another label brings one back."""
    restored: bool = False
    """Whether the browser brought it back: what was said of its digits before is in the database."""
    read_of: Hashable = None
    """What the digits were read of: the state of a canvas or file, and the model."""

    # --- Reading ------------------------------------------------------------------------------------------------------

    def read(
        self,
        state: AppState,
        make_lattice: Callable[[], Lattice],
        of: Hashable,
        model: str,
        visitor: str,
        wanted: Callable[[Numbers], bool] | None = None,
    ) -> bool:
        """Read the digits, unless they have been read `of` the very same already, and keep them, if they are `wanted`.

        Returns whether they were read now. Raises ModelMissing, and what `make_lattice` raises of a file.
        """
        if of == self.read_of:
            return False
        owner = None if state.settings.read_only else visitor
        try:
            with elsewhere():
                found = state.numbers.read(make_lattice, model, self.source, owner, self.number_id).result()
        except NoInk:
            found = NOTHING
        except TooManyDigits as error:
            self.read_of, self.refusal = of, TOO_MANY if self.source == "canvas" else str(error)
            return True  # what was read before stays
        except TooManyAtOnce as error:
            self.refusal = str(error)
            return False  # the next run tries again
        self.read_of, self.refusal = of, ""
        self._take(state, found if wanted is None or wanted(found) else NOTHING, visitor)
        return True

    def forget(self, state: AppState, visitor: str) -> None:
        """Nothing is left of it: its last stroke was undone."""
        if self.read_of is not None:
            self._take(state, NOTHING, visitor)
            self.read_of, self.refusal = None, ""

    def read_again(self, state: AppState, model: str, visitor: str) -> None:
        """Read the digits that have no label once more: what was said of another may have taught to read them."""
        readings = {
            digit.reading.drawing_id: state.reader.read(
                partial(_same, digit.reading.drawing), model, self.source, visitor, digit.reading.drawing_id
            )
            for digit in self.numbers.digits
            if self.label_of(digit) is None
        }

        def anew(digit: Digit) -> Digit:
            read = readings.get(digit.reading.drawing_id)
            try:
                return replace(digit, reading=_among_digits(digit, read.result())) if read else digit
            except TooManyAtOnce:
                return digit  # as it was read before

        lines = tuple(tuple(map(anew, line)) for line in self.numbers.lines)
        self.numbers = replace(self.numbers, lines=lines)
        _let_ask_why(state, self.numbers, visitor)
        state.numbers.keep(_without(self.deleted, self.numbers))

    def _take(self, state: AppState, numbers: Numbers, visitor: str) -> None:
        """Show these digits from now on, and let the rows be theirs.

        A label stays only with the ink that it is of; its row stays also where that is no digit of the number any more.
        """
        if self.restored:
            self._remember(state, numbers, visitor)
        for digit in numbers.digits:
            drawing_id = digit.reading.drawing_id
            if drawing_id in self.labels and self.label_of(digit) is None:
                del self.labels[drawing_id]
                state.hands.relearned(withdraw(state.writer, drawing_id, visitor), visitor)
        if not state.settings.read_only:
            state.numbers.keep(_without(self.deleted, numbers), _without(self.labels.keys(), self.numbers))
        _let_ask_why(state, numbers, visitor)
        self.numbers = numbers

    def _remember(self, state: AppState, numbers: Numbers, visitor: str) -> None:
        """Know again what was said of these digits; while the database is away, as if nothing had been."""
        ids = [digit.reading.drawing_id for digit in numbers.digits]
        with suppress(DatabaseAway):
            for drawing_id, said in labels_of(state.database, ids, visitor).items():
                self.labels[drawing_id] = Label(said.label, mark_of(from_png(said.image)))
        self.restored = False

    # --- What is said of the digits -----------------------------------------------------------------------------------

    def label_of(self, digit: Digit) -> int | None:
        """What a digit was said to be, if its ink is still what it was then."""
        known = self.labels.get(digit.reading.drawing_id)
        return known.label if known and known.mark == mark_of(digit.reading.drawing.frame) else None

    def say(self, digit: Digit, label: int | None) -> None:
        """Know what a digit was said to be, or that nothing is said of it any more."""
        self.labels.pop(digit.reading.drawing_id, None)
        if label is not None:
            self.labels[digit.reading.drawing_id] = Label(label, mark_of(digit.reading.drawing.frame))

    def find(self, drawing_id: UUID) -> Digit | None:
        """One of its digits."""
        return next((digit for digit in self.numbers.digits if digit.reading.drawing_id == drawing_id), None)


def state_of(digit: Digit, visitor: str) -> DrawingState:
    """A digit as it is on the page. Its ink stands for whatever changes it."""
    reading = digit.reading
    revision = int(mark_of(reading.drawing.frame)[:REVISION_DIGITS], 16)
    return DrawingState(reading.drawing_id, revision, 1, reading.prediction.model, visitor, reading.source)


def _let_ask_why(state: AppState, numbers: Numbers, visitor: str) -> None:
    """Remember the readings, so that the visitor can ask why they are what they are."""
    for digit in numbers.digits:
        state.page_readings.remember(state_of(digit, visitor), digit.reading)


def digit_labelled(drawing_id: UUID, label: int | None) -> None:
    """A drawing was given a label, or none any more, in a list: a digit of the number on the page may be it."""
    number: WholeNumber | None = st.session_state.get("number")
    if number and (digit := number.find(drawing_id)):
        number.say(digit, label)


def digit_deleted(drawing_id: UUID) -> None:
    """A drawing was deleted in a list: if it is a digit on the page, it may be seen there, but not be kept again."""
    number: WholeNumber | None = st.session_state.get("number")
    if number and (digit := number.find(drawing_id)):
        number.say(digit, None)
        number.deleted.add(drawing_id)


def mark_of(frame: Pixels) -> str:
    """A short text that is another one for other ink in a frame."""
    return hashlib.blake2b(frame.tobytes(), digest_size=8).hexdigest()


def _same(drawing: Drawing) -> Drawing:
    return drawing


def _among_digits(digit: Digit, reading: Reading) -> Reading:
    """A new reading of a digit; that it is one may have been told from those beside it, which stays true."""
    is_digit = reading.prediction.is_digit or digit.reading.prediction.is_digit
    return replace(reading, prediction=replace(reading.prediction, is_digit=is_digit))


def _without(those: Collection[UUID], numbers: Numbers) -> Numbers:
    lines = ((digit for digit in line if digit.reading.drawing_id not in those) for line in numbers.lines)
    return replace(numbers, lines=tuple(map(tuple, lines)))
