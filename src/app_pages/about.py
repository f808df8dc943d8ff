"""The About page: what this is, what is stored and for how long, the model cards, the API, and the licence."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import streamlit as st

from app_pages.kept_words import kept_how_long
from app_pages.style import scrollable, show_stylesheet
from gateway.admins import get_admins
from learning.card import ModelCard, RetrainedCard
from learning.registry import MODELS
from learning.weights import ModelInfo, ModelMissing
from percentages import percent
from serving.app_state import get_app_state
from storage.nothing_kept import NOTHING_KEPT

WHAT_IT_IS = """
This app reads handwritten digits, and learns from the people who use it. Draw a digit, and it is read after every
stroke. Say which digit it really was, and the app reads your next ones better. It also learns for everybody: from time
to time it is trained on what people have said, if that agrees with what others say, and only if it then reads better.

It runs where it was installed. There is no account and no cloud, and nothing is sent to anybody else. It is made for
digits from 0 to 9, one by one or in a number. It makes mistakes, even when it seems sure: do not use it for anything
important.
"""

# What is stored, and until when.
STORED = {
    "A drawing": (
        "the small picture that the model sees (28 × 28 pixels), the pen's strokes, width, size and slant, what was "
        "read with which probabilities, and when; an uploaded picture itself is not kept",
        "until you delete it on Draw, History or Your data, or whoever runs this app does",
    ),
    "Your label": (
        "what you said it was, when, and every change of it",
        "as long as the drawing; a version that has learned from it keeps what it learned, and a data set that was "
        "exported keeps the drawing, without anything that says whose it is",
    ),
    "Who you are": (
        "a random number in a cookie, of which the database has only a checksum: no name and no address",
        "for a year, or until your browser deletes the cookie; its checksum as long as the drawings",
    ),
    "Your hand": (
        "whether your own labels change your answers, and since when; the rest is calculated from your drawings",
        "until you choose otherwise on Draw",
    ),
}


def page() -> None:
    """The whole page. It needs no database."""
    show_stylesheet("about")
    st.title("About", anchor=False)
    st.markdown(WHAT_IT_IS)
    st.header("What is stored", anchor=False)
    if get_app_state().settings.read_only:
        st.markdown(f"Nothing. {NOTHING_KEPT}")
    else:
        st.html(_table(("what", "what exactly", "for how long"), [(name, *told) for name, told in STORED.items()]))
        st.markdown(kept_how_long(get_app_state().settings.retention_days))
        st.page_link("yours.py", label="See, download or delete what is kept of you", icon=":material/folder_open:")
    st.header("The models", anchor=False)
    model_cards()
    st.header("For programs", anchor=False)
    st.markdown(
        "What these pages can read, programs can have read too: [the HTTP API](api/docs), to try in the browser."
    )
    st.header("Licence", anchor=False)
    st.markdown(
        "The code and the models are under the [MIT licence](https://opensource.org/license/mit). MNIST, which the "
        "models were trained on, is by Y. LeCun and C. Cortes "
        "([CC BY-SA 3.0](https://creativecommons.org/licenses/by-sa/3.0/))."
    )
    if not get_app_state().settings.read_only:
        for_administrators()


def for_administrators() -> None:
    """The way to the pages that are not in everybody's navigation."""
    st.header("For administrators", anchor=False)
    if get_admins().closed:
        st.markdown("Review, Models and Experiments are closed: no `ADMIN_PASSWORD` is set.")
        return
    st.markdown("These pages ask for the password.")
    with st.container(horizontal=True):
        st.page_link("review.py", label="Review: people's labels", icon=":material/lock:", width="content")
        st.page_link("models.py", label="Models: trainings and versions", icon=":material/lock:", width="content")
        st.page_link("experiments.py", label="Experiments: trainings compared", icon=":material/lock:", width="content")


def model_cards() -> None:
    """The card of each model that serves, as it is stored beside the weights."""
    try:
        infos = get_app_state().models.infos()
    except ModelMissing as error:
        st.warning(f"No model can read at the moment. {error}", icon=":material/warning:")
        return
    for missing in get_app_state().models.missing.values():
        st.warning(missing, icon=":material/warning:")
    for name, tab in zip(infos, st.tabs([MODELS[name].display_name for name in infos]), strict=True):
        with tab:
            st.html(_table(("model card", ""), _card(infos[name])))
            st.html(_digits(infos[name].card))


def _card(info: ModelInfo) -> list[tuple[str, ...]]:
    card = info.card
    lines: dict[str, str | None] = {
        "version": f"{info.version}, trained {card.trained_at:%d %B %Y}",
        "network": f"{MODELS[info.model].display_name}, {card.parameters:,} parameters, "
        f"{info.size_bytes / 1000:,.0f} KB",
        "trained on": card.data,
        "MNIST's test digits": f"{percent(card.test_accuracy, 2)} are read",
        "MNIST's validation digits": f"{percent(card.validation_accuracy, 2)} are read",
        **_learned(card),
        "calibration": f"confidence and accuracy are {percent(card.ece, 2)} apart in the mean; "
        f"negative log-likelihood {card.nll:.4f}",
        "not a digit": f"below a digit score of {card.digit_score.threshold:.2f}",
        "training": _training(card),
        "checksum": info.sha256,
    }
    return [(name, value) for name, value in lines.items() if value]


def _learned(card: ModelCard) -> Mapping[str, str]:
    """What a version that was made of people's labels has besides."""
    if not isinstance(card, RetrainedCard):
        return {}
    before, after = card.before.held_out, card.after.held_out
    lines = {"people's labels": f"{card.labels_used:,} new and {card.labels_replayed:,} earlier ones"}
    if before and after:
        figures = f"{percent(before.accuracy, 2)} before the training, {percent(after.accuracy, 2)} after it"
        lines["held-out labels"] = f"{figures} ({after.n:,} labels)"
    return lines


def _training(card: ModelCard) -> str:
    parts = [
        f"{card.wall_seconds / 60:.0f} minutes" if card.wall_seconds >= 90 else f"{card.wall_seconds:.0f} seconds",
        card.cpu and f"{card.cores or 1} cores of {card.cpu}",
        card.torch and f"PyTorch {card.torch}",
        f"seed {card.seed}" if card.seed is not None else None,
    ]
    return ", ".join(part for part in parts if part)


def _digits(card: ModelCard) -> str:
    head = "".join(f'<th scope="col">{digit}</th>' for digit in range(10))
    cells = "".join(f"<td>{percent(value, 1)}</td>" for value in card.per_digit_accuracy)
    return scrollable(
        "Accuracy of each digit",
        f'<table class="facts each"><caption>MNIST\'s test digits, each digit</caption>'
        f'<tr><th scope="row">digit</th>{head}</tr><tr><th scope="row">read</th>{cells}</tr></table>',
    )


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads if name)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for name, *cells in rows
    )
    head = f"<tr>{head}</tr>" if all(heads) else ""
    return f'<table class="facts">{head}{body}</table>'


page()
