"""The personal models of the people who draw at present, each built from its rows on first use and kept up to date.

A thread of its own builds them, so that no fit delays the batches. Whoever needs one waits for it, though not long: a
reading goes ahead with what is known, and a label is acknowledged, if it is not there after WAIT seconds.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress

from learning.registry import DEFAULT_MODEL
from learning.weights import ModelMissing
from serving.hand_building import Known, build
from serving.loading import ModelLoader
from serving.personal import PersonalModel
from storage import hands
from storage.database import Database, DatabaseAway
from storage.hands import Hand
from storage.writer import Written

MAX_BYTES = 48_000_000  # of all personal models: those that were not used for longest go first
WAIT = 0.5  # seconds
HURRY = 5.0  # seconds for which nobody waits after the database has not answered in time
POLL_INTERVAL = 1.0  # seconds between two attempts to listen for changes
MOST_AT_ONCE = 16  # people whose rows are read by one query

log = logging.getLogger(__name__)


class HandCache:
    """The personal models in memory, by their visitors. Safe for threads."""

    def __init__(self, database: Database, models: ModelLoader, max_bytes: int = MAX_BYTES) -> None:
        self._database, self._models, self._max_bytes = database, models, max_bytes
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._nbytes = 0
        self._due: dict[str, Future[Known]] = {}
        self._building: set[str] = set()
        self._outdated: set[str] = set()  # of those that are known: who must not be answered before a new look
        self._era = 0  # counts the times at which changes may have been missed
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._waiting: queue.SimpleQueue[tuple[Callable[[], None], Future[Known], float] | None] = queue.SimpleQueue()
        self._reading, self._hurry_until = False, 0.0
        self._closing = False
        loops = {"hands": self._build_all, "hands-deadlines": self._let_go, "hands-changes": self._listen}
        self._threads = [threading.Thread(target=loop, name=name, daemon=True) for name, loop in loops.items()]

    def open(self) -> None:
        """Begin to build and to listen."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End; whoever waits goes ahead without a personal model."""
        with self._lock:
            self._closing = True
            left = list(self._due.values())
        self._queue.put(None)
        self._waiting.put(None)
        for result in left:
            _settle(result, Known())
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=5)

    @property
    def listening(self) -> bool:
        """Whether changes that others make have been heard of since some time."""
        return self._era > 0

    @property
    def size(self) -> tuple[int, int]:
        """How many personal models there are, and how many bytes all that is known takes."""
        with self._lock:
            return sum(known.model is not None for known in self._known.values()), self._nbytes

    def with_model(self, visitor: str, model: str, use: Callable[[PersonalModel | None], object]) -> None:
        """Call `use` with a visitor's personal model for that model, or None; at once, if it is known.

        Only the default model's network describes drawings.
        """
        if model != DEFAULT_MODEL:
            use(None)
        else:
            self._with_known(visitor, lambda known: use(known.model if known.active else None))

    def look(self, visitor: str) -> Known:
        """What is known of a visitor."""
        found: Future[Known] = Future()
        self._with_known(visitor, found.set_result)
        return found.result()

    def relearned(self, written: Future[Written], visitor: str | None = None) -> Future[Written]:
        """What was written, done when the personal model that it concerns is up to date.

        That is the named visitor's, or of whoever drew the labelled drawing, as the label's row says. What is in the
        spool concerns it only once it is delivered.
        """
        relearned: Future[Written] = Future()
        relearned.set_running_or_notify_cancel()

        def then(done: Future[Written]) -> None:
            if error := done.exception():
                relearned.set_exception(error)
                return
            result = done.result()
            whose = visitor or (result.row[2] if result.row and len(result.row) > 2 else None)
            if result.outcome == "refused" or result.spooled or not whose or not self._concerns(whose):
                relearned.set_result(result)
            else:
                self._within(whose, self._order(whose, outdated=True), lambda _: relearned.set_result(result))

        written.add_done_callback(then)
        return relearned

    def switched(self, written: Future[Written], visitor: str, known: Known) -> Future[Written]:
        """As relearned, for what a visitor wants of their model; while the database is away, it is `known` at once."""

        def then(done: Future[Written]) -> None:
            if not done.exception() and done.result().spooled:
                with self._lock:
                    era = self._era
                self._keep(visitor, known, era)

        written.add_done_callback(then)
        return self.relearned(written, visitor)

    # --- Waiting ------------------------------------------------------------------------------------------------------

    def _with_known(self, visitor: str, use: Callable[[Known], object]) -> None:
        with self._lock:
            known = self._fitting(visitor)
            if known:
                self._known.move_to_end(visitor)
        if known and visitor not in self._outdated:
            use(known)
            return
        ordered = self._order(visitor)
        if self._models.loading:
            _then(ordered, use)  # a reading waits for the model anyway
        elif time.monotonic() < self._hurry_until:
            use(known or Known())
        else:
            self._within(visitor, ordered, use)

    def _fitting(self, visitor: str) -> Known | None:
        """What is known of a visitor, unless its model was made for another version than the one that serves."""
        known = self._known.get(visitor)
        if known is None or known.model is None or self._models.loading or self._models.error:
            return known
        serving = self._models.predictor().models.get(DEFAULT_MODEL)
        return known if serving is not None and serving.key == known.model.key else None

    def _concerns(self, visitor: str) -> bool:
        """Whether anything is known of a visitor that may now be out of date."""
        with self._lock:
            return visitor in self._known or visitor in self._due or visitor in self._building

    def _order(self, visitor: str, *, outdated: bool = False) -> Future[Known]:
        """What will be known of a visitor after a look at rows that are not read yet."""
        with self._lock:
            if self._closing:
                closed: Future[Known] = Future()
                closed.set_result(Known())
                return closed
            if outdated:
                self._outdated.add(visitor)
            if visitor not in self._due:
                self._due[visitor] = Future()
                self._queue.put(visitor)
            return self._due[visitor]

    def _within(self, visitor: str, ordered: Future[Known], use: Callable[[Known], object]) -> None:
        """Call `use` with what was ordered, or after WAIT with what is known."""
        bounded: Future[Known] = Future()
        _then(bounded, use)
        _then(ordered, lambda known: _settle(bounded, known))
        if not bounded.done():

            def give_up() -> None:
                with self._lock:
                    known = self._fitting(visitor)
                _settle(bounded, known or Known())

            self._waiting.put((give_up, bounded, time.monotonic() + WAIT))

    def _let_go(self) -> None:
        """Let go whoever has waited long enough; all wait equally long, so the first to come is the first to go."""
        while (waiting := self._waiting.get()) is not None:
            give_up, bounded, end = waiting
            try:
                bounded.result(max(0.0, end - time.monotonic()))
            except TimeoutError:
                if self._reading:
                    self._hurry_until = time.monotonic() + HURRY
                give_up()

    # --- Building -----------------------------------------------------------------------------------------------------

    def _build_all(self) -> None:
        while not self._closing:
            ordered, era = self._take()
            found = self._rows(list(ordered))
            for visitor, result in ordered.items():
                _settle(result, self._renewed(visitor, found.get(visitor), era))
            with self._lock:
                self._building = set()

    def _take(self) -> tuple[dict[str, Future[Known]], int]:
        """What has been ordered, at least one, unless it is time to end; and the era."""
        visitors = [self._queue.get()]
        with suppress(queue.Empty):
            while len(visitors) < MOST_AT_ONCE:
                visitors.append(self._queue.get_nowait())
        with self._lock:
            ordered = {visitor: self._due.pop(visitor) for visitor in visitors if visitor is not None}
            self._building = set(ordered)
            self._outdated -= self._building
            return ordered, self._era

    def _rows(self, visitors: list[str]) -> dict[str, Hand]:
        """The visitors' rows; nothing where they cannot be read."""
        if self._database.starting:
            self._database.wait_until_ready(2.0)
        self._reading = True
        try:
            return hands.hands(self._database, visitors) if visitors else {}
        except DatabaseAway:
            return {}
        except Exception:  # nobody may wait for a thread that has ended
            log.exception("the rows of personal models cannot be read")
            return {}
        finally:
            self._reading = False

    def _renewed(self, visitor: str, hand: Hand | None, era: int) -> Known:
        """What is known of a visitor from now on; without rows, what was known, and the next reading looks again."""
        before = self._known.get(visitor, Known())
        if hand is None:
            with self._lock:
                self._outdated |= self._known.keys() & {visitor}
            return before
        try:
            known = build(hand, before, lambda: self._models.predictor().model(DEFAULT_MODEL))
        except ModelMissing:
            return Known()
        except Exception:
            log.exception("a personal model cannot be built")
            known = Known(hand.enabled)
        self._keep(visitor, known, era)
        return known

    def _keep(self, visitor: str, known: Known, era: int) -> None:
        with self._lock:
            if era != self._era:
                return  # the rows may be out of date
            if before := self._known.pop(visitor, None):
                self._nbytes -= before.nbytes
            self._known[visitor] = known
            self._nbytes += known.nbytes
            while self._nbytes > self._max_bytes and len(self._known) > 1:
                gone, dropped = self._known.popitem(last=False)
                self._nbytes -= dropped.nbytes
                self._outdated.discard(gone)

    # --- Changes that others made -------------------------------------------------------------------------------------

    def _listen(self) -> None:
        while not self._closing:
            try:
                self._follow()
            except DatabaseAway:
                pass
            except Exception:  # or this replica would go by old labels for ever
                log.exception("listening for labels failed; it goes on")
            time.sleep(0 if self._closing else POLL_INTERVAL)

    def _follow(self) -> None:
        """Renew whoever's labels have changed; know nobody where changes may have been missed. Raises DatabaseAway."""
        missed = True
        for visitors in hands.changes(self._database, POLL_INTERVAL):
            if self._closing:
                return
            if missed:
                with self._lock:
                    self._known.clear()
                    self._outdated.clear()
                    self._nbytes, missed = 0, False
                    self._era += 1
            for visitor in visitors:
                if self._concerns(visitor):
                    self._order(visitor)


def _then(future: Future[Known], use: Callable[[Known], object]) -> None:
    future.add_done_callback(lambda done: use(done.result()))


def _settle(future: Future[Known], known: Known) -> None:
    """Give a future its result, unless it has one."""
    with suppress(InvalidStateError):
        future.set_result(known)
