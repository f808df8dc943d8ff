"""An explanation in words and colours."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

import numpy as np
from PIL import Image

from serving.explaining import Explanation, Spot, Stroke
from serving.prediction import Personal, Prediction
from storage.hands import OwnLabel
from web.explanations import AGAINST, FOR, NEITHER, coloured, why

FRAME = np.zeros((28, 28), np.uint8)
FRAME[10:18, 4:24] = 255
FRAME[18, 4:24] = 100
SALIENCY = np.where(FRAME > 0, np.linspace(-4, 4, 28), 0).astype(np.float32)
SEVEN = Prediction(7, 0.88, (0.0, 0.12, *(0.0,) * 5, 0.88, 0.0, 0.0), 0.99, True, "cnn", 1, 1.0)
ONE = replace(SEVEN, predicted_digit=1, confidence=0.65)
NO_DIGIT = replace(SEVEN, digit_score=0.03, is_digit=False)
TOLD = Explanation(SEVEN, 0.44, SALIENCY, None)


def told(explanation: Explanation) -> list[str]:
    return why(explanation, FRAME).sentences


def test_a_digit_is_explained_against_its_runner_up() -> None:
    shown = why(TOLD, FRAME)
    assert shown.title == "Why 7?"
    assert (shown.speaks_for, shown.speaks_against) == ("for 7 rather than 1", "for 1 rather than 7")
    assert shown.sentences == ["Next: 1, 12 %.", "Whichever small part of the ink is left out, it still reads 7."]
    assert shown.ring is None
    near = replace(SEVEN, probabilities=(0.0, 0.002, *(0.0,) * 5, 0.998, 0.0, 0.0))
    assert told(replace(TOLD, prediction=near))[0] == "Next: 1, under 1 %."


def test_what_would_have_made_the_difference_has_a_ring() -> None:
    shown = why(replace(TOLD, decisive=Spot((6.5, 20.5), ONE)), FRAME)
    assert shown.ring == (0.75, 0.25), "x and y"
    assert shown.sentences[1] == "Without the ink in the ring it reads 1 (65 %)."


def test_each_stroke_has_its_verdict() -> None:
    strokes = (Stroke(ONE, 5.0), Stroke(SEVEN, 2.0), Stroke(SEVEN, -2.0), Stroke(SEVEN, 0.1), Stroke(NO_DIGIT, 1.0))
    assert told(replace(TOLD, strokes=strokes))[2:] == [
        "The first stroke spoke for 7: without it, it reads 1.",
        "The second stroke spoke for 7.",
        "The third stroke spoke against 7.",
        "The fourth stroke hardly mattered.",
        "The fifth stroke is needed: without it, this does not look like a digit.",
    ]


def test_what_is_no_digit_is_explained_by_its_digit_score() -> None:
    shown = why(replace(TOLD, prediction=NO_DIGIT, strokes=(Stroke(NO_DIGIT, 1.0), Stroke(ONE, -5.0))), FRAME)
    assert shown.title == "Why is it no digit?"
    assert (shown.speaks_for, shown.speaks_against) == ("for a digit", "against its being a digit")
    assert shown.sentences == [
        "Its digit score is 3 %; from 44 % on, a drawing counts as a digit.",
        "Whichever small part of the ink is left out, it still does not look like a digit.",
        "Without the second stroke it looks like a 1.",
    ]
    assert told(replace(TOLD, prediction=NO_DIGIT, decisive=Spot((0.5, 0.5), replace(ONE, predicted_digit=8))))[1] == (
        "Without the ink in the ring it looks like an 8."
    )


def test_an_answer_of_ones_own_model_says_so() -> None:
    own = replace(SEVEN, personal=Personal(3, 1, SEVEN.probabilities))
    assert told(replace(TOLD, prediction=own))[-1] == "The answer goes by your own labels too, and so do these colours."


def test_ones_own_drawings_have_their_labels_and_where_there_are_none_it_says_so() -> None:
    shown = why(replace(TOLD, labelled=(OwnLabel(b"png", 4),)), FRAME)
    assert [(each.label, each.picture) for each in shown.likenesses] == [(4, "data:image/png;base64,cG5n")]
    assert shown.likenesses_note == "Your own labelled drawings most like it:"
    assert why(TOLD, FRAME).likenesses_note.startswith("None of your drawings has a label yet.")
    away = why(replace(TOLD, labelled=None), FRAME)
    assert (away.likenesses, away.likenesses_note) == ([], "Your labelled drawings cannot be looked up at the moment.")


def test_ink_is_blue_for_the_answer_and_orange_against_it_on_a_clear_ground() -> None:
    picture = np.array(Image.open(io.BytesIO(coloured(FRAME, SALIENCY))))
    assert (picture[..., 3] == FRAME).all(), "as much ink as there was"
    assert np.abs(picture[12, 23, :3].astype(int) - FOR).max() < 12
    assert np.abs(picture[12, 4, :3].astype(int) - AGAINST).max() < 35
    assert picture[12, 13, 2] < picture[12, 14, 2], "the sign turns in the middle"
    shown = why(TOLD, FRAME).picture
    assert base64.b64decode(shown.removeprefix("data:image/png;base64,")) == coloured(FRAME, SALIENCY)


def test_what_hardly_matters_anywhere_stays_grey() -> None:
    picture = np.array(Image.open(io.BytesIO(coloured(FRAME, (SALIENCY / 4000).astype(np.float32)))))
    assert np.abs(picture[12, 4:24, :3].astype(int) - NEITHER).max() < 8
    assert (np.array(Image.open(io.BytesIO(coloured(FRAME, np.zeros_like(SALIENCY)))))[..., :3] == NEITHER).all()


def test_the_colours_stand_out_from_light_and_dark_pages_and_have_no_hue_in_common() -> None:
    for colour in (FOR, AGAINST, NEITHER):
        for ground in ((255, 255, 255), (14, 17, 23)):
            low, high = sorted((luminance(colour), luminance(ground)))
            assert (high + 0.05) / (low + 0.05) >= 3
    assert FOR[2] - FOR[0] > 150
    assert AGAINST[0] - AGAINST[2] > 150


def luminance(colour: tuple[int, ...]) -> float:
    """The relative luminance of an sRGB colour, as WCAG 2 defines it."""
    parts = np.array(colour) / 255
    return float(np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722))
