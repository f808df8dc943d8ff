"""The history: all drawings in pages, newest or most doubtful first, as fast from ten million rows as from ten.

A page begins where the one before ended (there is no OFFSET, which would read all rows before it), so drawings that
come or go meanwhile leave none out and show none twice.

Each index of sql/011_history.sql holds what one filter leaves in the order of whole percent, time, id. A page is put
together from one short read for each percent of confidence, none of which goes on after a page's length: at most 101
reads, or 202, whichever order, filter, range or page it is, and however rare or absent what is looked for. That is why
"most doubtful" goes by whole percent, and a percent's drawings by time; and why one index for each filter is enough for
both orders, ranges of confidence and time, and both directions. Several filters at once use the index of one, and look
at the rest row by row: what is rare only in combination takes longer. A model without a version has no index either.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from storage.database import Database
from storage.labels import LABEL
from storage.selection import CONFIDENCE, PERCENT, READ_AS, Selection

PAGE = 48  # drawings: whole rows of a wall that is 2, 3, 4, 6, 8, 12 or 16 wide
BEFORE_ALL = -(2**63)  # an id that comes before every other


class Order(StrEnum):
    """Which drawings come first. Of those with the same confidence, in whole percent, it is the newest."""

    NEWEST = "newest"
    DOUBTFUL = "doubtful"


class Place(NamedTuple):
    """Where a drawing stands in either order."""

    percent: int
    created_at: datetime
    id: int


@dataclass(frozen=True)
class Cursor:
    """Which page: the one that follows a place, or the one `before` it; without a place, the first one or the last."""

    place: Place | None = None
    before: bool = False


FIRST = Cursor()


@dataclass(frozen=True)
class PastDrawing:
    """A drawing, and what everybody's model read: probabilities of 0 to 9, and how likely it is a digit (0-1).

    `label` is 0-9 or NOT_A_DIGIT, None while there is none. `own_digit` is what the person's own model answered
    instead, None where none did. `visitor` is who drew it, None where nobody is known. `image` is a PNG.
    """

    drawing_id: UUID
    created_at: datetime
    read_as: int
    confidence: float
    probabilities: list[float]
    digit_score: float
    own_digit: int | None
    label: int | None
    review: str
    source: str
    model: str
    version: int
    visitor: str | None
    image: bytes


@dataclass(frozen=True)
class HistoryPage:
    """Drawings in their order, and the pages before and after them; None where there is none."""

    drawings: list[PastDrawing]
    back: Cursor | None
    on: Cursor | None


_SHOWN = {
    "read_as": READ_AS,
    "confidence": CONFIDENCE,
    "probabilities": "coalesce(shared_probabilities, probabilities)",
    "own_digit": "CASE WHEN shared_digit IS NOT NULL THEN predicted_digit END",
    "label": LABEL,
    "version": "model_version",
}
_COLUMNS = ", ".join(_SHOWN.get(field.name, field.name) for field in fields(PastDrawing))

# Where the drawings of each percent go on is a row of `starts`; what comes beyond it, in the page's direction, is read.
_STARTS = """(
    SELECT * FROM unnest(%(percents)s::smallint[], %(times)s::timestamptz[], %(ids)s::bigint[]) AS s(percent, at, last)
    ORDER BY percent {back}
) AS starts"""
_READS = f"""
SELECT starts.percent, read.* FROM {_STARTS} CROSS JOIN LATERAL (
    SELECT created_at, id FROM predictions
    WHERE {{conditions}} AND {PERCENT} = starts.percent
          AND (created_at, id) {{beyond}} (starts.at, starts.last) {{nearby}}
    ORDER BY created_at {{way}}, id {{way}} LIMIT {{each}}
) AS read
"""  # noqa: S608 - the names stand above
# The most doubtful are read percent after percent, until a page is full. Of the newest, which may have any percent, a
# page of each would be far too many: the first one of each tells how far a page reaches at most.
_NEARBY = """
AND created_at {within} (
    SELECT coalesce({farthest}(created_at), '{infinity}') FROM (
        SELECT created_at, count(*) OVER () AS all_firsts FROM ({firsts}) AS firsts
        ORDER BY created_at {way}, id {way} LIMIT %(limit)s
    ) AS nearest WHERE all_firsts >= %(limit)s
)
"""
# One drawing more than a page has tells whether there is another page; its picture is not read.
_PAGE = """
WITH found AS MATERIALIZED (SELECT * FROM ({keys}) AS keys ORDER BY {order} LIMIT %(limit)s),
     shown AS (SELECT * FROM found ORDER BY {order} LIMIT %(limit)s - 1)
