"""Base64 -> a picture's bytes, in whatever shape base64 arrives after forms, addresses and mails have had it."""

from __future__ import annotations

import re
from base64 import b64decode
from urllib.parse import quote, unquote_to_bytes

from frames.images import NotAnImage

DATA_URL = re.compile(rb"\s*data:[^,]{0,200};base64,", re.IGNORECASE)
LINE_BREAKS = b"\t\n\v\f\r"
URL_SAFE = bytes.maketrans(b"-_", b"+/")  # the other alphabet, made for addresses
ENCODED = {
    quote(sign, safe="").encode(): sign.encode() for sign in "+/=:;, \r\n"
}  # what base64 has in percent-encoding
MAX_PERCENT = 10_000  # of other signs, each of which costs a step in Python


def bytes_in(text: str) -> bytes:
    """The bytes in base64 or a data URL: with padding or without, in either alphabet, percent-encoded or not.

    Line breaks are left out. A blank stands for a plus sign, as after the decoding of a form, unless the text has plus
    or minus signs of its own: then it is left out too.

    Raises NotAnImage.
    """
    try:
        coded = _without_percents(text.encode("ascii"))
        prefix = DATA_URL.match(coded)
        coded = coded[prefix.end() if prefix else 0 :].strip().translate(URL_SAFE, LINE_BREAKS).rstrip(b"=")
        coded = coded.replace(b" ", b"" if b"+" in coded else b"+")
        return b64decode(coded + b"=" * (-len(coded) % 4), validate=True)
    except ValueError as error:
        raise NotAnImage("This is not base64: send the picture's bytes in base64, or a data URL of them.") from error


def _without_percents(coded: bytes) -> bytes:
    """Base64 out of percent-encoding."""
    percents = coded.count(b"%")
    if not percents:
        return coded
    if 3 * percents > len(coded):
        raise ValueError("Two figures follow each percent sign.")
    for sequence, sign in ENCODED.items():
        coded = coded.replace(sequence, sign).replace(sequence.lower(), sign)
    if coded.count(b"%") > MAX_PERCENT:
        raise ValueError("That many percent signs are no base64.")
    return unquote_to_bytes(coded)
