"""The pool of connections to PostgreSQL, which reconnects by itself.

A background thread does everything that may be slow or fail: it starts the embedded server, applies the migrations,
connects, and does so again whenever the connection is lost. All other threads get a connection within seconds or a
`DatabaseAway`, so that no page hangs on a dead server.
"""

from __future__ import annotations

import logging
import select
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any, Protocol

import psycopg2
import psycopg2.extensions
import psycopg2.extras
import psycopg2.pool

from metrics import CONNECTIONS
from settings import Settings
from storage.embedded import EmbeddedServer
from storage.migrations import migrate
from storage.outages import is_callers, is_mismatch, sentence, words
from storage.waiting import PatientConnection

POOL_SIZE = 8
READY_WITHIN = 60.0  # seconds that a command waits for the database to start

Connection = psycopg2.extensions.connection
Pool = psycopg2.pool.ThreadedConnectionPool

STARTING = "The database is starting."

log = logging.getLogger(__name__)

# UUIDs are uuid.UUID in both directions, and pictures come back as bytes, not as a memoryview.
psycopg2.extras.register_uuid()  # type: ignore[no-untyped-call]
psycopg2.extensions.register_type(
    psycopg2.extensions.new_type(
        psycopg2.BINARY.values,
        "BYTES",
        lambda value, cursor: None if value is None else bytes(psycopg2.BINARY(value, cursor)),
    )
)


class DatabaseAway(ConnectionError):
    """The database cannot be used at present; the message says why, in one sentence."""


class SchemaMismatch(DatabaseAway):
    """The tables do not fit the app's statements, or its user lacks the rights for them."""


class Server(Protocol):
    """A PostgreSQL server."""

    def start(self) -> str:
        """Start it if it is the app's own and does not run; return its connection string. Raises OSError."""

    def stop(self) -> None:
        """Stop it if it is the app's own."""


class RemoteServer:
    """A PostgreSQL server that the app does not run itself: a container, a managed database."""

    def __init__(self, settings: Settings) -> None:
        self._dsn = psycopg2.extensions.make_dsn(
            host=settings.db_host,
            port=settings.db_port,
            dbname=settings.db_name,
            user=settings.db_user,
            password=settings.db_password,
        )

    def start(self) -> str:
        """Return its connection string."""
        return self._dsn

    def stop(self) -> None:
        """Leave it running."""


