"""Whatever bytes arrive, `decode` answers at once: with a picture, or with one of its two named errors."""

from __future__ import annotations

import gc
import io
import resource
import sys
import time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from frames.images import FORMATS, MAX_BYTES, ImageTooLarge, NotAnImage, decode
from frames.ink import NoInk
from frames.preprocessing import frame_pixels
from support.hostile_inputs import HOSTILE, Outcome, file, picture
from support.sketches import THREE, THREE_FRAME, apart, painted

KINDS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_gets_its_documented_outcome(name: str) -> None:
    data, outcome = HOSTILE[name]
    assert outcome_of(data) is outcome


def test_there_are_enough_hostile_inputs() -> None:
    assert len(HOSTILE) >= 40


def outcome_of(data: bytes) -> Outcome:
    try:
        decode(data)
    except (NotAnImage, ImageTooLarge) as error:
        assert str(error).endswith(".")
        assert "\n" not in str(error)
        return type(error)
    return None


def test_refusals_take_less_than_a_tenth_of_a_second() -> None:
    for name, (data, outcome) in HOSTILE.items():
        if outcome is not None:
            # The processor's time, and the best of three: the machine may be busy with other tests.
            spent = min(seconds(data) for _ in range(3))
            assert spent < 0.1, f"{name}: {spent:.3f} s"


def seconds(data: bytes) -> float:
    start = time.thread_time()
    outcome_of(data)
    return time.thread_time() - start


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux alone")
def test_refusals_leave_the_process_no_larger() -> None:
    refused = [data for data, outcome in HOSTILE.values() if outcome is not None]
    for data in refused:
        outcome_of(data)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(20):
        for data in refused:
            if len(data) < 1_000_000:
                outcome_of(data)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_what_is_decoded_is_framed_or_has_no_ink() -> None:
    for data, outcome in HOSTILE.values():
        if outcome is None:
            try:
                frame = frame_pixels(decode(data))
            except NoInk:
                continue
            assert frame.shape == (28, 28)
            assert frame.max() >= 250


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(KINDS), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_file_with_bytes_changed_is_read_or_refused_by_name(kind: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(FILES[kind])
    for place, value in changes:
        data[place % len(data)] = value
    outcome_of(bytes(data))


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(KINDS), st.floats(0, 1))
def test_a_truncated_file_is_never_taken_for_a_whole_one(kind: str, share: float) -> None:
    data = FILES[kind]
    cut = data[: int(share * (len(data) - 40))]
    assert outcome_of(cut) in (NotAnImage, ImageTooLarge)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300))
@example(b"\x89PNG\r\n\x1a\n")
@example(b"BM")
def test_any_bytes_are_refused_by_name(data: bytes) -> None:
    assert outcome_of(data) in (NotAnImage, None)


FILES = {kind: file(picture("RGB", (40, 30)), kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_the_five_formats_are_read_by_their_bytes_alone(kind: str) -> None:
    image = decode(FILES[kind])
    assert image.size == (40, 30)
    assert kind in FORMATS
    assert frame_pixels(image).max() >= 250


def test_a_megabyte_too_many_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(ImageTooLarge, match="5 MB"):
        decode(bytes(MAX_BYTES + 1))


def test_twenty_megapixels_are_read_and_a_row_more_is_not() -> None:
    assert decode(file(Image.new("1", (5000, 4000)))).size == (5000, 4000)
    with pytest.raises(ImageTooLarge, match="20 megapixels"):
        decode(file(Image.new("1", (5000, 4001))))


def test_a_large_photo_comes_back_reduced_but_still_large() -> None:
    image = decode(file(Image.new("RGB", (4000, 3000), "white"), "JPEG"))
    assert 1000 <= min(image.size) < 3000
    assert image.width / image.height == pytest.approx(4 / 3, abs=0.01)


def test_a_photo_with_a_second_picture_inside_is_its_first() -> None:
    buffer = io.BytesIO()
    picture("RGB").save(buffer, "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))])
    image = decode(buffer.getvalue())
    assert image.size == (64, 64)
    assert np.asarray(image.convert("L"))[32, 32] < 50


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_undone(orientation: int) -> None:
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transposition that a camera so held amounts to
    image = Image.fromarray(painted(THREE))
    stored = image if orientation == 1 else image.transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("JPEG", "PNG", "WEBP"):
        upright = decode(file(stored.convert("RGB"), kind, exif=exif.tobytes()))
        assert apart(frame_pixels(upright), THREE_FRAME) < 0.1


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_exif_rotation_that_does_not_exist_is_ignored(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode(file(Image.fromarray(painted(THREE)).convert("RGB"), "JPEG", exif=exif.tobytes()))
    assert apart(frame_pixels(image), THREE_FRAME) < 0.1
