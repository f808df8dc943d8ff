"""The way to PostgreSQL: a pool that waits, an embedded server when none is named, and the migrations.

A keeper thread does everything that can take long or fail: it starts the embedded server, connects, applies the
migrations, and begins again whenever the database has gone away. Everybody else gets a connection at once or a
`DatabaseAway`, so nobody's page hangs on a dead server.
"""

from __future__ import annotations

import logging
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import psycopg2
import psycopg2.extensions
import psycopg2.extras
import psycopg2.pool

from metrics import CONNECTIONS
from settings import Settings
from storage.embedded import EmbeddedServer
from storage.migrations import migrate

POOL_SIZE = 8

Connection = psycopg2.extensions.connection

STARTING = "The database is starting."
# Seconds that any one answer of the server may take; its own limit for a statement comes before.
DEADLINE = 8.0
# What the database says of our statement, not of itself.
OUR_FAULT = (psycopg2.IntegrityError, psycopg2.DataError, psycopg2.ProgrammingError)

log = logging.getLogger(__name__)

# A drawing's uuid travels as uuid.UUID in both directions, and a picture comes back as bytes, not as a memoryview.
psycopg2.extras.register_uuid()  # type: ignore[no-untyped-call]
psycopg2.extensions.register_type(
    psycopg2.extensions.new_type(
        psycopg2.BINARY.values,
        "BYTES",
        lambda value, cursor: None if value is None else bytes(psycopg2.BINARY(value, cursor)),
    )
)


class DatabaseAway(ConnectionError):
    """The database cannot be reached at present; the message says why, in one sentence."""


class Server(Protocol):
    """Where PostgreSQL is to be found."""

    def start(self) -> str:
        """Make sure that it runs, where that is ours to do, and return its connection string."""

    def stop(self) -> None:
        """Stop it, where that is ours to do."""


class RemoteServer:
    """A PostgreSQL that somebody else runs: a container, a managed database."""

    def __init__(self, settings: Settings) -> None:
        self._dsn = psycopg2.extensions.make_dsn(
            host=settings.db_host,
            port=settings.db_port,
            dbname=settings.db_name,
            user=settings.db_user,
            password=settings.db_password,
        )

    def start(self) -> str:
        """Return its connection string; starting it is not ours to do."""
        return self._dsn

    def stop(self) -> None:
        """Leave it running."""


