"""A number on the page: how its digits were read last, and what its visitor has said of each of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

from frames.lattice import Lattice
from frames.masks import NoInk
from frames.segmentation import TooManyDigits
from serving.app_state import AppState
from serving.whole_numbers import Digit, Numbers
from storage.withdrawal import withdraw

NOTHING = Numbers(())


@dataclass
class WholeNumber:
    """What is known of a number that is drawn or was uploaded; `number_id` is a secret of its visitor."""

    source: str
    number_id: UUID = field(default_factory=uuid4)
    numbers: Numbers = NOTHING
    refusal: str = ""
    """Why nothing could be read."""
    labels: dict[UUID, int] = field(default_factory=dict)
    read_of: Hashable = None
    """What the digits were read of: the state of a canvas or file, and the model."""

    def read(
        self,
        state: AppState,
        make_lattice: Callable[[], Lattice],
        of: Hashable,
        model: str,
        visitor: str,
        wanted: Callable[[Numbers], bool] = lambda numbers: True,
    ) -> bool:
        """Read the digits, unless they have been read `of` the very same already, and keep those that are `wanted`.

        Returns whether they were read now. Raises ModelMissing.
        """
        if of == self.read_of:
            return False
        keeps = not state.settings.read_only
        owner = visitor if keeps else None
        try:
            found, self.refusal = (
                state.numbers.read(make_lattice, model, self.source, owner, self.number_id).result(),
                "",
            )
        except (NoInk, TooManyDigits) as error:
            found, self.refusal = NOTHING, str(error)
        self._take(state, found if wanted(found) else NOTHING, visitor, keeps)
        self.read_of = of
        return True

    def forget(self, state: AppState, visitor: str) -> None:
        """Nothing is left of it: its last stroke was undone."""
        if self.read_of is not None:
            self._take(state, NOTHING, visitor, not state.settings.read_only)
            self.read_of, self.refusal = None, ""

    def read_again(self, state: AppState, model: str, visitor: str) -> None:
        """Read the digits that have no label once more: what was said of another may have taught to read them."""
        waiting = {
            digit.reading.drawing_id: state.reader.read(
                lambda drawing=digit.reading.drawing: drawing, model, self.source, visitor, digit.reading.drawing_id
            )
            for digit in self.numbers.digits
            if digit.reading.drawing_id not in self.labels
        }
        read = {drawing_id: reading.result() for drawing_id, reading in waiting.items()}
        for reading in read.values():
            state.reader.keep(reading)
        self.numbers = Numbers(
            tuple(
                tuple(replace(digit, reading=read.get(digit.reading.drawing_id, digit.reading)) for digit in line)
                for line in self.numbers.lines
            )
        )

    def find(self, drawing_id: str, mark: str) -> Digit | None:
        """One of its digits, if its ink is still what it was when it was shown with this mark."""
        for digit in self.numbers.digits:
            if str(digit.reading.drawing_id) == drawing_id and mark_of(digit) == mark:
                return digit
        return None

    def _take(self, state: AppState, numbers: Numbers, visitor: str, keeps: bool) -> None:
        """Show these digits from now on, and let the rows be theirs. A label stays only with the ink that it was for."""
        before = {digit.reading.drawing_id: mark_of(digit) for digit in self.numbers.digits}
        now = {digit.reading.drawing_id: mark_of(digit) for digit in numbers.digits}
        changed = [each for each in self.labels if now.get(each) != before.get(each)]
        for drawing_id in changed:
            del self.labels[drawing_id]
            if drawing_id in now:
                state.hands.relearned(withdraw(state.writer, drawing_id, visitor), visitor)
        if keeps:
            state.numbers.keep(numbers, self.numbers)
        self.numbers = numbers


def mark_of(digit: Digit) -> str:
    """A short text that is another one for other ink."""
    return hashlib.blake2b(digit.reading.drawing.frame.tobytes(), digest_size=8).hexdigest()
