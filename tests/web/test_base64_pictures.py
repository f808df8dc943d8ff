"""Base64 in every shape that it arrives in is the same bytes, and rubbish is none."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frames.images import NotAnImage
from gateway.bodies import MAX_BODY
from web.base64_pictures import bytes_in

Step = Callable[[str], str]

ALPHABETS: list[Step] = [str, lambda text: text.translate(str.maketrans("+/", "-_"))]
PADDINGS: list[Step] = [str, lambda text: text.rstrip("="), lambda text: text.rstrip("=") + "="]
LINES: list[Step] = [str, lambda text: "\r\n".join(text[at : at + 76] for at in range(0, len(text), 76)) + "\n"]
PREFIXES = ["", "data:image/png;base64,", "DATA:;charset=x;Base64,", "\n data:image/heic;base64,"]
LAST: list[Step] = [
    str,
    lambda text: quote(text, safe=""),
    lambda text: quote(text, safe="").lower() if text.islower() else quote(text),
    lambda text: "".join(f"%{ord(sign):02x}" for sign in text),
]


@given(
    st.binary(max_size=300),
    st.sampled_from(ALPHABETS),
    st.sampled_from(PADDINGS),
    st.sampled_from(LINES),
    st.sampled_from(PREFIXES),
    st.sampled_from(LAST),
)
def test_every_shape_of_the_same_bytes_is_the_same_bytes(
    data: bytes, alphabet: Step, padding: Step, lines: Step, prefix: str, last: Step
) -> None:
    text = prefix + lines(padding(alphabet(b64encode(data).decode())))
    assert bytes_in(last(text)) == data


@given(st.binary(max_size=300), st.sampled_from(PADDINGS[:2]), st.sampled_from(PREFIXES))
def test_a_blank_stands_for_a_plus_sign(data: bytes, padding: Step, prefix: str) -> None:
    """As where a form or an address was decoded once too often; at its ends a blank is none."""
    text = padding(b64encode(data).decode())
    if not text.startswith("+") and not text.endswith("+"):
        assert bytes_in(prefix + text.replace("+", " ")) == data


@given(st.binary(min_size=3, max_size=300))
def test_blanks_between_plus_signs_are_left_out(data: bytes) -> None:
    text = b64encode(b"\xfb\xef\xbe" + data).decode()
    assert text.startswith("++++")
    assert bytes_in(" ".join(text[at : at + 8] for at in range(0, len(text), 8))) == b"\xfb\xef\xbe" + data


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "AAAAA",
        "iVBORw0KGgo=AAAA",
        "%%%",
        "%2",
        "AAA%",
        "%252B",
        "seven!",
        "\0AAA",
        "\ud800",
        chr(0xFF29) * 4,
        "a,b",
    ],
)
def test_rubbish_is_refused_with_its_sentence(text: str) -> None:
    with pytest.raises(NotAnImage, match=r"^This is not base64: send the picture's bytes in base64, or a data URL"):
        bytes_in(text)


@given(st.text(max_size=50))
def test_any_text_is_bytes_or_refused(text: str) -> None:
    try:
        assert isinstance(bytes_in(text), bytes)
    except NotAnImage as error:
        assert str(error).startswith("This is not base64")


@pytest.mark.parametrize("text", ["%", "%41", "%2B", " ", "+ ", "=", "\n", "-_", "A", "data:", "%3D,"])
def test_none_of_the_largest_texts_takes_long(text: str) -> None:
    text *= MAX_BODY // len(text)
    start = time.thread_time()
    with suppress(NotAnImage):
        bytes_in(text)
    assert time.thread_time() - start < 1
