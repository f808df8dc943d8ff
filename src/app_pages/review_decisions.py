"""Decisions on labels: each order from the page is carried out once, and can be undone."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from app_pages.review_words import label_words
from learning.classes import DIGITS, NOT_A_DIGIT
from storage import review
from storage.database import Database, DatabaseAway

MAX_UNDO = 50  # orders that can be undone
MAX_SEEN = 200  # orders that are known again: a message has far fewer
LABELS = (*range(DIGITS), NOT_A_DIGIT)
VERDICTS = ("approved", "rejected", "undo", *(str(label) for label in LABELS))


class Order(NamedTuple):
    """What an administrator wants done: a verdict on drawings, or ("undo") an earlier order, `of`, taken back."""

    id: str
    verdict: str
    drawings: tuple[UUID, ...]
    of: str = ""


class Done(NamedTuple):
    """An order that can be undone: its id, its action's in the database, and what it did."""

    order: str
    action: UUID
    words: str


@dataclass
class Ledger:
    """The orders of one administrator: the last ones that were seen to, and those that can be undone.

    `outcome` is what came of the last one; `trouble` why some were not carried out. Streamlit may handle two messages
    of one page at the same time, in two threads: `lock` keeps the orders in their order.
    """

    seen: list[str] = field(default_factory=list)
    past: list[Done] = field(default_factory=list)
    outcome: str = ""
    trouble: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)


def orders_of(message: Any) -> list[Order]:
    """The orders in a message of the page, in their order; what is none is left out."""
    found = []
    for each in message if isinstance(message, list) else []:
        try:
            drawings = tuple(UUID(drawing_id) for drawing_id in each["drawings"])
            order = Order(str(each["id"]), str(each["verdict"]), drawings, str(each.get("of", "")))
        except (AttributeError, KeyError, TypeError, ValueError):
            continue
        if order.verdict in VERDICTS:
            found.append(order)
    return found


def carry_out(ledger: Ledger, database: Database, orders: Sequence[Order]) -> None:
    """Carry out the orders that were not seen to before; the ledger has what came of them.

    A message has every order that the page does not yet know to be done, the oldest first.
    """
    with ledger.lock:
        new = [order for order in orders if order.id not in ledger.seen]
        if new:
            ledger.trouble = ""
        ledger.seen = [*ledger.seen, *(order.id for order in new)][-MAX_SEEN:]
        for place, order in enumerate(new):
            try:
                undo = order.verdict == "undo"
                ledger.outcome = _undo(ledger, database, order) if undo else _do(ledger, database, order)
            except DatabaseAway:
                ledger.trouble = _lost(len(new) - place)
                return


def _do(ledger: Ledger, database: Database, order: Order) -> str:
    many = "1 label" if len(order.drawings) == 1 else f"{len(order.drawings)} labels"
    if order.verdict == "approved":
        action, words = review.approve(database, order.drawings), f"{many} approved"
    elif order.verdict == "rejected":
        action, words = review.reject(database, order.drawings), f"{many} rejected"
    else:
        label = int(order.verdict)
        action, words = review.relabel(database, order.drawings, label), f"{many} changed to {label_words(label)}"
    ledger.past = [*ledger.past, Done(order.id, action, words)][-MAX_UNDO:]
    return f"{words}."


def _undo(ledger: Ledger, database: Database, order: Order) -> str:
    done = next((each for each in ledger.past if each.order == order.of), None)
    if done is None:
        return "There is nothing to undo."
    count = review.undo(database, done.action)
    ledger.past.remove(done)
    return f"Undone: {done.words}." if count else "It has changed since, so it was left as it is."


def _lost(count: int) -> str:
    what = "your last decision was" if count == 1 else f"your last {count} decisions were"
    return f"The database is unavailable, so {what} not saved. Decide again when it is back."
