"""The personal models of the people who draw at present, each built from its rows on first use and kept up to date.

A thread of its own builds them, so that no fit delays anybody's reading. Whoever needs one waits for it, though not
long: a reading goes ahead with everybody's model, and a label is acknowledged, if it is not there after WAIT seconds.
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
HURRY = 5.0  # seconds for which nobody waits after somebody has waited in vain
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
        self._era = 0  # counts the times at which changes may have been missed
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._waiting: queue.SimpleQueue[tuple[Future[Known], float] | None] = queue.SimpleQueue()
        self._hurry_until = 0.0
        self._closing = threading.Event()
        loops = {"hands": self._build_all, "hands-deadlines": self._let_go, "hands-changes": self._listen}
        self._threads = [threading.Thread(target=loop, name=name, daemon=True) for name, loop in loops.items()]

    def open(self) -> None:
        """Begin to build and to listen."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End, within a second or so; whoever waits goes ahead without a personal model."""
        self._closing.set()
        self._queue.put(None)
        self._waiting.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=5)
        with self._lock:
            left = list(self._due.values())
        for result in left:
            _settle(result, Known())

    @property
    def size(self) -> tuple[int, int]:
        """How many people are known, and how many bytes that takes."""
        return len(self._known), self._nbytes

    def with_model(self, visitor: str, model: str, use: Callable[[PersonalModel | None], object]) -> None:
        """Call `use` with a visitor's personal model for that model, or None; at once, if it is known.

        Only the default model's network describes drawings.
        """
        if model != DEFAULT_MODEL:
            use(None)
        else:
            self._with_known(visitor, lambda known: use(known.model if known.enabled else None))

    def look(self, visitor: str) -> Known:
        """What is known of a visitor."""
        found: Future[Known] = Future()
        self._with_known(visitor, found.set_result)
        return found.result()

    def relearned(self, written: Future[Written], visitor: str | None = None) -> Future[Written]:
        """What was written, done when the personal model that it concerns is up to date.

        That is the named visitor's, or of whoever drew the labelled drawing, as the label's row says.
        """
        relearned: Future[Written] = Future()
        relearned.set_running_or_notify_cancel()

        def then(done: Future[Written]) -> None:
            if error := done.exception():
                relearned.set_exception(error)
                return
            result = done.result()
            whose = visitor or (result.row[2] if result.row and len(result.row) > 2 else None)
            if result.spooled or not whose or not self._concerns(whose):
                relearned.set_result(result)
            else:
                _then(self._within(self._order(whose)), lambda _: relearned.set_result(result))

        written.add_done_callback(then)
        return relearned

    # --- Waiting ------------------------------------------------------------------------------------------------------

    def _with_known(self, visitor: str, use: Callable[[Known], object]) -> None:
        with self._lock:
            known = self._known.get(visitor)
            if known and visitor not in self._due and self._fits(known):
                self._known.move_to_end(visitor)
            else:
                known = None
        if known:
            use(known)
        elif time.monotonic() < self._hurry_until or self._closing.is_set():
            use(Known())
        else:
            ordered = self._order(visitor)
            # A reading waits for the model anyway, while it is loading.
            _then(ordered if self._models.loading else self._within(ordered), use)

    def _fits(self, known: Known) -> bool:
        """Whether a personal model was made for the version that serves."""
        if known.model is None or self._models.loading or self._models.error:
            return True
        serving = self._models.predictor().models.get(DEFAULT_MODEL)
        return serving is not None and serving.key == known.model.key

    def _concerns(self, visitor: str) -> bool:
        """Whether anything is known of a visitor that may now be out of date."""
        with self._lock:
            return visitor in self._known or visitor in self._due or visitor in self._building

    def _order(self, visitor: str) -> Future[Known]:
        """What will be known of a visitor after a look at rows that are not read yet."""
        with self._lock:
            if visitor not in self._due:
                self._due[visitor] = Future()
                self._queue.put(visitor)
            return self._due[visitor]

    def _within(self, ordered: Future[Known]) -> Future[Known]:
        """The same, with nothing known where it takes longer than WAIT."""
        bounded: Future[Known] = Future()
        _then(ordered, lambda known: _settle(bounded, known))
        if not bounded.done():
            self._waiting.put((bounded, time.monotonic() + WAIT))
        return bounded

    def _let_go(self) -> None:
        """Let go whoever has waited long enough; all wait equally long, so the first to come is the first to go."""
        while (waiting := self._waiting.get()) is not None:
            bounded, end = waiting
            try:
                bounded.result(max(0.0, end - time.monotonic()))
            except TimeoutError:
                self._hurry_until = time.monotonic() + HURRY
                _settle(bounded, Known())

    # --- Building -----------------------------------------------------------------------------------------------------

    def _build_all(self) -> None:
        while not self._closing.is_set():
            ordered, era = self._take()
            try:
                found = self._rows(list(ordered))
            except DatabaseAway:
                found = {}
            except Exception:  # nobody may wait for a thread that has ended
                log.exception("the rows of personal models cannot be read")
                found = {}
            for visitor, result in ordered.items():
                _settle(result, self._renewed(visitor, found.get(visitor), era))

    def _take(self) -> tuple[dict[str, Future[Known]], int]:
        """What has been ordered, at least one, unless it is time to end; and the era."""
        visitors = [self._queue.get()]
        with suppress(queue.Empty):
            while len(visitors) < MOST_AT_ONCE:
                visitors.append(self._queue.get_nowait())
        with self._lock:
            ordered = {visitor: self._due.pop(visitor) for visitor in visitors if visitor is not None}
            self._building = set(ordered)
            return ordered, self._era

    def _rows(self, visitors: list[str]) -> dict[str, Hand]:
        if self._database.starting:
            self._database.wait_until_ready(2.0)
        return hands.hands(self._database, visitors) if visitors else {}

    def _renewed(self, visitor: str, hand: Hand | None, era: int) -> Known:
        """What is known of a visitor from now on; without rows, what was known before."""
        before = self._known.get(visitor)
        if hand is None:
            return before or Known()
        try:
            known = build(hand, before or Known(), lambda: self._models.predictor().models[DEFAULT_MODEL])
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
            if visitor in self._known:
                self._nbytes -= self._known.pop(visitor).nbytes
            self._known[visitor] = known
            self._nbytes += known.nbytes
            while self._nbytes > self._max_bytes and len(self._known) > 1:
                self._nbytes -= self._known.popitem(last=False)[1].nbytes

    # --- Changes that others made -------------------------------------------------------------------------------------

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                self._follow()
            except DatabaseAway:
                pass
            except Exception:  # or this replica would go by old labels for ever
                log.exception("listening for labels failed; it goes on")
            self._closing.wait(POLL_INTERVAL)

    def _follow(self) -> None:
        """Renew whoever's labels have changed; know nobody where changes may have been missed. Raises DatabaseAway."""
        missed = True
        for visitors in hands.changes(self._database, POLL_INTERVAL):
            if self._closing.is_set():
                return
            if missed:
                with self._lock:
                    self._known.clear()
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
