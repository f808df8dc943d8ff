"""The figures of a version: accuracy by digit, confusion matrix, reliability diagram."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from learning.card import Confusion, ModelCard, ReliabilityBin, RetrainedCard
from percentages import percent

DIGITS = range(10)


def show_figures(card: ModelCard) -> None:
    """The accuracy of each digit, the confusion matrix, and the reliability diagram."""
    if not card.confusion:
        st.info(
            "Of the weights that came with the app only accuracies are stored. `python src/benchmark.py accuracy` "
            "draws their confusion matrix and reliability diagram."
        )
    left, middle, right = st.columns(3, gap="medium")
    with left:
        st.markdown("**Each digit**")
        st.html(_digits(card))
    if card.confusion:
        with middle:
            st.markdown("**What was read as what** (MNIST test; a row for each digit)")
            st.html(_confusion(card.confusion))
    if card.reliability:
        with right:
            st.markdown("**Calibration** (→ confidence, ↑ accuracy)")
            st.html(_reliability(card.reliability))
            st.html(f'<p class="quiet">Mean gap: {percent(card.ece, 2)}</p>')


def _confusion(counts: Confusion) -> str:
    """Counts as a table, the more frequent mistakes in deeper red; the diagonal is left uncoloured."""
    most = max([1, *(counts[row][column] for row in DIGITS for column in DIGITS if row != column)])
    head = "".join(f"<th>{digit}</th>" for digit in DIGITS)
    rows = "".join(
        f"<tr><th>{row}</th>{''.join(_cell(counts[row][column], row == column, most) for column in DIGITS)}</tr>"
        for row in DIGITS
    )
    return f'<table class="confusion" aria-label="Confusion matrix"><tr><th></th>{head}</tr>{rows}</table>'


def _cell(count: int, right: bool, most: int) -> str:
    if not count:
        return "<td></td>"
    shade = 0 if right else 15 + 60 * count / most
    return f'<td style="background: color-mix(in srgb, #dc4646 {shade:.0f}%, transparent)">{count}</td>'


def _reliability(bins: Sequence[ReliabilityBin]) -> str:
    """Dots at (confidence, accuracy), larger for more digits; those on the diagonal are calibrated."""
    dots = "".join(
        f'<i style="left: {b.confidence:.2%}; bottom: {b.accuracy:.2%}; '
        f'width: {8 + 14 * b.fraction**0.5:.0f}px; height: {8 + 14 * b.fraction**0.5:.0f}px"></i>'
        for b in bins
    )
    told = "; ".join(f"{b.confidence:.0%} sure: {b.accuracy:.0%} right" for b in bins)
    return f'<div class="reliability" role="img" aria-label="Reliability: {told}">{dots}</div>'


def _digits(card: ModelCard) -> str:
    """The accuracy of each digit, before and after a retraining; for weights that came with the app, as it is."""
    if not isinstance(card, RetrainedCard):
        rows = "".join(
            f"<tr><th>{digit}</th><td>{percent(value, 2)}</td></tr>"
            for digit, value in enumerate(card.per_digit_accuracy)
        )
        return f'<table class="digits"><tr><th>digit</th><th>MNIST test</th></tr>{rows}</table>'
    rows = "".join(
        f"<tr><th>{digit}</th><td>{percent(old, 2)}</td><td>{percent(new, 2)}</td><td>{_change(new - old)}</td></tr>"
        for digit, (old, new) in enumerate(zip(card.before.per_digit, card.after.per_digit, strict=True))
    )
    head = "<tr><th>digit</th><th>before</th><th>after</th><th>points</th></tr>"
    return f'<table class="digits">{head}{rows}</table><p class="quiet">MNIST validation and held-out labels</p>'


def _change(fraction: float) -> str:
    return f"{fraction * 100:+.2f}".replace("-", "\N{MINUS SIGN}") if abs(fraction) >= 0.00005 else "="
