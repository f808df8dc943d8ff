"""A data set on disk, whatever its format: MNIST's IDX files, our Parquet file, or pictures in a folder or a ZIP."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from datasets.examples import Dataset, NotADataset
from datasets.idx_reading import find_pairs, read_pairs
from datasets.picture_reading import read_folder, read_zip

EXPECTED = (
    "expected are a folder with subfolders 0 to 9 (and not-a-digit), a ZIP of one, MNIST's IDX files "
    "(...-images-idx3-ubyte beside ...-labels-idx1-ubyte), or a Parquet file with the columns image and label."
)


def open_dataset(path: Path, folders: Mapping[str, int]) -> Dataset:
    """The data set at a path; `folders` are the names of folders of pictures, and what is in them.

    Raises NotADataset and OSError.
    """
    if path.is_dir():
        pairs = find_pairs(path)
        return read_pairs(pairs) if pairs else read_folder(path, folders)
    with path.open("rb") as file:
        begins = file.read(4)
    if begins == b"PAR1":
        from datasets.parquet import read_parquet  # pyarrow: a fifth of a second to import, and memory

        return read_parquet(path)
    if zipfile.is_zipfile(path):
        return read_zip(path, folders)
    if pairs := find_pairs(path.parent, path):
        return read_pairs(pairs)
    raise NotADataset(f"This is no data set: {EXPECTED}")
