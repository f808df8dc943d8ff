"""The answer: the digit, how sure the model is, whose hand it reads, a bar for each digit, and what the model saw."""

from __future__ import annotations

import streamlit as st

from app_pages.hand import hand_note
from app_pages.pictures import picture
from frames.preprocessing import to_png
from percentages import certainty, percent
from serving.prediction import Prediction
from serving.reading import Reading

SURE = 0.8  # below it the answer comes with its runner-up


def show_answer(reading: Reading, strokes: int) -> None:
    """The whole answer. `strokes` is the number of strokes that it stands for, for tests to wait on."""
    prediction = reading.prediction
    bars = "".join(_bar(digit, probability, prediction) for digit, probability in enumerate(prediction.probabilities))
    seen = picture(to_png(reading.drawing.frame), "The drawing as the model sees it")
    st.html(
        f'<div class="reading" role="status" aria-live="polite" aria-label="{_spoken(prediction)}">'
        f'<div class="digit {"" if prediction.is_digit else "doubt"}" '
        f'data-testid="digit" data-strokes="{strokes}">'
        f"{prediction.predicted_digit}</div>"
        f'<div class="says" data-testid="says">{_sentence(prediction)}</div></div>{hand_note(prediction)}'
        f'<div class="bars" role="img" aria-label="{_spoken_probabilities(prediction)}">{bars}</div>'
        f'<div class="seen">{seen}<span>What the model sees: 28 × 28 pixels.</span></div>'
    )


def glance(reading: Reading | None) -> str:
    """The line above the canvas, as HTML: what to do, and on a phone the answer."""
    hint = '<span class="hint">One digit, with the mouse, a finger or a pen.</span>'
    if reading is None:
        return f'<div class="glance">{hint}</div>'
    answer = f"<b>{reading.prediction.predicted_digit}</b> {_verdict(reading.prediction)}"
    if reading.prediction.personal and reading.prediction.changed:
        answer += f" · everybody's model: {reading.prediction.personal.shared_digit}"
    return f'<div class="glance answered">{hint}<span class="answer" data-testid="glance">{answer}</span></div>'


def _verdict(prediction: Prediction) -> str:
    if not prediction.is_digit:
        return "This does not look like a digit."
    if prediction.confidence < SURE:
        first, second = sorted(range(10), key=lambda digit: -prediction.probabilities[digit])[:2]
        return f"Not sure: {first} or {second}?"
    return f"{certainty(prediction.confidence)} sure"


def _sentence(prediction: Prediction) -> str:
    best = f"{prediction.predicted_digit}, {certainty(prediction.confidence)}"
    doubtful = not prediction.is_digit or prediction.confidence < SURE
    verdict = _verdict(prediction)
    return f"{verdict}<br><small>Best guess: {best}</small>" if doubtful else verdict


def _spoken(prediction: Prediction) -> str:
    return f"{prediction.predicted_digit}. {_verdict(prediction)}"


def _spoken_probabilities(prediction: Prediction) -> str:
    return ", ".join(f"{digit}: {percent(probability)}" for digit, probability in enumerate(prediction.probabilities))


def _bar(digit: int, probability: float, prediction: Prediction) -> str:
    best = " best" if digit == prediction.predicted_digit else ""
    return (
        f'<span class="name{best}">{digit}</span>'
        f'<span class="track"><div class="fill" style="width: {probability * 100:.2f}%"></div></span>'
        f'<span class="percent">{percent(probability, 1)}</span>'
    )
