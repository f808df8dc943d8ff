"""Migrations: each file of sql/ is applied once, in order, in a transaction of its own."""

from __future__ import annotations

import logging
from pathlib import Path

import psycopg2

from settings import ROOT
from storage.waiting import PatientConnection

SQL_DIR = ROOT / "sql"

# Any constant will do, but every replica must use the same.
MIGRATION_LOCK = 20_260_728

log = logging.getLogger(__name__)


def migrate(dsn: str, folder: Path = SQL_DIR) -> list[str]:
    """Apply every migration of `folder` that the database does not have yet, in order; return their file names.

    Each runs together with its record in one transaction, under a lock that only one replica can hold; one that looks
    at every row of a large table may take minutes. Raises psycopg2.Error.
    """
    connection = psycopg2.connect(dsn, connect_timeout=3, connection_factory=PatientConnection)
    applied: list[str] = []
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
            cursor.execute(
                "CREATE TABLE IF NOT EXISTS schema_migrations ("
                "name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
            )
            cursor.execute("SELECT name FROM schema_migrations")
            known = {name for (name,) in cursor.fetchall()}
        connection.autocommit = False
        for file in sorted(folder.glob("*.sql")):
            if file.name not in known:
                with connection, connection.cursor() as cursor:
                    cursor.execute(file.read_text(encoding="utf-8"))
                    cursor.execute("INSERT INTO schema_migrations (name) VALUES (%s)", (file.name,))
                applied.append(file.name)
                log.info("migration applied: %s", file.name)
    finally:
        connection.close()  # which also releases the lock
    return applied
