"""MNIST's IDX files, plain or gzipped, read in a shuffled order: in many files the labels are sorted."""

from __future__ import annotations

import gzip
import math
import struct
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datasets.examples import Dataset, Example, NotADataset, Unreadable, bounded, example
from datasets.idx import BYTES, DIMENSIONS

IMAGES, LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
MOST_BYTES = 4 * 1024**3  # of one file, unpacked
PART = 1024 * 1024


class Pair(NamedTuple):
    """A file of images and the one of their labels."""

    images: Path
    labels: Path


def find_pairs(folder: Path, only: Path | None = None) -> list[Pair]:
    """The pairs below a folder, or the one of which `only` is a file; what is there plain is not read gzipped too."""
    pairs = []
    for images in sorted(folder.rglob(f"*{IMAGES}*") if only is None else [_images_of(only)]):
        if images.suffix == ".gz" and images.with_suffix("").exists():
            continue
        labels = images.with_name(images.name.replace(IMAGES, LABELS))
        if IMAGES in images.name and images.is_file() and labels.is_file():
            pairs.append(Pair(images, labels))
    return pairs


def _images_of(file: Path) -> Path:
    return file.with_name(file.name.replace(LABELS, IMAGES))


def read_pairs(pairs: Sequence[Pair]) -> Dataset:
    """The digits of all pairs. Raises NotADataset where a file is not what it should be, and OSError."""
    opened = [_open(pair) for pair in pairs]
    count = bounded(sum(len(labels) for _, labels in opened))
    return Dataset(count, _examples(pairs, opened))


def _examples(
    pairs: Sequence[Pair], opened: Sequence[tuple[NDArray[np.uint8], NDArray[np.uint8]]]
) -> Iterator[Example | Unreadable]:
    for pair, (images, labels) in zip(pairs, opened, strict=True):
        for n in np.random.default_rng(0).permutation(len(labels)):
            yield example(f"{pair.images.name}, picture {n}", int(labels[n]), np.array(images[n]))


def _open(pair: Pair) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    images, labels = (_mapped(path, count) for path, count in zip(pair, DIMENSIONS, strict=True))
    if len(images) != len(labels):
        raise NotADataset(f"{pair.images.name} has {len(images):,} pictures, and its labels are {len(labels):,}.")
    return images, labels


def _mapped(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The bytes of a file in its own shape, which stay on disk until they are looked at."""
    try:
        file: Any = _unpacked(path) if path.suffix == ".gz" else path.open("rb")
        shape = _shape(file.read(4 * (1 + dimensions)), dimensions)
        size = file.seek(0, 2)
    except (struct.error, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise NotADataset(f"{path.name} is no IDX file of {dimensions} dimensions, or a broken one.") from error
    if size != 4 * (1 + dimensions) + math.prod(shape):
        raise NotADataset(f"{path.name} is broken: its size is not the one that its header says.")
    if not math.prod(shape):
        return np.zeros(shape, np.uint8)
    return np.memmap(file, np.uint8, "r", 4 * (1 + dimensions), shape)


def _shape(header: bytes, dimensions: int) -> tuple[int, ...]:
    zero, kind, found, *shape = struct.unpack(f">HBB{dimensions}I", header)
    if (zero, kind, found) != (0, BYTES, dimensions):
        raise struct.error
    return tuple(shape)


def _unpacked(path: Path) -> Any:
    """A gzipped file, unpacked into a temporary one that goes when it is closed."""
    unpacked = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as its array
    with gzip.open(path) as packed:
        while part := packed.read(PART):
            unpacked.write(part)
            if unpacked.tell() > MOST_BYTES:
                raise NotADataset(f"{path.name} is too large: it unpacks to more than {MOST_BYTES // 1024**3} GB.")
    unpacked.seek(0)
    return unpacked
