"""What an error of PostgreSQL is for a visitor: one sentence, without its words."""

from __future__ import annotations

import psycopg2
import pytest

from storage.embedded import EmbeddedServer
from storage.outages import SCHEMA_MISMATCH, is_callers, is_mismatch, sentence, words
from support.outage import run


@pytest.mark.parametrize(
    ("statement", "said", "said_in_log"),
    [
        ("SELECT * FROM nowhere", SCHEMA_MISMATCH, 'relation "nowhere" does not exist'),
        ("SELECT nothing FROM pg_class", SCHEMA_MISMATCH, 'column "nothing" does not exist'),
        ("SELECT nothing(1)", SCHEMA_MISMATCH, "function nothing(integer) does not exist"),
        (
            "BEGIN READ ONLY; CREATE TABLE no_table ()",
            "The database is read-only.",
            "cannot execute CREATE TABLE in a read-only transaction",
        ),
        (
            "SET LOCAL ROLE pg_monitor; DROP TABLE pg_class",
            "The app's database user lacks the rights that it needs.",
            "must be owner of table pg_class",
        ),
        (
            "SET statement_timeout = 10; SELECT pg_sleep(1)",
            "The database takes too long to answer.",
            "canceling statement due to statement timeout",
        ),
    ],
)
def test_an_error_of_the_server_is_said_in_one_sentence(
    server: EmbeddedServer, statement: str, said: str, said_in_log: str
) -> None:
    with pytest.raises(psycopg2.Error) as caught:
        run(server.start(), statement)
    assert (sentence(caught.value), words(caught.value)) == (said, said_in_log)
    assert not is_callers(caught.value)


def test_values_that_are_wrong_are_the_callers(server: EmbeddedServer) -> None:
    for statement in ("SELECT 1 / 0", "SELECT 'x'::int"):
        with pytest.raises(psycopg2.DataError) as caught:
            run(server.start(), statement)
        assert is_callers(caught.value)
        assert not is_mismatch(caught.value)


def test_what_is_no_error_of_the_server_has_a_sentence_and_no_words() -> None:
    assert sentence(OSError("whatever, with an address")) == "The database cannot be reached."
    assert sentence(psycopg2.OperationalError("connection refused")).endswith("it is not running.")
    assert words(OSError("x")) == words(None) == words(psycopg2.OperationalError("x")) == ""
    assert is_callers(psycopg2.ProgrammingError("no results to fetch"))
