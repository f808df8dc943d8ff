"""What an error of psycopg2 means: whose fault it is, a sentence for visitors, and PostgreSQL's words for the log."""

from __future__ import annotations

import psycopg2
import psycopg2.errorcodes

SCHEMA_MISMATCH = "The database's tables do not fit this version of the app."

_BY_CODE = {
    psycopg2.errorcodes.INSUFFICIENT_PRIVILEGE: "The app's database user lacks the rights that it needs.",
    psycopg2.errorcodes.READ_ONLY_SQL_TRANSACTION: "The database is read-only.",
    psycopg2.errorcodes.DISK_FULL: "The database's disk is full.",
}
_BY_WORDS = {
    "is closed": "The database is closed.",
    "refused": "The database refuses connections: it is not running.",
    "authentication failed": "The database does not accept the password.",
    "does not exist": "The database of that name does not exist.",
    "timeout": "The database takes too long to answer.",
    "does not answer": "The database does not answer.",
    "embedded PostgreSQL": "The app's own database does not start.",
}


def is_mismatch(error: Exception) -> bool:
    """Whether the server rejects a statement, whatever its values: a table or column is missing, or the rights."""
    return isinstance(error, psycopg2.ProgrammingError) and bool(error.pgcode)


def is_callers(error: psycopg2.Error) -> bool:
    """Whether the values are wrong that a statement was given, or a cursor is used wrongly: then there is no code."""
    values = isinstance(error, psycopg2.IntegrityError | psycopg2.DataError)
    return values or (isinstance(error, psycopg2.ProgrammingError) and not error.pgcode)


def sentence(error: Exception) -> str:
    """Why the database is unavailable, without addresses, names or SQL."""
    if isinstance(error, psycopg2.Error) and error.pgcode in _BY_CODE:
        return _BY_CODE[error.pgcode]
    if is_mismatch(error):
        return SCHEMA_MISMATCH
    text = f"{error} {error.__context__}"  # leaving a broken transaction raises another error over the first
    return next((reason for sign, reason in _BY_WORDS.items() if sign in text), "The database cannot be reached.")


def words(error: BaseException | None) -> str:
    """What PostgreSQL says, without the values of the statement; "" if it says nothing."""
    return (error.diag.message_primary if isinstance(error, psycopg2.Error) else None) or ""
