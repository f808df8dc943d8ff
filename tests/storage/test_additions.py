"""Each migration leaves the version of the app before it working: it only adds. Covers sql/, from 015 on."""

from __future__ import annotations

import re

import pytest

from storage.migrations import SQL_DIR
from support.earlier import UNTIL_THE_RULE

FORBIDDEN = {
    "a rename": r"\bRENAME\b",
    "a dropped table, column, view, function or type": r"\bDROP\s+(?!(CONSTRAINT|DEFAULT|NOT|INDEX|TRIGGER)\b)",
    "another type of a column": r"\bALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\b",
    "what was allowed to be null": r"\bSET\s+NOT\s+NULL\b",
    "rows that are deleted": r"\b(TRUNCATE|DELETE\s+FROM)\b",
    "rights that are taken away": r"\bREVOKE\b",
}
ADDED = re.compile(r"\bADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(?!CONSTRAINT\b)(\w+)\s+\w+([^,;]*)", re.I)


def statements(sql: str) -> str:
    """Without comments, and without the bodies of functions: what they do happens later."""
    return re.sub(r"\$(\w*)\$.*?\$\1\$", "''", re.sub(r"--[^\n]*", "", sql), flags=re.S)


def broken_rules(sql: str) -> list[str]:
    """What in a migration the version before it would not survive."""
    found = [name for name, pattern in FORBIDDEN.items() if re.search(pattern, statements(sql), re.I)]
    for column, rest in ADDED.findall(statements(sql)):
        if re.search(r"\bNOT\s+NULL\b", rest, re.I) and not re.search(r"\b(DEFAULT|GENERATED)\b", rest, re.I):
            found.append(f"a new column that the version before does not fill: {column}")
    return found


def test_each_migration_since_the_rule_only_adds() -> None:
    found = {file.name: broken_rules(file.read_text()) for file in sorted(SQL_DIR.glob("*.sql"))[UNTIL_THE_RULE:]}
    assert {name: broken for name, broken in found.items() if broken} == {}


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE predictions RENAME COLUMN size TO ink_size;",
        "ALTER TABLE predictions DROP COLUMN slant;",
        "DROP TABLE hands;",
        "ALTER TABLE predictions ALTER COLUMN size TYPE integer;",
        "ALTER TABLE predictions ALTER size SET NOT NULL;",
        "ALTER TABLE predictions ADD colour text NOT NULL;",
        "ALTER TABLE predictions ADD COLUMN a text, ADD COLUMN b integer NOT NULL CHECK (b > 0);",
        "DELETE FROM label_events;",
        "DROP VIEW current_tallies;",
    ],
)
def test_what_takes_away_is_found(sql: str) -> None:
    assert len(broken_rules(sql)) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "-- DROP TABLE hands;\nALTER TABLE predictions ADD colour text NOT NULL DEFAULT '';",
        "ALTER TABLE predictions ADD COLUMN colour text;",
        "CREATE TABLE checks (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL);",
        "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DELETE FROM tally_changes $$;",
        "ALTER TABLE r DROP CONSTRAINT r_check, ADD CONSTRAINT r_check CHECK (stage IN ('a', 'b')) NOT VALID;",
    ],
)
def test_what_only_adds_is_left_alone(sql: str) -> None:
    assert broken_rules(sql) == []


def test_the_migrations_before_the_rule_would_break_it() -> None:
    """So that the rule is known to find something in real files."""
    assert any(broken_rules(file.read_text()) for file in sorted(SQL_DIR.glob("*.sql"))[:UNTIL_THE_RULE])