SELECT (SELECT count(*) FROM found) = %(limit)s, percent, id, {columns}
FROM shown JOIN predictions USING (created_at, id) ORDER BY {order}
"""

PLANNING = "SET LOCAL jit = off; SET LOCAL enable_bitmapscan = off;"
"""What comes before a page's statement. Compiling it would take longer than running it. And the planner, which believes
that every percent has as many drawings, would rather read all of a percent and sort them than read its index in order:
that is fast for the one percent of most and ruinous for the one that has half of them."""


def history(
    database: Database,
    selection: Selection,
    order: Order = Order.NEWEST,
    at: Cursor = FIRST,
    size: int = PAGE,
) -> HistoryPage:
    """A page of at most `size` drawings; `at` is FIRST, or comes from a page of the same selection and order.

    Where nothing is left beyond it, that is the last page or the first one. Raises DatabaseAway.
    """
    page = _page(database, selection, order, at, size)
    if at.place and not page.drawings:
        return _page(database, selection, order, Cursor(None, not at.before), size)
    return page


def _page(database: Database, selection: Selection, order: Order, at: Cursor, size: int) -> HistoryPage:
    statement, given = page_statement(selection, order, at, size)
    with database.transaction() as cursor:
        cursor.execute(PLANNING + statement, given)
        rows = cursor.fetchall()
    more = bool(rows) and rows[0][0]
    if at.before:
        rows.reverse()
    places = [Place(percent, created_at, number) for _, percent, number, _, created_at, *_ in rows]
    drawings = [PastDrawing(*row[3:]) for row in rows]
    earlier, later = (more, at.place) if at.before else (at.place, more)
    return HistoryPage(
        drawings,
        Cursor(places[0], before=True) if places and earlier else None,
        Cursor(places[-1]) if places and later else None,
    )


def page_statement(selection: Selection, order: Order, at: Cursor, size: int) -> tuple[str, dict[str, Any]]:
    """The page's statement, and what it is given."""
    # The date at which reading begins is part of `starts`: beside it, the index would be read from its end.
    conditions, given = replace(selection, **{"since" if at.before else "until": None}).where()
    way, back = ("ASC", "DESC") if at.before else ("DESC", "ASC")
    words = {"conditions": conditions, "beyond": ">" if at.before else "<", "way": way, "back": back}
    by = f"percent {back}, " * (order == Order.DOUBTFUL) + f"created_at {way}, id {way}"
    if order == Order.DOUBTFUL:
        keys = _READS.format(**words, nearby="", each="%(limit)s")
    else:
        firsts = _READS.format(**words, nearby="", each="1")
        within, farthest, infinity = ("<=", "max", "infinity") if at.before else (">=", "min", "-infinity")
        nearby = _NEARBY.format(within=within, farthest=farthest, infinity=infinity, firsts=firsts, way=way)
        keys = _READS.format(**words, nearby=nearby, each="%(limit)s")
    starts = dict(zip(("percents", "times", "ids"), _starts(selection, order, at), strict=True))
    return _PAGE.format(keys=keys, order=by, columns=_COLUMNS), given | starts | {"limit": size + 1}


def _starts(selection: Selection, order: Order, at: Cursor) -> tuple[list[int], list[Any], list[int]]:
    """Where the drawings of each percent go on: the percents that have any left to show, with times and ids."""
    edge: tuple[str | datetime, int]
    edge = ((selection.since or "-infinity") if at.before else (selection.until or "infinity"), BEFORE_ALL)
    place, left = at.place, list(selection.percents)
    if place is None:
        beyond = [edge] * len(left)
    elif order == Order.NEWEST:
        beyond = [(place.created_at, place.id)] * len(left)
    else:
        left = [each for each in left if (each <= place.percent if at.before else each >= place.percent)]
        beyond = [(place.created_at, place.id) if each == place.percent else edge for each in left]
    return left, [time for time, _ in beyond], [number for _, number in beyond]


def versions_served(database: Database) -> list[tuple[str, int]]:
    """Every model and version that has ever answered, the newest of each model first. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute("SELECT model, version FROM promotions GROUP BY model, version ORDER BY model, version DESC")
        return cursor.fetchall()
