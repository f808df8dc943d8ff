"""The app as a user starts it: a process of its own, on a free port, with its own data folder and PostgreSQL."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg2

from settings import ROOT
from storage.embedded import EmbeddedServer

SESAME = "open sesame"
"""The administrators', of the apps that have one."""


def wait_until(condition: Callable[[], Any], timeout: float = 60, what: str = "the condition") -> Any:
    """Ask again and again until the answer is true, and return it; fail after `timeout` seconds."""
    end = time.monotonic() + timeout
    while not (answer := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {timeout} s")
        time.sleep(0.05)
    return answer


def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port: int = place.getsockname()[1]
        return port


class RunningApp:
    """`python src/app.py` on a data folder; the project's own, or the copy of it at `root`.

    `command` comes before the path of app.py where Streamlit's own command starts it; `cwd` is where.
    """

    def __init__(self, data_dir: Path, root: Path = ROOT, **environment: str) -> None:
        self.data_dir = data_dir
        self.root = root
        self.server_dir = data_dir
        self.url = ""
        self.environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self.log = data_dir / "app.log"
        self.command: tuple[str, ...] = ()
        self.cwd = root

    def start(self, ready: bool = True, port: int = 0) -> RunningApp:
        port = port or free_port()
        self.url = f"http://127.0.0.1:{port}"
        environment = os.environ | {"DATA_DIR": str(self.data_dir), "PORT": str(port)}
        environment |= {"API_RATE_LIMIT": "", "LABEL_RATE": ""} | self.environment
        command = [sys.executable, *self.command, str(self.root / "src/app.py")]
        if self.command:
            command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self.cwd, env=environment, stdout=log, stderr=log)
        try:
            wait_until(lambda: self.status("/ready" if ready else "/health") == 200, 120, "the app")
        except AssertionError as error:
            self.stop()
            raise AssertionError(f"{error}; its log says: {self.log.read_text()[-2000:]}") from None
        return self

    def status(self, path: str) -> int | None:
        """The status code of a path; None while nobody answers."""
        try:
            return httpx.get(self.url + path, timeout=10).status_code
        except httpx.TransportError:
            return None

    def text(self, path: str) -> str:
        """What a path answers; nothing while nobody does."""
        try:
            return httpx.get(self.url + path, timeout=10).text
        except httpx.TransportError:
            return ""

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None

    def children(self, program: str) -> list[psutil.Process]:
        """The processes that it has started to run one of our commands."""
        assert self._process is not None
        started = psutil.Process(self._process.pid).children()
        return [each for each in started if program in " ".join(each.cmdline())]

    def open_pages(self) -> int:
        """How many connections browsers hold open."""
        assert self._process is not None
        port = int(self.url.rsplit(":", 1)[1])
        connections = psutil.Process(self._process.pid).net_connections("tcp")
        return sum(each.laddr.port == port and each.status == "ESTABLISHED" for each in connections)

    def memory(self) -> float:
        """The resident memory of its process in megabytes, without its children's."""
        assert self._process is not None
        return float(psutil.Process(self._process.pid).memory_info().rss / 1e6)

    def postmaster(self) -> int:
        """The process number of its PostgreSQL; 0 while it is just coming or going."""
        try:
            return int(self._postmaster_file().split("\n")[0])
        except (FileNotFoundError, ValueError):
            return 0

    def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What its PostgreSQL answers."""
        connection = psycopg2.connect(host=self.socket_dir(), user="postgres", dbname="digits")
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def socket_dir(self) -> str:
        """The folder of its PostgreSQL's socket."""
        return self._postmaster_file().split("\n")[4]

    def _postmaster_file(self) -> str:
        return (self.server_dir / "postgres" / "postmaster.pid").read_text()


class PatientServer(EmbeddedServer):
    """A PostgreSQL that is tried again, as the app does with its own: on a busy machine it may start too slowly."""

    def start(self) -> str:
        dsn: str = wait_until(self._started, 60, "the server")
        return dsn

    def _started(self) -> str:
        try:
            return super().start()
        except OSError:
            return ""


@contextmanager
def app_and_server(folder: Path, **environment: str) -> Iterator[tuple[RunningApp, EmbeddedServer]]:
    """An app, and a PostgreSQL that is not its own: a test may stop it and start it again."""
    server = PatientServer(folder / "elsewhere", "digits")
    server.start()
    app = RunningApp(folder)
    app.environment |= environment
    app.server_dir = folder / "elsewhere"
    app.environment |= {"DB_HOST": app.socket_dir(), "DB_USER": "postgres", "DB_PASSWORD": "unused"}
    try:
        yield app.start(), server
    finally:
        app.stop()
        server.stop()
