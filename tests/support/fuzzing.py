"""python tests/support/fuzzing.py FIRST COUNT FILE

Damaged pictures through preprocessing and segmentation: each is read, or refused with one of the documented errors.

Prints a line of JSON: how many were read and refused, what else was raised, and the slowest of them. FILE holds the
number of the picture at hand, so that a crash can be had again. Run as a process of its own, since a decoder may take
the whole process with it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter

from frames.drawing import from_picture
from frames.images import ImageTooLarge, NotAnImage, decode, upright_size
from frames.masks import NoInk
from frames.segmentation import TooManyDigits, in_picture
from support.mutations import ISOLATED, picture

DOCUMENTED = (ImageTooLarge, NotAnImage, NoInk, TooManyDigits)


def taken_apart(data: bytes) -> None:
    """What the app does with a picture before a network sees it."""
    image = decode(data)
    from_picture(image)
    in_picture(image, upright_size(data))


def outcome(data: bytes) -> str:
    try:
        taken_apart(data)
    except DOCUMENTED as error:
        return type(error).__name__
    except Exception as error:  # noqa: BLE001 - whatever else comes is a finding
        return f"undocumented: {error!r}"
    return "read"


def main() -> None:
    first, count = map(int, sys.argv[1:3])
    at_hand = os.open(sys.argv[3], os.O_WRONLY | os.O_CREAT)
    outcomes: Counter[str] = Counter()
    findings, slowest = [], (0.0, 0)
    for number in range(first, first + count):
        os.pwrite(at_hand, f"{number:12}".encode(), 0)
        kind, data = picture(number)
        begin = time.thread_time()
        found = outcome(data)
        seconds = time.thread_time() - begin
        outcomes[found.split(":")[0]] += 1
        if found.startswith("undocumented"):
            findings.append((number, kind, found))
        if kind not in ISOLATED:
            slowest = max(slowest, (seconds, number))
    sys.stdout.write(json.dumps({"outcomes": outcomes, "findings": findings, "slowest": slowest}))


if __name__ == "__main__":
    main()
