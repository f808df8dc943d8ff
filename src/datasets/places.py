"""Where an export goes: a folder on disk, a ZIP, or a buffer that is emptied while it is written."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from datasets.zipping import Write, ZipWriter

Progress = Iterator[int]
"""What writes an export: after each part it yields how many drawings were in it, so that others can do theirs."""


class Place(Protocol):
    """Takes files, one after the other."""

    def file(self, name: str) -> AbstractContextManager[Write]:
        """A file of any size: call what is yielded with its parts in order."""


class Directory:
    """A folder on disk; subfolders are made."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def file(self, name: str) -> Iterator[Write]:
        """A file in it. Raises OSError."""
        path = self._path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as opened:
            yield opened.write


class Buffer(io.RawIOBase):
    """A file that is only written, and emptied by take()."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: object, /) -> int:
        """Keep some bytes."""
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def streamed(write: Callable[[Buffer], Progress]) -> Iterator[bytes]:
    """What `write` writes, in parts, while it does."""
    buffer = Buffer()
    for _ in write(buffer):
        if data := buffer.take():
            yield data
    yield buffer.take()


def zipped(write: Callable[[ZipWriter], Progress], out: io.RawIOBase | io.BufferedWriter) -> Progress:
    """Have `write` write into a ZIP in `out`."""
    archive = ZipWriter(out)
    yield from write(archive)
    archive.close()
