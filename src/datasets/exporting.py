"""An export in each of its formats: into a folder, or as one file that is streamed."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from datasets.contents import Contents
from datasets.datasheet import datasheet
from datasets.idx import write_idx
from datasets.pictures import write_pictures
from datasets.places import Buffer, Directory, Progress, streamed, zipped
from datasets.zipping import ZipWriter
from storage.database import Database
from storage.labelled import Snapshot, Wanted, snapshot

FORMATS = ("idx", "parquet", "png")
README = "README.md"


class NothingToExport(LookupError):
    """No labelled drawing is wanted; the message says so."""


class FolderTaken(FileExistsError):
    """The folder for an export has something in it."""


def counted(snapshot: Snapshot) -> Contents:
    """What a snapshot contains. Raises NothingToExport, and what reading it does."""
    contents = Contents.of(snapshot)
    if not contents.total:
        raise NothingToExport("There is no labelled drawing that fits: label some, or ask for more.")
    return contents


# --- Into a folder ----------------------------------------------------------------------------------------------------


def export_to(database: Database, wanted: Wanted, formats: list[str], folder: Path, licence: str = "") -> Progress:
    """Write some of FORMATS and the datasheet into a folder, which must be empty or new.

    Raises DatabaseAway, NothingToExport, FolderTaken, NotAnImage for a damaged picture, and OSError.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderTaken(f"{folder} is not empty: name a new folder, so that nothing is overwritten.")
    with snapshot(database, wanted) as drawings:
        contents = counted(drawings)
        text = datasheet(contents, wanted, formats, licence)
        folder.mkdir(parents=True, exist_ok=True)
        if "idx" in formats:
            yield from write_idx(drawings, contents, Directory(folder))
        if "parquet" in formats:
            yield from _parquet_file(drawings, text, folder / "digits.parquet")
        if "png" in formats:
            with (folder / "digits.zip").open("xb") as file:
                yield from zipped(lambda archive: _pictures(drawings, contents, text, archive), file)
        (folder / README).write_text(text, encoding="utf-8")  # the last: a folder without it is incomplete


def _parquet_file(drawings: Snapshot, text: str, path: Path) -> Progress:
    from datasets.parquet import write_parquet  # pyarrow: a fifth of a second to import, and memory

    with path.open("xb") as file:
        yield from write_parquet(drawings, text, file)


def _pictures(drawings: Snapshot, contents: Contents, text: str, archive: ZipWriter) -> Progress:
    archive.add(README, text.encode())
    yield from write_pictures(drawings, contents, archive)


# --- As one file ------------------------------------------------------------------------------------------------------


class Download(NamedTuple):
    """A file on its way: its name, its media type, and its parts."""

    name: str
    media_type: str
    parts: Generator[bytes]


def download(database: Database, wanted: Wanted, format_: str, licence: str = "") -> Download:
    """An export in one of FORMATS, as a file that is made while it is sent; the snapshot ends with it.

    Raises DatabaseAway and NothingToExport before the first part; the parts raise what export_to does.
    """
    with ExitStack() as stack:
        drawings = stack.enter_context(snapshot(database, wanted))
        contents = counted(drawings)
        text = datasheet(contents, wanted, [format_], licence)
        parts = _parts(stack.pop_all(), drawings, contents, text, format_)
    kind = "application/vnd.apache.parquet" if format_ == "parquet" else "application/zip"
    return Download("digits.parquet" if format_ == "parquet" else f"digits-{format_}.zip", kind, parts)


def _parts(stack: ExitStack, drawings: Snapshot, contents: Contents, text: str, format_: str) -> Generator[bytes]:
    with stack:
        yield from streamed(lambda buffer: _write(buffer, drawings, contents, text, format_))


def _write(buffer: Buffer, drawings: Snapshot, contents: Contents, text: str, format_: str) -> Progress:
    if format_ == "parquet":
        from datasets.parquet import write_parquet  # as above

        return write_parquet(drawings, text, buffer)
    if format_ == "png":
        return zipped(lambda archive: _pictures(drawings, contents, text, archive), buffer)

    def write(archive: ZipWriter) -> Progress:
        archive.add(README, text.encode())
        yield from write_idx(drawings, contents, archive)

    return zipped(write, buffer)
