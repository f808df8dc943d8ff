"""The figures of a version: gains and losses, its labels, accuracy by digit, confusion matrix, reliability diagram."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app_pages.style import scrollable
from feedback.wording import HEADS, account_lines, measures, signed
from learning.card import Confusion, ModelCard, ReliabilityBin, RetrainedCard
from percentages import percent

DIGITS = range(10)
TICKS = (0, 25, 50, 75, 100)  # percent, on both axes of the reliability diagram
UNCHANGED = 5e-5  # a smaller change is none, to the places that are shown


def gains_table(card: RetrainedCard) -> None:
    """Each measure of the gate before and after the training, and how much of it may be lost."""
    rows = "".join(
        f'<tr><th scope="row">{each.name}</th><td>{each.before}</td><td>{each.after}</td>'
        f'<td class="{"lost" if each.gain < -UNCHANGED else ""}">{each.change}</td>'
        f'<td class="words">{each.tolerance}</td></tr>'
        for each in measures(card)
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in HEADS)
    st.html(scrollable("Gained and lost", f'<table class="gains"><tr>{head}</tr>{rows}</table>'))


def account_table(card: RetrainedCard) -> None:
    """What became of the labels that were new to the training: why so many were approved, and so many trained on."""
    if card.account is None:
        st.markdown(
            f"{card.labels_used:,} were trained on, {len(card.labels_dropped):,} dropped. "
            "An earlier release of the app made this version, and counted no more."
        )
        return
    rows = "".join(
        f'<tr><td>{count:,}</td><th scope="row">{name}</th></tr>' for name, count in account_lines(card.account)
    )
    st.html(f'<table class="account">{rows}</table>')


def show_figures(card: ModelCard) -> None:
    """The accuracy of each digit, the confusion matrix, and the reliability diagram."""
    if not card.confusion:
        st.info(
            "Of the weights that came with the app only accuracies are stored. `python src/benchmark.py accuracy` "
            "draws their confusion matrix and reliability diagram."
        )
    left, middle, right = st.columns(3, gap="medium")
    with left:
        st.subheader("Each digit", anchor=False)
        st.html(_digits(card))
    if card.confusion:
        with middle:
            st.subheader("What was read as what", anchor=False)
            st.html(_confusion(card.confusion))
    if card.reliability:
        with right:
            st.subheader("Calibration", anchor=False)
            st.html(_reliability(card.reliability))
            st.html(f'<p class="quiet">Mean gap between confidence and accuracy: {percent(card.ece, 2)}</p>')


def _confusion(counts: Confusion) -> str:
    """Counts as a table, the more frequent mistakes in deeper red; the diagonal is left uncoloured."""
    most = max([1, *(counts[row][column] for row in DIGITS for column in DIGITS if row != column)])
    head = "".join(f'<th scope="col">{digit}</th>' for digit in DIGITS)
    rows = "".join(
        f'<tr><th scope="row">{row}</th>{"".join(_cell(counts[row][n], row == n, most) for n in DIGITS)}</tr>'
        for row in DIGITS
    )
    return (
        '<table class="confusion" aria-label="Confusion matrix">'
        "<caption>MNIST's test digits: a row for each digit, a column for what it was read as</caption>"
        f"<tr><td></td>{head}</tr>{rows}</table>"
    )


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
    across, up = (
        "".join(f'<span style="{side}: {tick}%">{tick} %</span>' for tick in TICKS) for side in ("left", "bottom")
    )
    return (
        f'<div class="reliability" role="img" aria-label="Reliability: {told}">'
        f'<div class="up">{up}</div><div class="field">{dots}</div><div class="across">{across}</div>'
        '<div class="axis">confidence (across) and accuracy (up)</div></div>'
    )


def _digits(card: ModelCard) -> str:
    """The accuracy of each digit, before and after a retraining; for weights that came with the app, as it is."""
    if not isinstance(card, RetrainedCard):
        rows = "".join(
            f'<tr><th scope="row">{digit}</th><td>{percent(value, 2)}</td></tr>'
            for digit, value in enumerate(card.per_digit_accuracy)
        )
        return f'<table class="digits"><tr><th scope="col">digit</th><th scope="col">MNIST test</th></tr>{rows}</table>'
    rows = "".join(
        f'<tr><th scope="row">{digit}</th><td>{percent(old, 2)}</td><td>{percent(new, 2)}</td>'
        f"<td>{signed((new - old) * 100, 2)}</td></tr>"
        for digit, (old, new) in enumerate(zip(card.before.per_digit, card.after.per_digit, strict=True))
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("digit", "before", "after", "points"))
    return (
        f'<table class="digits"><tr>{head}</tr>{rows}</table><p class="quiet">MNIST validation and held-out labels</p>'
    )