class Database:
    """A pool of connections: callers wait for a free one, and a lost server is reconnected to in the background."""

    def __init__(self, server: Server, pool_size: int = POOL_SIZE, retry_seconds: float = 1.0) -> None:
        self._server = server
        self.pool_size = pool_size
        self._retry_seconds = retry_seconds
        self._pool: Pool | None = None
        self._slots = threading.BoundedSemaphore(pool_size)
        self._why_away = STARTING
        self._dsn = ""
        self._logged: set[str] = set()
        self._wake = threading.Event()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._stay_connected, name="database-connection", daemon=True)

    def open(self) -> None:
        """Connect in the background."""
        self._thread.start()

    def close(self, *, stop_server: bool = True) -> None:
        """Close every connection, and stop the server if it is the app's own."""
        self._closing = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)
        self._discard(self._pool, DatabaseAway("The database is closed."))
        if stop_server:
            self._server.stop()

    @property
    def away(self) -> str | None:
        """Why the database is unavailable, or None while it is available."""
        return None if self._pool else self._why_away

    @property
    def starting(self) -> bool:
        """Whether the first attempt to connect has not ended yet."""
        return self._pool is None and self._why_away == STARTING

    def wait_until_ready(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds for the database; return whether it is available."""
        with self._changed:
            return self._changed.wait_for(lambda: self._pool is not None, timeout)

    def ping(self) -> None:
        """Check that the database answers. Raises DatabaseAway."""
        with self.transaction() as cursor:
            cursor.execute("SELECT 1")

    @contextmanager
    def transaction(self, wait: float = 5.0) -> Iterator[psycopg2.extensions.cursor]:
        """A cursor in a transaction: committed at the end, rolled back on an error.

        Waits at most `wait` seconds for a free connection. Raises SchemaMismatch; psycopg2's IntegrityError and
        DataError, for what a statement was given; and DatabaseAway when no connection is free, or the server fails.
        Then nothing was written, or, if the connection broke during the commit, that is unknown: statements must be
        safe to repeat.
        """
        with self._connection(wait) as connection, connection, connection.cursor() as cursor:
            yield cursor

    @contextmanager
    def at_once(self, wait: float = 5.0) -> Iterator[psycopg2.extensions.cursor]:
        """A cursor whose every execute() is a transaction of its own, all of its statements together.

        This takes one round trip, transaction() three. Waits and raises as transaction() does.
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
        """A connection outside the pool, for as long as the caller needs it; each statement is committed.

        Raises DatabaseAway if it cannot be opened, and psycopg2's own errors after that.
        """
        if self._pool is None:
            raise DatabaseAway(self._why_away)
        try:
            options: dict[str, Any] = CONNECT_OPTIONS
            connection: Connection = psycopg2.connect(self._dsn, **options)
        except psycopg2.Error as error:
            raise DatabaseAway(sentence(error)) from error
        try:
            connection.autocommit = True
            yield connection
        finally:
            connection.close()

    @contextmanager
    def long_transaction(self) -> Iterator[psycopg2.extensions.cursor]:
        """A cursor in a transaction on a connection of its own, whose statements may take as long as they like.

        Raises what transaction() does.
        """
        if self._pool is None:
            raise DatabaseAway(self._why_away)
        options: dict[str, Any] = CONNECT_OPTIONS | {"options": NO_TIMEOUTS}
        try:
            made = psycopg2.connect(self._dsn, connection_factory=PatientConnection, **options)
            with closing(made) as connection, connection, connection.cursor() as cursor:
                yield cursor
        except psycopg2.Error as error:
            if is_callers(error):
                raise
            raise DatabaseAway(sentence(error)) from error

    @contextmanager
    def _connection(self, wait: float) -> Iterator[Connection]:
        with self._slot(wait) as pool:
            connection = None
            try:
                connection = _live_connection(pool)
                yield connection
            except psycopg2.Error as error:
                if is_callers(error):
                    raise
                raise self._failed(error, pool, connection) from error
            finally:
                if connection is not None:
                    with suppress(psycopg2.pool.PoolError):  # the pool was closed, and the connection with it
                        pool.putconn(connection, close=bool(connection.closed))

    @contextmanager
    def _slot(self, wait: float) -> Iterator[Pool]:
        """The pool, while it has a connection left for the caller: psycopg2's own raises instead of waiting."""
        if not self._slots.acquire(timeout=wait):
            raise DatabaseAway("The database is busy: every connection is in use.")
        CONNECTIONS.inc()
        try:
            pool = self._pool
            if pool is None:
                raise DatabaseAway(self._why_away)
            yield pool
        finally:
            CONNECTIONS.dec()
            self._slots.release()

    def _failed(self, error: psycopg2.Error, pool: Pool, connection: Connection | None) -> DatabaseAway:
        """What to raise for an error, after what it calls for was done."""
        if is_mismatch(error):
            if words(error) not in self._logged:
                self._logged.add(words(error))
                log.error("the database rejects a statement of the app: %s", words(error))
            return SchemaMismatch(sentence(error))
        if connection is None:
            self._discard(pool, error)  # no new connection can be opened either
        elif connection.closed:
            self._wake.set()  # one connection broke: the thread finds out whether the server did
        return DatabaseAway(sentence(error))

    def _stay_connected(self) -> None:
        """Connect whenever there is no pool, and check the one there is, until the database is closed."""
        while not self._closing:
            self._wake.clear()
            try:
                if self._pool is None:
                    self._connect()
                else:
                    self._check()
            except Exception:  # without this thread nothing would ever be saved again
                log.exception("connecting to the database failed")
            self._wake.wait(self._retry_seconds)

    def _connect(self) -> None:
        try:
            dsn = self._server.start()
            migrate(dsn)
            # All at once: the pool would close every connection above its lower bound after each use.
            pool = Pool(self.pool_size, self.pool_size, dsn, **CONNECT_OPTIONS)
        except (psycopg2.Error, OSError) as error:
            if self._why_away != sentence(error):
                log.warning("database unavailable: %s", error)
            self._why_away = sentence(error)
            return
        with self._changed:
            self._pool, self._dsn = pool, dsn
            self._changed.notify_all()
        log.info("database ready")

    def _check(self) -> None:
        """Notice a lost server even if no caller needs it."""
        with suppress(DatabaseAway):
            self.ping()

    def _discard(self, pool: Pool | None, error: Exception) -> None:
        """Give up a pool whose server is unavailable, unless it has been replaced already."""
        with self._changed:
            if pool is not self._pool:
                return
            self._pool, self._why_away = None, sentence(error)
            self._changed.notify_all()
        log.log(logging.INFO if self._closing else logging.WARNING, "database unavailable: %s", error)
        if pool is not None:
            pool.closeall()
        self._wake.set()


# For every connection: short timeouts, so that no statement hangs.
CONNECT_OPTIONS = {
    "connect_timeout": 3,
    "application_name": "digit-reader",
    "options": "-c statement_timeout=6000 -c lock_timeout=4000 -c idle_in_transaction_session_timeout=30000",
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


NO_TIMEOUTS = "-c statement_timeout=0 -c lock_timeout=60000"


def open_database(settings: Settings) -> Database:
    """The database that the settings name, connecting in the background."""
    server = EmbeddedServer(settings.data_dir, settings.db_name) if settings.embedded else RemoteServer(settings)
    database = Database(server)
    database.open()
    return database


@contextmanager
def ready_database(settings: Settings) -> Iterator[Database]:
    """The same for a command: once it is there, and until the end. Raises DatabaseAway after READY_WITHIN seconds."""
    database = open_database(settings)
    try:
        if not database.wait_until_ready(READY_WITHIN):
            raise DatabaseAway(database.away)
        yield database
    finally:
        database.close()


def _live_connection(pool: Pool) -> Connection:
    """A connection that the server has not closed: an idle one has something to read only if it has."""
    while True:
        connection: Connection = pool.getconn()
        if not connection.closed and not select.select([connection], [], [], 0)[0]:
            return connection
        pool.putconn(connection, close=True)
