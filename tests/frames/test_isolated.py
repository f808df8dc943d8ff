"""A decoder that takes too much, or too long, or crashes, is one broken file."""

from __future__ import annotations

import sys

import pytest

from frames import isolated
from support.hostile_heifs import avif_bomb
from support.pictures import encoded, heic, zero


@pytest.mark.parametrize("data", [heic(zero()), encoded(zero(), "AVIF")])
def test_what_the_process_decodes_is_the_picture(data: bytes) -> None:
    assert isolated.decoded(data).convert("RGB").getpixel((5, 5)) == pytest.approx((255, 255, 255), abs=3)


def test_a_small_file_of_a_huge_picture_gets_no_memory() -> None:
    with pytest.raises(OSError, match="could not be decoded"):
        isolated.decoded(avif_bomb())


def test_what_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "LONGEST", 0.01)
    with pytest.raises(OSError, match="could not be decoded"):
        isolated.decoded(heic(zero()))


def test_a_crash_ends_nobody_but_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(OSError, match="could not be decoded"):
        isolated.decoded(heic(zero()))
