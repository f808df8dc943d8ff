"""The SQL of entries, executed in one transaction; an entry's own fault is distinguished from the tables'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import psycopg2
import psycopg2.errors
import psycopg2.extensions

from storage.database import Database, SchemaMismatch
from storage.outages import SCHEMA_MISMATCH, words
from storage.spool import Entry

Cursor = psycopg2.extensions.cursor
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Statement:
    """SQL with named parameters; an entry may leave out those that have `defaults`.

    Every statement knows whether its entry comes `late`: out of the spool, where it was acknowledged already.

    A statement that `returns` a row, how many rows it found and perhaps more, is executed by itself; the others of a
    batch take one round trip. Of a statement with a `row`, a tuple of VALUES, many are executed as one, with their rows
    in place of {rows}: the server then plans it and prepares the table's checks once. No two have one drawing_id.

    `erases` names the parameter whose value must be found nowhere afterwards, not even in what the spool has set aside.
    """

    sql: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    returns: bool = False
    row: str = ""
    erases: str = ""


class Refused(Exception):
    """An entry will never be accepted, whatever the state of the database; the message, for the log, says why."""


class Statements:
    """The statements that the app has, by their names, for one database."""

    def __init__(self, database: Database, statements: Mapping[str, Statement]) -> None:
        self._database, self._statements = database, statements

    def commit(self, entries: Sequence[Entry], late: bool = False) -> list[Row | None]:
        """Execute entries in order in one transaction; the row that each returned.

        Raises DatabaseAway, SchemaMismatch, Refused.
        """
        order = self._order(entries)
        groups = [
            (self._named(name), [{"late": late, **entry.parameters} for entry in group])
            for name, group in groupby((entries[number] for number in order), key=lambda entry: entry.statement)
        ]
        alone = len(groups) == 1 and not groups[0][0].returns
        try:
            with self._database.at_once() if alone else self._database.transaction() as cursor:
                rows = dict(zip(order, (row for group in groups for row in _execute(cursor, *group)), strict=True))
            return [rows[number] for number in range(len(entries))]
        except psycopg2.errors.NotNullViolation as error:
            if any(error.diag.column_name in entry.parameters for entry in entries):
                raise Refused(words(error)) from error
            # The entries say nothing of that column: no entry could.
            raise SchemaMismatch(SCHEMA_MISMATCH) from error
        except (psycopg2.IntegrityError, psycopg2.DataError) as error:
            raise Refused(words(error)) from error

    def _order(self, entries: Sequence[Entry]) -> list[int]:
        """The numbers of entries in the order in which they are executed: first those that go as rows of one statement.

        Between labels they would be a statement for every few. All stay as they are where one concerns more than a
        drawing, or a row comes after something else that concerns its drawing.
        """
        together = [bool(self._named(entry.statement).row) for entry in entries]
        others: set[Any] = set()
        for entry, is_row in zip(entries, together, strict=True):
            drawing = entry.parameters.get("drawing_id")
            if drawing is None or (is_row and drawing in others):
                return list(range(len(entries)))
            if not is_row:
                others.add(drawing)
        return sorted(range(len(entries)), key=lambda number: not together[number])

    def erased(self, entries: Sequence[Entry]) -> list[str]:
        """What committed entries are to have erased everywhere, such as a visitor."""
        known = [(entry, self._statements.get(entry.statement)) for entry in entries]
        return [str(entry.parameters[statement.erases]) for entry, statement in known if statement and statement.erases]

    def fits(self, entry: Entry) -> bool:
        """Whether the tables would take an entry; nothing is written. Raises DatabaseAway."""
        try:
            with suppress(_Undo), self._database.transaction() as cursor:
                _execute(cursor, self._named(entry.statement), [{"late": True, **entry.parameters}])
                raise _Undo
        except (Refused, SchemaMismatch, psycopg2.IntegrityError, psycopg2.DataError):
            return False
        return True

    def _named(self, name: str) -> Statement:
        try:
            return self._statements[name]
        except KeyError:
            raise Refused(f"this version of the app has no statement {name!r}") from None


class _Undo(Exception):
    """Rolls a transaction back."""


def _execute(cursor: Cursor, statement: Statement, parameters: list[dict[str, Any]]) -> list[Row | None]:
    """Execute one statement for each set of parameters, in order. Raises Refused."""
    if not statement.returns:
        cursor.execute(b";".join(_complete(cursor, statement, parameters)))
        return [None] * len(parameters)
    rows: list[Row | None] = []
    for each in _complete(cursor, statement, parameters):
        cursor.execute(each)
        rows.append(cursor.fetchone())
    return rows


def _complete(cursor: Cursor, statement: Statement, parameters: list[dict[str, Any]]) -> list[bytes]:
    """What is to be executed for all sets of parameters, in order. Raises Refused."""
    if not statement.row:
        return [_sql(cursor, statement.sql, statement, each) for each in parameters]
    before, after = (part.encode() for part in statement.sql.split("{rows}"))
    return [
        before + b", ".join(_sql(cursor, statement.row, statement, each) for each in run) + after
        for run in _runs(parameters)
    ]


def _runs(parameters: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Sets of parameters in their order, cut where a drawing comes again: no statement may write a row twice."""
    runs: list[list[dict[str, Any]]] = []
    seen: set[Any] = set()
    for each in parameters:
        drawing = each.get("drawing_id")
        if not runs or drawing in seen:
            runs.append([])
            seen = set()
        runs[-1].append(each)
        seen.add(drawing)
    return runs


def _sql(cursor: Cursor, sql: str, statement: Statement, parameters: dict[str, Any]) -> bytes:
    try:
        return cursor.mogrify(sql, {**statement.defaults, **parameters})
    except KeyError as error:
        raise Refused(f"{error} is missing") from error
    except (ValueError, TypeError, psycopg2.ProgrammingError) as error:
        raise Refused(str(error)) from error
