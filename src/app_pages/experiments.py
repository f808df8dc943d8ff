"""The Experiments page: every training there was, and any of them compared by knobs, figures and epochs."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from app_pages import experiment_words as words
from app_pages.administration import database_unavailable, signed_in
from app_pages.charts import MAX_SERIES, Axis, show
from app_pages.line_charts import Point, Series, lines
from app_pages.style import scrollable, show_stylesheet
from learning.card import ModelCard
from percentages import percent
from serving.app_state import get_app_state
from storage.database import DatabaseAway
from storage.experiments import Experiment, experiments

NEWEST = 12  # trainings that are listed unless all are asked for
LIMIT = 200
EPOCH = Axis("epoch", "count")

Compared = dict[str, ModelCard]  # the trainings to compare, by name


def page() -> None:
    """The whole page: the list, and the comparison."""
    st.set_page_config(layout="wide")
    if not signed_in("Experiments"):
        return
    show_stylesheet("experiments")
    state = get_app_state()
    try:
        found = experiments(state.database, LIMIT)
    except DatabaseAway:
        database_unavailable(state.database)
        return
    st.header("Trainings", anchor=False)
    if not found:
        st.info(
            "No training is stored yet: the app stores that of its own weights once its models are loaded. Reload the "
            "page in a few seconds, or start a training on the Models page.",
            icon=":material/hourglass_top:",
        )
        return
    training_list(found)
    st.header("Compare", anchor=False, divider="gray")
    compare(found)


# --- The list ---------------------------------------------------------------------------------------------------------


def training_list(found: Sequence[Experiment]) -> None:
    """A row for each training, the newest first."""
    shown = found
    if len(found) > NEWEST and not st.toggle(f"All {len(found)} trainings", key="every"):
        shown = found[:NEWEST]
    names = ("Training", "Result", "Started by", "Start (UTC)", "Took", "MNIST test", "Labels", "Data")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = "".join(_row(each) for each in shown)
    st.html(scrollable("Trainings", f'<table class="trainings"><tr>{head}</tr>{rows}</table>'))
    st.html(
        '<p class="quiet">Labels: how many were trained on, and the beginning of their digest, which is the same for '
        "the same drawings with the same labels. <code>python src/train_model.py</code> trains from scratch; the app "
        "lists what it finds of that in <code>model/</code> when it starts.</p>"
    )


def _row(experiment: Experiment) -> str:
    card = experiment.card
    cells = (
        words.result_of(experiment),
        words.who_of(experiment),
        f"{experiment.started_at:%Y-%m-%d %H:%M}",
        words.duration_of(experiment.seconds),
        percent(card.test_accuracy, 2) if card else "",
        words.labels_of(card),
    )
    data = card.data if card else experiment.message
    return (
        f'<tr><th scope="row">{escape(words.name_of(experiment))}</th>'
        f"{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}"
        f'<td class="why">{escape(data)}</td></tr>'
    )


# --- The comparison ---------------------------------------------------------------------------------------------------


def compare(found: Sequence[Experiment]) -> None:
    """Choose trainings, and see their knobs, figures and epochs side by side."""
    known = {each.key: each for each in found if each.card}
    if len(known) < 2:
        st.markdown("There is one training so far. The next one, started on the Models page, can be compared with it.")
        return
    chosen = st.multiselect(
        "Trainings to compare",
        list(known),
        default=list(known)[:2],
        format_func=lambda key: words.name_of(known[key]),
        max_selections=MAX_SERIES,
        placeholder="Choose two or more",
        key="compared",
    )
    cards = {words.name_of(each): each.card for key, each in known.items() if key in chosen and each.card}
    if len(cards) < 2:
        st.info("Choose two trainings or more.", icon=":material/checklist:")
        return
    st.subheader("Knobs that differ", anchor=False)
    if knobs := words.differing_knobs(list(cards.values())):
        _table("Knobs that differ", cards, knobs)
    else:
        st.markdown("None: all of them were trained with the same knobs.")
    st.subheader("Figures", anchor=False)
    _table("Figures", cards, words.figures(list(cards.values())))
    epochs(cards)


def _table(name: str, cards: Compared, rows: Sequence[words.Row]) -> None:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in cards)
    body = "".join(
        f'<tr><th scope="row">{escape(title)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for title, *cells in rows
    )
    st.html(scrollable(name, f'<table class="compared"><tr><td></td>{head}</tr>{body}</table>'))


def epochs(cards: Compared) -> None:
    """Loss and validation accuracy after each epoch, of those trainings that have kept them."""
    kept = {name: card for name, card in cards.items() if card.history}
    if missing := [name for name in cards if name not in kept]:
        st.markdown(f"Nothing is kept of the epochs of {'; '.join(missing)}: an earlier release made it.")
    if not kept:
        return
    left, right = st.columns(2, gap="large")
    with left:
        loss = _series(kept, "loss")
        show(lines("Loss of each epoch", _ends(loss, "the loss", "{:.4g}"), EPOCH, Axis("training loss"), loss))
    with right:
        read = _series(kept, "validation_accuracy")
        floor = words.least_shown([[point.y for point in each.points if point.y is not None] for each in read])
        figure = lines(
            "Validation accuracy of each epoch",
            _ends(read, "the accuracy", "{:.2%}"),
            EPOCH,
            Axis("MNIST validation digits that are read", "percent", 2),
            read,
            limits=(floor, None),
        )
        show(figure, f"Epochs below {percent(floor, 1)} are in the table only." if floor else "")


def _series(kept: Compared, figure: str) -> list[Series]:
    return [
        Series(name, [Point(epoch["epoch"], epoch[figure]) for epoch in card.history or () if figure in epoch])
        for name, card in kept.items()
    ]


def _ends(series: Sequence[Series], what: str, form: str) -> str:
    """Where each line begins and ends, for those who do not see it."""
    told = [
        f"{each.name}: {what} goes from {form.format(each.points[0].y)} to {form.format(each.points[-1].y)} in "
        f"{len(each.points)} epochs."
        for each in series
        if each.points
    ]
    return " ".join(told)


page()
