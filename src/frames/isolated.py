"""HEIC and AVIF, decoded in a process of their own.

Both hold a frame of a video. Their decoders are large and written in C, and a frame may be far larger than the header
says: 1,300 bytes were made that unpack to a gigabyte. Here they may take so much memory and time, and a crash, which
would end the app, is one more broken file. Starting the process takes 0.2 s.
"""

from __future__ import annotations

import io
import resource
import subprocess
import sys
from pathlib import Path

from PIL import AvifImagePlugin, Image

from frames import heif
from frames.reducing import reduced, reduced_rows

MOST_BYTES = 320 * 1024 * 1024  # of the process, Python included; memory.MEMORY is what a picture may take of it
LONGEST = 10  # seconds: the largest picture takes two on a core of its own

AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # the app bounds by itself how many are decoded at once; more were no faster


def decoded(data: bytes) -> Image.Image:
    """The picture in a HEIC's or AVIF's bytes, reduced; an AVIF is not yet upright.

    Raises OSError where it is broken, or takes too long or too much.
    """
    command = [sys.executable, "-m", __name__]
    try:
        done = subprocess.run(  # noqa: S603 - this very module
            command, input=data, cwd=Path(__file__).parents[1], capture_output=True, timeout=LONGEST, check=True
        )
    except subprocess.SubprocessError as error:
        raise OSError("It could not be decoded.") from error
    header, _, pixels = done.stdout.partition(b"\n")
    mode, width, height = header.decode().split()
    return Image.frombytes(mode, (int(width), int(height)), pixels)


def _decode(data: bytes) -> Image.Image:
    if heif.is_heif(data):
        picture = heif.open_heif(data)
        return reduced_rows(picture.size, lambda top, bottom: heif.rows_of(picture, top, bottom))
    return reduced(Image.open(io.BytesIO(data), formats=["AVIF"]))


def main() -> None:
    """Decode what comes in, and put out a line of mode, width and height, and then the pixels."""
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    small = _decode(sys.stdin.buffer.read())
    sys.stdout.buffer.write(f"{small.mode} {small.width} {small.height}\n".encode() + small.tobytes())


if __name__ == "__main__":
    main()
