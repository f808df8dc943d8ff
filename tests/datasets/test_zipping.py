"""A ZIP that is written from front to back, as others read it: also with more files than 16 bits count."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from datasets import zipping
from datasets.zipping import ZipWriter


def test_large_files_and_many_small_ones_are_read_back(tmp_path: Path) -> None:
    path, many = tmp_path / "some.zip", 70_000
    with path.open("wb") as out:
        archive = ZipWriter(out)
        with archive.file("parts/ä.txt") as write:
            for n in range(1000):
                write(b"%d," % n)
        for n in range(many):
            archive.add(f"{n}.png", b"picture %d" % n)
        with archive.file("empty"):
            pass
        archive.close()
    with zipfile.ZipFile(path) as found:
        assert found.testzip() is None
        assert len(found.namelist()) == many + 2
        assert found.read("parts/ä.txt") == b"".join(b"%d," % n for n in range(1000))
        assert found.read(f"{many - 1}.png") == b"picture %d" % (many - 1)
        assert {each.date_time for each in found.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    if unzip := shutil.which("unzip"):
        assert subprocess.run([unzip, "-tqq", path], check=False).returncode == 0


def test_numbers_that_do_not_fit_32_bits_are_in_their_extra_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a ZIP of more than 4 GB, with a limit that a small one passes."""
    monkeypatch.setattr(zipping, "LARGE", 1_000)
    out = io.BytesIO()
    archive = ZipWriter(out)
    for n in range(3):
        with archive.file(f"{n}.bin") as write:
            write(bytes(range(256)) * 20)
        archive.add(f"{n}.png", bytes(700))
    archive.close()
    directory = out.getvalue()
    assert directory.count(b"PK\x06\x06") == directory.count(b"PK\x06\x07") == 1
    # Readers take the extra fields where 32 bits are all ones: the patched limit stands for these.
    with zipfile.ZipFile(io.BytesIO(directory.replace((1_000).to_bytes(4, "little"), b"\xff" * 4))) as found:
        assert found.testzip() is None
        assert [each.file_size for each in found.infolist()] == [5120, 700] * 3