class Database:
    """A pool of connections that waits when it is empty, and mends itself when the server has been away."""

    def __init__(self, server: Server, pool_size: int = POOL_SIZE, retry_seconds: float = 1.0) -> None:
        self._server = server
        self.pool_size = pool_size
        self._retry_seconds = retry_seconds
        self._pool: psycopg2.pool.ThreadedConnectionPool | None = None
        self._places = threading.BoundedSemaphore(pool_size)
        self._why_away = STARTING
        self._dsn = ""
        self._wake = threading.Event()
        self._changed = threading.Condition()
        self._closing = False
        self._keeper = threading.Thread(target=self._keep, name="database-keeper", daemon=True)

    def open(self) -> None:
        """Begin to connect, in the background."""
        self._keeper.start()

    def close(self, *, stop_server: bool = True) -> None:
        """Close every connection, and stop the server if it is ours."""
        self._closing = True
        self._wake.set()
        if self._keeper.is_alive():
            self._keeper.join(timeout=30)
        self._leave(self._pool, DatabaseAway("The database is closed."))
        if stop_server:
            self._server.stop()

    @property
    def away(self) -> str | None:
        """Why the database cannot be used, or None while it can."""
        return None if self._pool else self._why_away

    @property
    def starting(self) -> bool:
        """Whether it is not known yet if the database is there."""
        return self._pool is None and self._why_away == STARTING

    def wait_until_ready(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds for the database; return whether it is there."""
        with self._changed:
            return self._changed.wait_for(lambda: self._pool is not None, timeout)

    def ping(self) -> None:
        """Ask the database for a sign of life. Raises DatabaseAway."""
        with self.transaction() as cursor:
            cursor.execute("SELECT 1")

    @contextmanager
    def transaction(self, wait: float = 5.0) -> Iterator[psycopg2.extensions.cursor]:
        """A cursor in a transaction: committed at the end, rolled back on an error.

        Waits at most `wait` seconds for a free connection. Raises DatabaseAway when none comes, or when the server
        goes away meanwhile: then nothing was written, or (in the rare case that the connection broke during the
        commit) it cannot be known, which is why our statements may be repeated.
        """
        with self._connection(wait) as connection, connection, connection.cursor() as cursor:
            yield cursor

    @contextmanager
    def at_once(self, wait: float = 5.0) -> Iterator[psycopg2.extensions.cursor]:
        """A cursor whose every execute() is a transaction of its own, all of its statements together.

        It takes one round trip, and transaction() three. Waits and raises as that does.
        """
        with self._connection(wait) as connection:
            connection.autocommit = True
            try:
                with connection.cursor() as cursor:
                    yield cursor
            finally:
                if not connection.closed:
                    connection.autocommit = False

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection of the caller's own, outside the pool, for as long as he likes; each statement is committed.

        Raises DatabaseAway. What breaks later is psycopg2's own error.
        """
        if self._pool is None:
            raise DatabaseAway(self._why_away)
        try:
            options: dict[str, Any] = CONNECTING
            connection: Connection = psycopg2.connect(self._dsn, **options)
        except psycopg2.Error as error:
            raise DatabaseAway(_reason(error)) from error
        try:
            connection.autocommit = True
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _connection(self, wait: float) -> Iterator[Connection]:
        if not self._places.acquire(timeout=wait):
            raise DatabaseAway("The database is busy: every connection is in use.")
        CONNECTIONS.inc()
        try:
            pool = self._pool
            if pool is None:
                raise DatabaseAway(self._why_away)
            connection = None
            try:
                connection = _living(pool)
                yield connection
            except OUR_FAULT:
                raise
            except psycopg2.Error as error:
                if connection is None:
                    self._leave(pool, error)  # no new connection either: the server is away
                elif connection.closed:
                    self._wake.set()  # one connection broke: the keeper finds out whether that was all
                raise DatabaseAway(_reason(error)) from error
            finally:
                if connection is not None:
                    with suppress(psycopg2.pool.PoolError):  # closed meanwhile, and the connection with it
                        pool.putconn(connection, close=bool(connection.closed))
        finally:
            CONNECTIONS.dec()
            self._places.release()

    def _keep(self) -> None:
        """The keeper's life: connect whenever there is no pool, then sleep until that changes."""
        while not self._closing:
            self._wake.clear()
            try:
                if self._pool is None:
                    self._try_to_connect()
                else:
                    self._look_after()
            except Exception:  # the keeper must outlive whatever it is: without it nothing is ever saved again
                log.exception("the database's keeper stumbled")
            self._wake.wait(self._retry_seconds)

    def _try_to_connect(self) -> None:
        try:
            dsn = self._server.start()
            migrate(dsn)
            # All at once: the pool would close every connection above its lower bound after each use.
            pool = psycopg2.pool.ThreadedConnectionPool(self.pool_size, self.pool_size, dsn, **CONNECTING)
        except (psycopg2.Error, OSError) as error:
            if self._why_away != _reason(error):
                log.warning("database away: %s", error)
            self._why_away = _reason(error)
            return
        with self._changed:
            self._pool, self._dsn = pool, dsn
            self._changed.notify_all()
        log.info("database ready")

    def _look_after(self) -> None:
        """Notice a server that went away while nobody was asking."""
        with suppress(DatabaseAway):
            self.ping()

    def _leave(self, pool: psycopg2.pool.ThreadedConnectionPool | None, error: Exception) -> None:
        """Give up a pool whose server is away; one that has been replaced already stays as it is."""
        with self._changed:
            if pool is not self._pool:
                return
            self._pool, self._why_away = None, _reason(error)
            self._changed.notify_all()
        log.log(logging.INFO if self._closing else logging.WARNING, "database away: %s", error)
        if pool is not None:
            pool.closeall()
        self._wake.set()


# For every connection: give up soon on a server that does not answer, and never hang in one statement.
CONNECTING = {
    "connect_timeout": 3,
    "application_name": "digit-reader",
    "options": "-c statement_timeout=6000 -c lock_timeout=4000 -c idle_in_transaction_session_timeout=30000",
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def open_database(settings: Settings) -> Database:
    """The database that the settings name, connecting in the background."""
    server = EmbeddedServer(settings.data_dir, settings.db_name) if settings.embedded else RemoteServer(settings)
    database = Database(server)
    database.open()
    return database


def _living(pool: psycopg2.pool.ThreadedConnectionPool) -> Connection:
    """A connection whose server still stands behind it.

    An idle connection has nothing to read; if there is something, it is the server's farewell.
    """
    while True:
        connection: Connection = pool.getconn()
        if not connection.closed and not select.select([connection], [], [], 0)[0]:
            return connection
        pool.putconn(connection, close=True)


def _reason(error: Exception) -> str:
    """Why the database is away, in a sentence for visitors: the log has the rest, with addresses and names."""
    text = f"{error} {error.__context__}"  # leaving a broken transaction raises anew, over the first cause
    return next((reason for sign, reason in REASONS.items() if sign in text), "The database cannot be reached.")


REASONS = {
    "is closed": "The database is closed.",
    "refused": "The database refuses connections: it is not running.",
    "authentication failed": "The database does not accept the password.",
    "does not exist": "The database of that name does not exist.",
    "timeout": "The database takes too long to answer.",
    "does not answer": "The database does not answer.",
    "embedded PostgreSQL": "The app's own database does not start.",
}


def _wait(connection: Connection) -> None:
    """Wait for a server's answer, but not for ever: a frozen one keeps its connections open and says nothing.

    psycopg2 calls this instead of waiting by itself, and closes the connection when it raises.
    """
    end = time.monotonic() + DEADLINE
    while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
        reading = [connection] if state == psycopg2.extensions.POLL_READ else []
        writing = [connection] if state == psycopg2.extensions.POLL_WRITE else []
        left = end - time.monotonic()
        if left <= 0 or not any(select.select(reading, writing, [], left)):
            raise psycopg2.OperationalError("The server does not answer.")


psycopg2.extensions.set_wait_callback(_wait)
