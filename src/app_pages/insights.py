"""The Insights page: what the app gets right, for whom, and whether it is getting better. For everybody."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from app_pages import insight_figures as figures
from app_pages.administration import database_unavailable
from app_pages.charts import Figure, show
from app_pages.insight_figures import Change
from app_pages.insight_numbers import compare, interval, milliseconds
from app_pages.insight_words import drift
from app_pages.style import show_stylesheet
from learning.card import ModelCard
from learning.registry import DEFAULT_MODEL, MODELS, display_name
from learning.weights import ModelMissing
from percentages import percent, unbroken
from serving.app_state import AppState, get_app_state
from storage.database import DatabaseAway
from storage.history import versions_served
from storage.insights import Tally
from storage.nothing_kept import NOTHING_KEPT
from storage.overview import Overview, Scope, Span, overview
from storage.promotions import promotions

EVERY = "every model"


def page() -> None:
    """The whole page."""
    show_stylesheet("insights")
    st.title("Insights", anchor=False)
    state = get_app_state()
    if state.settings.read_only:
        st.info(NOTHING_KEPT, icon=":material/info:")
        return
    try:
        scope = choose(versions_served(state.database))
        found = overview(state.database, scope)
        changes = [
            Change(model, each)
            for model in ([scope.model] if scope.model else list(MODELS))
            for each in promotions(state.database, model)
        ]
    except DatabaseAway:
        database_unavailable(state.database)
        return
    headline(found, scope)
    if not found.total.predictions:
        st.info("Nothing was drawn in this time. Draw a digit and say what it was, or choose a longer time.")
        st.page_link("draw.py", label="Draw a digit")
        return
    labels(found, changes, scope)
    volumes(found)
    ink(found, _card(state))


def choose(versions: list[tuple[str, int]]) -> Scope:
    """The time, the model and its version."""
    with st.container(key="scope", horizontal=True, vertical_alignment="bottom"):
        span = st.selectbox("Time", list(Span), index=list(Span).index(Span.MONTH), key="insights-span", width=140)
        models = sorted({model for model, _ in versions})
        model = st.selectbox("Model", [EVERY, *models], key="insights-model", width=160, format_func=display_name)
        if model == EVERY:
            return Scope(span or Span.MONTH)
        options = [None, *(version for name, version in versions if name == model)]
        version = st.selectbox(
            "Version", options, key=f"insights-version-{model}", width=140, format_func=_version_name
        )
    return Scope(span or Span.MONTH, model, version)


def _version_name(version: int | None) -> str:
    return "every version" if version is None else f"version {version}"


def headline(found: Overview, scope: Scope) -> None:
    """The figures that matter most."""
    total, today = found.total, sum(found.today.get("confidence", {}).values())
    with st.container(key="headline", horizontal=True):
        _tile("Drawings today", f"{today:,}", "since midnight, UTC")
        _tile("Drawings", f"{total.predictions:,}", f"in {scope.span}")
        labelled = total.labelled + total.not_a_digit
        _tile("Labelled", percent(labelled / max(1, total.predictions)), f"{labelled:,} drawings")
        _tile("Read right", *_accuracy(total))
        _tile("Reading time", *_times(found))


def _accuracy(total: Tally) -> tuple[str, str]:
    if total.accuracy is None:
        return "–", "no label yet"
    low, high = interval(total.right, total.labelled)
    return percent(total.accuracy, 1), f"{percent(low, 1)} to {percent(high, 1)}"


def _times(found: Overview) -> tuple[str, str]:
    half, most = milliseconds(found.elapsed, 0.5), milliseconds(found.elapsed, 0.95)
    if half is None or most is None:
        return "–", ""
    return f"{half:.1f} ms", f"95 % within {most:.1f} ms"


def _tile(name: str, value: str, note: str) -> None:
    st.html(f'<dl class="tile"><dt>{name}</dt><dd>{unbroken(value)}<span>{unbroken(note)}</span></dd></dl>', width=124)


def labels(found: Overview, changes: list[Change], scope: Scope) -> None:
    """What the labels say."""
    st.header("What people say", anchor=False, divider="gray")
    if not found.total.labelled:
        st.caption(
            "No drawing of this time has a digit as its label. Say what a drawing was, and its reading is judged."
        )
        return
    show(figures.accuracy_over_time(found, changes, scope.span.since(datetime.now(UTC))))
    _beside(figures.confusion(found), figures.each_digit(found))
    show(figures.reliability(found))
    if found.own.labelled:
        own = found.own
        theirs, everybodys = (percent(right / own.labelled, 1) for right in (own.right, own.shared_right))
        st.caption(
            f"{own.drawings:,} of the drawings were read by a person's own model. Where there is a label, it read "
            f"{theirs} right, and everybody's model {everybodys}."
        )


def volumes(found: Overview) -> None:
    """What is drawn, and where it comes from."""
    st.header("What comes in", anchor=False, divider="gray")
    _beside(figures.volume(found), figures.sources(found))


def ink(found: Overview, card: ModelCard | None) -> None:
    """How today's ink differs."""
    st.header("How people draw", anchor=False, divider="gray")
    mnist = card.ink if card else None
    compared = [
        compare(measure, found.today.get(measure, {}), found.month.get(measure, {}), mnist) for measure in figures.INKS
    ]
    st.write(drift(compared))
    for each in compared:
        if each.today or each.month:
            show(figures.ink(each))


def _beside(left: Figure, right: Figure) -> None:
    """Two figures, side by side where there is room."""
    with st.container(horizontal=True, gap="medium"):
        for each in (left, right):
            with st.container(width=330):
                show(each)


def _card(state: AppState) -> ModelCard | None:
    try:
        info = state.models.infos().get(DEFAULT_MODEL)
    except ModelMissing:
        return None
    return info.card if info else None


page()
