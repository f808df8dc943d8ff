"""A ZIP file written from front to back, in memory that hardly grows with the number of files.

The standard library's zipfile keeps some 400 bytes of each file until the end; a million pictures would take 400 MB.
Here it is the entry of the file's directory, some 70 bytes. The format is PKWARE's APPNOTE 6.3.3, with the 64-bit
extensions where they are needed.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

VERSION, STORED, DEFLATED = 45, 0, 8
SIZES_FOLLOW, UTF_8 = 1 << 3, 1 << 11
MIDNIGHT, NEW_YEAR = 0, (1 << 5) | 1  # 1 January 1980: when a file was packed is nobody's business
FILE_MODE = 0o100644 << 16
LARGE, MANY = 0xFFFFFFFF, 0xFFFF

Write = Callable[[bytes], object]


class Writable(Protocol):
    """Whatever takes bytes: a file, or a buffer that is emptied on the way."""

    def write(self, data: bytes, /) -> object:
        """Take them."""


class ZipWriter:
    """Writes files into a ZIP; close() completes it. Names are relative, with slashes."""

    def __init__(self, out: Writable) -> None:
        self._out, self._offset = out, 0
        self._directory, self._count = bytearray(), 0

    def add(self, name: str, data: bytes) -> None:
        """A small file as it is: pictures are packed already."""
        start, crc = self._offset, zlib.crc32(data)
        self._write(_local(name, STORED, UTF_8, crc, len(data), len(data)))
        self._write(data)
        self._enter(name, STORED, UTF_8, crc, len(data), len(data), start)

    @contextmanager
    def file(self, name: str) -> Iterator[Write]:
        """A file of any size, compressed: call what is yielded with its parts in order."""
        start, packer = self._offset, zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        crc = size = packed = 0
        # That the sizes follow as 64-bit numbers must be said before they are known, by an extra field.
        extra = struct.pack("<HHQQ", 1, 16, 0, 0)
        self._write(_local(name, DEFLATED, UTF_8 | SIZES_FOLLOW, 0, LARGE, LARGE, extra))

        def write(data: bytes) -> None:
            nonlocal crc, size, packed
            crc, size = zlib.crc32(data, crc), size + len(data)
            packed += self._write(packer.compress(data))

        yield write
        packed += self._write(packer.flush())
        self._write(struct.pack("<4sLQQ", b"PK\x07\x08", crc, packed, size))
        self._enter(name, DEFLATED, UTF_8 | SIZES_FOLLOW, crc, packed, size, start)

    def close(self) -> None:
        """Write the directory."""
        start, size = self._offset, len(self._directory)
        self._write(bytes(self._directory))
        if self._count >= MANY or start + size >= LARGE:
            end = self._offset
            counts = struct.pack("<HHLLQQQQ", VERSION, VERSION, 0, 0, self._count, self._count, size, start)
            self._write(struct.pack("<4sQ", b"PK\x06\x06", len(counts)) + counts)
            self._write(struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1))
        count = min(self._count, MANY)
        end_record = (0, 0, count, count, min(size, LARGE), min(start, LARGE), 0)
        self._write(struct.pack("<4sHHHHLLH", b"PK\x05\x06", *end_record))

    def _enter(self, name: str, method: int, flags: int, crc: int, packed: int, size: int, start: int) -> None:
        """Note a file for the directory; numbers that are too large for it move into the extra field."""
        large = [number for number in (size, packed, start) if number >= LARGE]
        extra = struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
        path = name.encode()
        sizes = (min(packed, LARGE), min(size, LARGE), len(path), len(extra))
        head = (VERSION | 3 << 8, VERSION, flags, method, MIDNIGHT, NEW_YEAR, crc, *sizes)
        self._directory += struct.pack(
            "<4sHHHHHHLLLHHHHHLL", b"PK\x01\x02", *head, 0, 0, 0, FILE_MODE, min(start, LARGE)
        )
        self._directory += path + extra
        self._count += 1

    def _write(self, data: bytes) -> int:
        self._out.write(data)
        self._offset += len(data)
        return len(data)


def _local(name: str, method: int, flags: int, crc: int, packed: int, size: int, extra: bytes = b"") -> bytes:
    path = name.encode()
    head = (VERSION, flags, method, MIDNIGHT, NEW_YEAR, crc, packed, size, len(path), len(extra))
    return struct.pack("<4sHHHHHLLLHH", b"PK\x03\x04", *head) + path + extra
