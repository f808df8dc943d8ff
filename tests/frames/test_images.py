"""Whatever bytes arrive, `decode` is quick, and returns a picture or raises one of its two named errors."""

from __future__ import annotations

import gc
import io
import re
import resource
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from frames.images import (
    EXTENSIONS,
    FILE_EXTENSIONS,
    FORMATS,
    MAX_BYTES,
    ImageTooLarge,
    NotAnImage,
    decode,
    is_quick,
)
from frames.masks import NoInk
from frames.preprocessing import frame_pixels
from support.hostile_pictures import HOSTILE_PICTURES, Outcome, raw_png
from support.pictures import cross, encoded, heic
from support.sketches import THREE, THREE_FRAME, difference, painted

KINDS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
IN_A_PROCESS = ("HEIC", "AVIF")  # decoding takes 0.2 s: fuzzed by `make test-full`


@pytest.mark.parametrize("name", HOSTILE_PICTURES)
def test_hostile_input_has_its_documented_outcome(name: str) -> None:
    data, outcome = HOSTILE_PICTURES[name]
    assert outcome_of(data) is outcome


def test_there_are_enough_hostile_pictures() -> None:
    assert len(HOSTILE_PICTURES) >= 40


def outcome_of(data: bytes) -> Outcome:
    try:
        decode(data)
    except (NotAnImage, ImageTooLarge) as error:
        assert str(error).endswith(".")
        assert "\n" not in str(error)
        return type(error)
    return None


def test_refusals_are_quick() -> None:
    for name, (data, outcome) in HOSTILE_PICTURES.items():
        if outcome is not None:
            # CPU time, and three attempts: the machine may be busy with other tests, or slow.
            refusal = partial(outcome_of, data)
            assert any(seconds(refusal) < 6 * seconds(count) for _ in range(3)), name  # twice as long, usually


def count() -> None:
    """Something that takes as long as most refusals do: 0.03 s, or more on a slow machine."""
    number = 0
    for one in range(700_000):
        number += one


def seconds(what: Callable[[], object]) -> float:
    start = time.thread_time()
    what()
    return time.thread_time() - start


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux alone")
def test_refusals_do_not_leak_memory() -> None:
    refused = [data for data, outcome in HOSTILE_PICTURES.values() if outcome is not None]
    for data in refused:
        outcome_of(data)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(20):
        for data in refused:
            if len(data) < 1_000_000 and data[4:8] != b"ftyp":  # those are decoded in a process of their own
                outcome_of(data)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_what_is_decoded_is_framed_or_has_no_ink() -> None:
    for data, outcome in HOSTILE_PICTURES.values():
        if outcome is None:
            try:
                frame = frame_pixels(decode(data))
            except NoInk:
                continue
            assert frame.shape == (28, 28)
            assert frame.max() >= 250


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(KINDS), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8))
def test_changed_bytes_are_read_or_refused_with_a_named_error(kind: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(FILES[kind])
    for place, value in changes:
        data[place % len(data)] = value
    outcome_of(bytes(data))


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(KINDS), st.floats(0, 1))
def test_a_truncated_file_is_never_taken_for_a_whole_one(kind: str, fraction: float) -> None:
    data = FILES[kind]
    cut = data[: int(fraction * (len(data) - 40))]
    assert outcome_of(cut) in (NotAnImage, ImageTooLarge)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300))
@example(b"\x89PNG\r\n\x1a\n")
@example(b"BM")
def test_any_bytes_are_refused_with_a_named_error(data: bytes) -> None:
    assert outcome_of(data) in (NotAnImage, None)


FILES = {kind: encoded(cross("RGB", (40, 30)), kind) for kind in (*KINDS, "AVIF")}
FILES["HEIC"] = heic(cross("RGB", (40, 30)))


@pytest.mark.parametrize("kind", (*KINDS, *IN_A_PROCESS))
def test_every_format_is_recognised_by_its_bytes_alone(kind: str) -> None:
    image = decode(FILES[kind])
    assert image.size == (40, 30)
    assert kind in {name.upper() for name in EXTENSIONS}
    assert frame_pixels(image).max() >= 250


