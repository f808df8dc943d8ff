"""Two versions of a model compared on the drawings that were approved last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app_pages.administration import act
from app_pages.pictures import MAX_PICTURES, show_drawing
from percentages import percent
from storage.database import Database
from storage.model_store import Version

if TYPE_CHECKING:
    from serving.comparison import Comparison, Difference, Tally

AMOUNTS = (50, 200, 500)  # drawings of a comparison


def comparison(database: Database, versions: list[Version]) -> None:
    """Compare two versions on the newest approved drawings, and show those that they read differently."""
    st.header("Compare two versions", anchor=False, divider="gray")
    if len(versions) < 2:
        st.markdown("There is one version so far. The next training makes another.")
        return
    model, numbers = versions[0].model, [each.version for each in versions]
    serving = next((each.version for each in versions if each.status == "active"), numbers[0])
    other = next(number for number in numbers if number != serving)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = st.selectbox("Version", numbers, numbers.index(serving), width=120, key=f"first-{model}")
        second = st.selectbox("with version", numbers, numbers.index(other), width=120, key=f"second-{model}")
        limit = st.selectbox("on the newest labels", AMOUNTS, 1, width=160, key="amount")
        if st.button("Compare", icon=":material/compare_arrows:", disabled=first == second):
            with st.spinner("Both versions are reading ..."):
                found = act(lambda: _compare(database, model, (first, second), limit))
                if found is not None:
                    st.session_state.comparison = (
                        made_of(versions),
                        found,
                    )  # before the spinner ends, where a click interrupts
            if found is None:
                st.rerun()  # the page says why
    of, found = st.session_state.get("comparison", ((), None))
    if of == made_of(versions) and found is not None:
        show_comparison(found)


def made_of(versions: list[Version]) -> tuple[object, ...]:
    """What a comparison holds for: after the next training, other drawings are those that no version was trained on."""
    return versions[0].model, len(versions)


def _compare(database: Database, model: str, versions: tuple[int, int], limit: int) -> Comparison:
    from serving.comparison import compare  # torch, which the page must not wait for

    return compare(database, model, versions, limit)


def show_comparison(found: Comparison) -> None:
    """The accuracy of both, and the drawings that they read differently."""
    if not found.all.drawings:
        st.info("No label is approved yet, so there is nothing to compare on.")
        return
    lines = [_counted(found.versions, found.all, "drawings with approved labels")]
    if found.unseen.drawings:
        what = "of them that no version was trained on, a fairer comparison"
        lines.append(_counted(found.versions, found.unseen, what))
    st.html("".join(f"<p>{line}</p>" for line in lines))
    if not found.differences:
        st.markdown("Both read all of them alike.")
    with st.container(horizontal=True, key="differences"):
        for difference in found.differences[:MAX_PICTURES]:
            with st.container(border=True, width=270):
                show_difference(found.versions, difference)


def _counted(versions: tuple[int, int], tally: Tally, what: str) -> str:
    told = ", ".join(
        f"version {version} reads {right} ({percent(right / tally.drawings, 1)})"
        for version, right in zip(versions, tally.right, strict=True)
    )
    return f"Of {tally.drawings} {what}, {told}."


def show_difference(versions: tuple[int, int], difference: Difference) -> None:
    """One drawing that two versions read differently."""
    lines = "".join(
        f"<p>version {version}: {'<b>' if right else ''}{reading.predicted_digit}{' ✓</b>' if right else ''} "
        f'<span class="quiet">({percent(reading.confidence)})</span></p>'
        for version, reading in zip(versions, difference.readings, strict=True)
        for right in [reading.predicted_digit == difference.label]
    )
    said = f"A drawing that is a {difference.label}"
    show_drawing(difference.image, said, f'<p>is a <span class="digit">{difference.label}</span></p>{lines}')
