"""Many drawings, by several visitors side by side: each is read, labelled, and found in PostgreSQL."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from settings import ROOT
from support.digits import DIGITS
from support.hand import Stroke, answer, draw, new_canvas, open_page, press_digit, rows_of
from support.running_app import RunningApp

PEOPLE = ROOT / "../shared/drawn/pendigits-train.jsonl.gz"


Drawing = tuple[int, Sequence[Stroke]]


@dataclass
class Hand:
    """A visitor's page, what is drawn on it, and the answers that were shown."""

    page: Page
    drawings: Sequence[Drawing]
    answers: list[int] = field(default_factory=list)

    @property
    def told(self) -> list[tuple[int, Drawing]]:
        """Each answer beside its drawing."""
        return list(zip(self.answers, self.drawings, strict=True))


def draw_and_tell(app: RunningApp, pages: Sequence[Page], drawings: Sequence[Drawing]) -> float:
    """Draw each and tell the truth about each, as many visitors at a time as there are pages; the fraction read right.

    Each visitor's rows are compared with what was drawn, shown and said.
    """
    for page in pages:
        open_page(page, app.url)
    hands = [Hand(page, drawings[n :: len(pages)]) for n, page in enumerate(pages)]
    for turn in range(len(hands[0].drawings)):
        busy = [(hand, *hand.drawings[turn]) for hand in hands if turn < len(hand.drawings)]
        for hand, _, strokes in busy:
            draw(hand.page, strokes)
        for hand, _, strokes in busy:
            hand.answers.append(answer(hand.page, len(strokes)))
        with ExitStack() as new_canvases:
            for hand, _, _ in busy:
                new_canvases.enter_context(new_canvas(hand.page))
            for hand, label, _ in busy:
                press_digit(hand.page, label)
    for hand in hands:
        assert_kept(app, hand)
    return float(np.mean([said == label for hand in hands for said, (label, _) in hand.told]))


def assert_kept(app: RunningApp, hand: Hand) -> None:
    rows = rows_of(app, hand.page)
    assert [row[0] for row in rows] == hand.answers, "one row for each drawing, with the answer that was shown"
    assert [row[1] for row in rows] == [label for label, _ in hand.drawings], (
        "the correction is on the drawing's own row"
    )
    for _, _, picture, source in rows:
        frame = np.asarray(Image.open(io.BytesIO(picture)))
        assert frame.shape == (28, 28)
        assert frame.max() > 200
        assert source == "canvas"


@pytest.fixture
def pages(browser: Browser) -> Iterator[list[Page]]:
    """Four visitors at once: while one waits for an answer, the next one draws."""
    contexts = [browser.new_context(viewport={"width": 1100, "height": 900}) for _ in range(4)]
    yield [context.new_page() for context in contexts]
    for context in contexts:
        context.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.full)])
def test_digits_drawn_with_the_mouse_are_read_and_kept(app: RunningApp, pages: list[Page], every: int) -> None:
    assert draw_and_tell(app, pages, DIGITS[::every]) >= 0.95


@pytest.mark.timeout(900)
@pytest.mark.skipif(not PEOPLE.exists(), reason="the drawings of real people are not here")
@pytest.mark.parametrize(("count", "right"), [(6, 0.8), pytest.param(100, 0.95, marks=pytest.mark.full)])
def test_digits_of_real_people_are_read_and_kept(app: RunningApp, pages: list[Page], count: int, right: float) -> None:
    assert draw_and_tell(app, pages, peoples_digits(count)) >= right


def peoples_digits(count: int) -> list[Drawing]:
    """Some digits of each writer, in the canvas's coordinates: 60 % of it high or wide, in its middle."""
    with gzip.open(PEOPLE, "rt") as lines:
        everything = [json.loads(line) for line in lines]
    drawings: list[Drawing] = []
    for drawing in everything[:: len(everything) // count][:count]:
        points = np.concatenate([np.asarray(stroke, float) for stroke in drawing["strokes"]])
        low, high = points.min(0), points.max(0)
        scale = 0.6 / max(1e-6, (high - low).max())
        strokes: list[Stroke] = [
            [(float(x), float(y)) for x, y in (np.asarray(stroke) - (low + high) / 2) * scale + 0.5]
            for stroke in drawing["strokes"]
        ]
        drawings.append((drawing["label"], strokes))
    return drawings
