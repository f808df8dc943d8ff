"""DEPLOYMENT.md's table of limits has the figures of the code."""

from __future__ import annotations

import re

import pytest

from frames import canvas
from gateway import connections, receiving, repeats, sockets, uploads
from serving import batching, explaining, whole_numbers
from settings import ROOT
from storage import spool, writer
from web import decoding, said, strokes

MB = 1024 * 1024
TABLE: dict[str, tuple[str, str]] = {
    "pages open at the same time (websockets)": (f"{sockets.MOST_OF_A_CLIENT}", f"{sockets.MOST:,}"),
    "pictures uploaded on pages, in memory": (f"{uploads.MOST_OF_A_CLIENT // MB} MB", f"{uploads.MOST // MB} MB"),
    "large request bodies at the same time": (
        f"{receiving.IN_HAND_OF_A_CLIENT // MB} MB",
        f"{receiving.IN_HAND // MB} MB",
    ),
    "connections beside websockets": ("", f"{connections.MOST:,}"),
    "a request's first line and headers": (f"{connections.REQUEST_WITHIN:.0f} s", ""),
    "its body, each 80 kB or its end": (f"{receiving.WITHIN:.0f} s", ""),
    "an answer that nobody reads": (f"{connections.READ_WITHIN:.0f} s", ""),
    "a page that says nothing at first": (f"{sockets.FIRST_WORD_WITHIN:.0f} s", ""),
    "large pictures being decoded": ("", f"2, and {decoding.WAITING} that wait"),
    "small pictures being decoded": ("", f"1, and {decoding.SMALL_WAITING} that wait"),
    "whole numbers being read": ("", f"{whole_numbers.AT_ONCE}, and {whole_numbers.WAITING} that wait"),
    'explanations ("Why?")': ("5 a second", f"1, and {explaining.MAX_WAITING} that wait"),
    "drawings waiting for the model": ("", f"{batching.MAX_WAITING}"),
    "answers to a page that is drawn on, and labels on it": (
        f"{strokes.RATE.removesuffix('/second')} and {said.RATE.removesuffix('/second')} a second",
        "",
    ),
    "readings while pens move, of all visitors": ("", f"{strokes.PREVIEWS} at once"),
    "drawings and labels waiting to be written": ("", f"{writer.MAX_QUEUED:,} in memory, {spool.MAX_ENTRIES:,}"),
    "a drawing on a canvas": (f"{canvas.MAX_STROKES} strokes, {canvas.MAX_POINTS:,} points", ""),
    "lines of one kind in the log": ("", f"{repeats.MOST} a minute"),
}
ROWS = {
    cells[0]: cells[1:3]
    for line in re.findall(r"^\| (.*) \|$", (ROOT / "DEPLOYMENT.md").read_text(), re.M)
    if len(cells := [cell.strip() for cell in line.split("|")]) == 4
}


@pytest.mark.parametrize("what", TABLE)
def test_a_row_says_what_the_code_does(what: str) -> None:
    assert all(told.startswith(meant) for told, meant in zip(ROWS[what], TABLE[what], strict=True)), ROWS[what]


def test_the_pieces_of_a_body_are_as_large_as_it_says() -> None:
    assert receiving.PIECE == 80_000
