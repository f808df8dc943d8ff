"""How long a server's answer is waited for: a frozen one keeps its connections open and sends nothing.

psycopg2 asks a function of ours instead of waiting itself, for every connection of the process.
"""

from __future__ import annotations

import select
import time

import psycopg2
import psycopg2.extensions

# Seconds; the limit that the server sets itself for a statement is shorter.
ANSWER_TIMEOUT = 8.0


class PatientConnection(psycopg2.extensions.connection):
    """A connection on which an answer may take as long as it likes: migrations, and commands that look at every row."""


def _wait(connection: psycopg2.extensions.connection) -> None:
    """Wait for the answer, with a timeout. psycopg2 closes the connection when this raises."""
    end = None if isinstance(connection, PatientConnection) else time.monotonic() + ANSWER_TIMEOUT
    while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
        reading = [connection] if state == psycopg2.extensions.POLL_READ else []
        writing = [connection] if state == psycopg2.extensions.POLL_WRITE else []
        left = None if end is None else max(0, end - time.monotonic())
        if not any(select.select(reading, writing, [], left)):
            raise psycopg2.OperationalError("The server does not answer.")


psycopg2.extensions.set_wait_callback(_wait)