def test_a_byte_too_many_is_refused_with_the_limit() -> None:
    with pytest.raises(ImageTooLarge) as refused:
        decode(bytes(MAX_BYTES + 1))
    megabytes = re.search(r"at most (\d+) MB", str(refused.value))
    assert megabytes is not None
    assert int(megabytes[1]) * 1024 * 1024 == MAX_BYTES


def test_a_refusal_names_the_formats() -> None:
    with pytest.raises(NotAnImage, match="send a PNG, JPEG, HEIC, AVIF, WebP, TIFF, BMP or GIF"):
        decode(b"seven")


def test_the_extensions_belong_to_the_formats() -> None:
    others = set(FILE_EXTENSIONS) - set(EXTENSIONS["HEIC"])
    assert {Image.registered_extensions()[f".{extension}"] for extension in others} == set(FORMATS)


def test_fifty_megapixels_are_read_and_one_more_row_is_not() -> None:
    assert decode(encoded(Image.new("1", (5000, 10_000)))).size == (1000, 2000)
    with pytest.raises(ImageTooLarge, match="50 megapixels"):
        decode(encoded(Image.new("1", (5001, 10_000))))


def test_a_kind_that_takes_much_memory_has_a_limit_of_its_own_and_says_so() -> None:
    """Of a file whose body is missing: it is the header that is refused."""
    with pytest.raises(ImageTooLarge, match=r"^This kind of picture takes too much memory: send one of at most 36 "):
        decode(raw_png(7000, 6000, b"", colour=2))


def test_a_large_webp_is_read_as_a_small_one_is() -> None:
    whole = cross("RGBA", (2500, 1000))
    whole.paste((255, 0, 0, 99), (0, 0, 800, 500))
    image = decode(encoded(whole, "WEBP", lossless=True, exact=True))
    assert (image.mode, image.size) == ("RGBA", (1250, 500))
    assert np.array_equal(np.asarray(image), np.asarray(whole.reduce(2)))


def test_the_first_page_of_a_tiff_is_read() -> None:
    data = encoded(cross("RGB", (40, 30)), "TIFF", save_all=True, append_images=[Image.new("RGB", (8, 8))])
    assert decode(data).size == (40, 30)


def test_what_is_quick_is_told_from_the_header() -> None:
    assert is_quick(FILES["PNG"])
    assert is_quick(b"seven")
    for large in (FILES["TIFF"], FILES["HEIC"], FILES["AVIF"], encoded(Image.new("L", (1100, 1000)), "WEBP")):
        assert not is_quick(large)


def test_a_large_photograph_is_reduced_but_still_large() -> None:
    image = decode(encoded(Image.new("RGB", (4000, 3000), "white"), "JPEG"))
    assert 1000 <= min(image.size) < 3000
    assert image.width / image.height == pytest.approx(4 / 3, abs=0.01)


def test_the_first_of_two_pictures_in_a_jpeg_is_read() -> None:
    buffer = io.BytesIO()
    cross("RGB").save(buffer, "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))])
    image = decode(buffer.getvalue())
    assert image.size == (64, 64)
    assert np.asarray(image.convert("L"))[32, 32] < 50


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_undone(orientation: int) -> None:
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transposition that each orientation stands for
    image = Image.fromarray(painted(THREE))
    stored = image if orientation == 1 else image.transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("JPEG", "PNG", "WEBP"):
        upright = decode(encoded(stored.convert("RGB"), kind, exif=exif.tobytes()))
        frames = (frame_pixels(each, softness=0) for each in (upright, image))  # JPEG's waves count as softness
        assert difference(*frames) < 0.1


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_exif_rotation_that_does_not_exist_is_ignored(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode(encoded(Image.fromarray(painted(THREE)).convert("RGB"), "JPEG", exif=exif.tobytes()))
    assert difference(frame_pixels(image), THREE_FRAME) < 0.1
