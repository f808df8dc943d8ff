"""An explanation in words and colours: which ink spoke for the answer, and what would have changed it."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from frames.masks import Pixels
from frames.preprocessing import FRAME
from learning.classes import in_words
from learning.saliency import Floats
from percentages import percent
from serving.explaining import Explanation, Stroke, reads
from web.answers import data_url

# Blue and orange are told apart with every kind of colour blindness, and all three stand out from white and from black.
FOR, AGAINST, NEITHER = (33, 118, 214), (214, 105, 0), (128, 128, 128)
FAINTEST = 1.0  # nats: where no ink matters more than this, its colour is no stronger for it
MATTERS = 0.5  # nats: a stroke that changes less hardly mattered
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


@dataclass(frozen=True)
class Likeness:
    """One of the visitor's own labelled drawings: a data URL, and what they said it is."""

    picture: str
    label: int


@dataclass(frozen=True)
class Why:
    """What the page shows of an explanation, in plain text; `ring` is x and y, parts of the picture (0-1)."""

    title: str
    picture: str
    alt: str
    ring: tuple[float, float] | None
    speaks_for: str
    speaks_against: str
    sentences: list[str]
    likenesses: list[Likeness]
    likenesses_note: str


def why(explanation: Explanation, frame: Pixels) -> Why:
    """An explanation of a (28, 28) uint8 frame as the page shows it."""
    prediction, spot = explanation.prediction, explanation.decisive
    first, second = prediction.best_two
    if prediction.is_digit:
        title, sides = f"Why {first}?", (f"for {first} rather than {second}", f"for {second} rather than {first}")
    else:
        title, sides = "Why is it no digit?", ("for a digit", "against its being a digit")
    return Why(
        title=title,
        picture=data_url(coloured(frame, explanation.saliency)),
        alt=f"The drawing, blue where its ink speaks {sides[0]}, orange where it speaks {sides[1]}",
        ring=((spot.centre[1] + 0.5) / FRAME, (spot.centre[0] + 0.5) / FRAME) if spot else None,
        speaks_for=sides[0],
        speaks_against=sides[1],
        sentences=_about_a_digit(explanation) if prediction.is_digit else _about_no_digit(explanation),
        likenesses=[Likeness(data_url(each.image), each.label) for each in explanation.labelled or ()],
        likenesses_note=_note(explanation),
    )


def coloured(frame: Pixels, saliency: Floats) -> bytes:
    """The ink of a frame as a PNG on a transparent ground: FOR, AGAINST, or NEITHER where it hardly speaks."""
    part = saliency / max(float(np.abs(saliency).max()), FAINTEST)
    strength = np.sqrt(np.abs(part))[..., None]  # what speaks half as loudly must not look grey
    hue = np.where(part[..., None] > 0, FOR, AGAINST)
    colours = np.rint(strength * hue + (1 - strength) * NEITHER).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(np.dstack([colours, frame])).save(buffer, "PNG")
    return buffer.getvalue()


def _about_a_digit(explanation: Explanation) -> list[str]:
    prediction, spot = explanation.prediction, explanation.decisive
    first, second = prediction.best_two
    told = [f"Next: {second}, {_small(prediction.probabilities[second])}."]
    if spot:
        it = spot.prediction
        told.append(f"Without the ink in the ring it reads {it.predicted_digit} ({_small(it.confidence)}).")
    else:
        told.append(f"Whichever small part of the ink is left out, it still reads {first}.")
    told += [_stroke(name, each, first) for name, each in zip(ORDINALS, explanation.strokes, strict=False)]
    if prediction.personal:
        told.append("The answer goes by your own labels too, and so do these colours.")
    return told


def _stroke(name: str, stroke: Stroke, digit: int) -> str:
    left = reads(stroke.prediction)
    if left is None:
        return f"The {name} stroke is needed: without it, this does not look like a digit."
    if left != digit:
        return f"The {name} stroke spoke for {digit}: without it, it reads {left}."
    if abs(stroke.loss) < MATTERS:
        return f"The {name} stroke hardly mattered."
    return f"The {name} stroke spoke {'for' if stroke.loss > 0 else 'against'} {digit}."


def _about_no_digit(explanation: Explanation) -> list[str]:
    score, spot = explanation.prediction.digit_score, explanation.decisive
    told = [
        f"Its digit score is {_small(score)}; from {_small(explanation.threshold)} on, a drawing counts as a digit."
    ]
    if spot:
        told.append(f"Without the ink in the ring it looks like {in_words(spot.prediction.predicted_digit)}.")
    else:
        told.append("Whichever small part of the ink is left out, it still does not look like a digit.")
    for name, stroke in zip(ORDINALS, explanation.strokes, strict=False):
        if stroke.prediction.is_digit:
            told.append(f"Without the {name} stroke it looks like {in_words(stroke.prediction.predicted_digit)}.")
    return told


def _note(explanation: Explanation) -> str:
    if explanation.labelled is None:
        return "Your labelled drawings cannot be looked up at the moment."
    if not explanation.labelled:
        return "None of your drawings has a label yet. Say what this one is, and it is the first."
    return "Your own labelled drawings most like it:"


def _small(fraction: float) -> str:
    """A fraction (0-1) in percent, with no place after the point."""
    return "under 1 %" if fraction < 0.01 else percent(fraction)
