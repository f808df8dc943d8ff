"""What a personal model is made of: one's own labels, and what one wants of it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from storage.announcements import listen
from storage.database import Database
from storage.spool import Entry
from storage.statements import Statement
from storage.writer import Writer, Written

MAX_LABELS = 300  # a person's newest
CHANNEL = "digit_reader_hands"  # as in sql/005


@dataclass(frozen=True)
class OwnLabel:
    """A drawing, as the bytes of its PNG, and what its person says it is (0-9)."""

    image: bytes
    label: int


@dataclass(frozen=True)
class Hand:
    """A person's labels, the newest first, and whether they are to change what that person is answered."""

    labels: list[OwnLabel]
    enabled: bool = True


# Every digit counts, whoever reviews it, unless a review has rejected it. What is not a digit says nothing of a hand.
_HANDS = """
SELECT v.visitor, coalesce(h.enabled, true), p.image, p.true_label
FROM unnest(%(visitors)s::text[]) AS v (visitor) LEFT JOIN hands h USING (visitor) LEFT JOIN LATERAL (
    SELECT image, true_label, labelled_at, id FROM predictions
    WHERE coalesce(visitor, '') = v.visitor AND labelled_at IS NOT NULL AND NOT not_a_digit
          AND review <> 'rejected' AND (h.forgotten_at IS NULL OR labelled_at > h.forgotten_at)
    ORDER BY labelled_at DESC, id DESC LIMIT %(limit)s
) p ON true
ORDER BY v.visitor, p.labelled_at DESC, p.id DESC
"""


def hands(database: Database, visitors: Sequence[str]) -> dict[str, Hand]:
    """The hand of each visitor, with the newest MAX_LABELS labels. Raises DatabaseAway."""
    with database.at_once() as cursor:
        cursor.execute(_HANDS, {"visitors": list(visitors), "limit": MAX_LABELS})
        found: dict[str, Hand] = {}
        for visitor, enabled, image, label in cursor:
            hand = found.setdefault(visitor, Hand([], enabled))
            if image is not None:
                hand.labels.append(OwnLabel(image, label))
        return found


_ENABLE = """
INSERT INTO hands (visitor, enabled) VALUES (%(visitor)s, %(enabled)s)
ON CONFLICT (visitor) DO UPDATE SET enabled = excluded.enabled
"""

# The clock, not the transaction's start: the spool delivers what is said before and after in one.
_FORGET = """
INSERT INTO hands (visitor, forgotten_at) VALUES (%(visitor)s, clock_timestamp())
ON CONFLICT (visitor) DO UPDATE SET forgotten_at = excluded.forgotten_at
"""


def statements() -> dict[str, Statement]:
    """The statements that the writer knows by name."""
    return {"hand-enabled": Statement(_ENABLE), "hand-forgotten": Statement(_FORGET)}


def enable(writer: Writer, visitor: str, enabled: bool) -> Future[Written]:
    """Say whether a visitor's labels are to change what they are answered."""
    return writer.submit(Entry("hand-enabled", {"visitor": visitor, "enabled": enabled}))


def forget(writer: Writer, visitor: str) -> Future[Written]:
    """Have none of a visitor's labels given up to now count for their personal model."""
    return writer.submit(Entry("hand-forgotten", {"visitor": visitor}))


def changes(database: Database, every: float = 1.0) -> Generator[list[str]]:
    """Yield the visitors whose hands have changed, as announcements.listen does. Raises DatabaseAway."""
    return listen(database, CHANNEL, every)
