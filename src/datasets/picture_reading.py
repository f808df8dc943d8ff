"""Pictures in folders, or in a ZIP, that are named by their labels; shuffled, or each digit would come by itself."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from datasets.examples import Dataset, Example, NotADataset, Unreadable, bounded, example
from frames.images import MAX_BYTES

BROKEN = (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)  # of one file


def read_folder(path: Path, folders: Mapping[str, int]) -> Dataset:
    """The pictures below a folder, in folders of those names. Raises NotADataset and OSError."""

    def read(name: str) -> bytes:
        with (path / name).open("rb") as file:
            return file.read(MAX_BYTES + 1)

    names = [found.relative_to(path).as_posix() for found in path.rglob("*") if found.is_file()]
    return _read(names, folders, read)


def read_zip(path: Path, folders: Mapping[str, int]) -> Dataset:
    """The pictures in a ZIP, in folders of those names. Raises NotADataset and OSError."""
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise NotADataset("This ZIP is broken.") from error

    def read(name: str) -> bytes:
        with archive.open(name) as file:
            return file.read(MAX_BYTES + 1)

    return _read([each.filename for each in archive.infolist() if not each.is_dir()], folders, read)


def _read(names: Sequence[str], folders: Mapping[str, int], read: Callable[[str], bytes]) -> Dataset:
    labelled = sorted(name for name in names if _folder(name) in folders and PurePosixPath(name).name[0] != ".")
    return Dataset(bounded(len(labelled)), _examples(labelled, folders, read))


def _folder(name: str) -> str:
    return PurePosixPath(name).parent.name


def _examples(
    names: Sequence[str], folders: Mapping[str, int], read: Callable[[str], bytes]
) -> Iterator[Example | Unreadable]:
    for n in np.random.default_rng(0).permutation(len(names)):
        name = names[n]
        try:
            data = read(name)
        except BROKEN:
            yield Unreadable(name, "This file cannot be read.")
        else:
            yield example(name, folders[_folder(name)], data)
