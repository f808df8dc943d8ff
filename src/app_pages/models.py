"""The Models page: retraining, the versions of each model and why they serve or not, and whether all is intact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import streamlit as st

from app_pages.administration import act, database_unavailable, signed_in
from app_pages.comparing import comparison
from app_pages.integrity import integrity
from app_pages.style import show_stylesheet
from app_pages.versions import details, plain, version_list
from feedback.wording import progress_of, verdict
from gateway.admins import get_admins
from gateway.visitors import current_admin
from learning.registry import DEFAULT_MODEL, MODELS
from serving.app_state import AppState, get_app_state
from serving.loading import ModelLoader
from storage import model_store, trainings
from storage.database import DatabaseAway
from storage.promotions import active_versions, promotions
from storage.trainings import Training
from storage.unused_labels import Unused, count_unused

MIN_LABELS = 50


def page() -> None:
    """The whole page: retraining, the versions, the details of one, a comparison of two, and the self-check."""
    st.set_page_config(layout="wide")
    if not signed_in("Models"):
        return
    state = get_app_state()
    show_stylesheet("models")
    try:
        st.session_state.shown = look(state).state
        st.header("Learn from labels", anchor=False)
        retraining(state)
        st.header("Versions", anchor=False, divider="gray")
        model = st.segmented_control(
            "Model",
            list(MODELS),
            format_func=lambda name: MODELS[name].display_name,
            default=DEFAULT_MODEL,
            required=True,
            key="network",
        )
        versions = model_store.versions(state.database, model)
        if versions:
            changes = promotions(state.database, model)
            version_list(versions, changes)
            details(state.database, versions, changes)
            comparison(state.database, versions)
        else:
            st.info("No version is stored yet: the app stores its own once its models are loaded.")
        st.header("Self-check", anchor=False, divider="gray")
        integrity(state)
    except DatabaseAway:
        database_unavailable(state.database)


# --- Retraining -------------------------------------------------------------------------------------------------------


class Look(NamedTuple):
    """What stands now: the trainings, whether one runs, and which version of each model serves."""

    newest: Training | None
    running: Training | None
    busy: bool
    serving: Mapping[str, int]

    @property
    def state(self) -> tuple[object, ...]:
        """What the rest of the page says something about: when it changes, the page is stale."""
        return self.busy, self.newest and (self.newest.id, self.newest.finished_at), sorted(self.serving.items())


def look(state: AppState) -> Look:
    """Look at it. Raises DatabaseAway."""
    newest = trainings.newest(state.database)
    running = next((each for each in newest if each.running), None)
    busy = state.retraining.running or running is not None
    return Look(newest[0] if newest else None, running, busy, active_versions(state.database))


@st.fragment(run_every=2)
def retraining(state: AppState) -> None:
    """The button that retrains, and the progress; updated by itself, which does not count as use of the session.

    Whatever else changes, here or at another replica, has the whole page drawn again.
    """
    if not get_admins().admits(current_admin(), used=False):
        st.rerun(scope="app")
    if {"note", "trouble"} & set(st.session_state):
        st.rerun(scope="app")  # the page's head shows it; here it would be gone with the next update
    model_errors(state.models)
    try:
        now, unused = look(state), count_unused(state.database)
    except DatabaseAway:
        st.rerun(scope="app")
    if now.state != st.session_state.get("shown"):
        st.session_state.shown = now.state
        st.rerun(scope="app")
    retrain_form(state, unused, now.busy)
    if now.busy:
        show_progress(now.running)
    else:
        show_last(state, now)


def retrain_form(state: AppState, unused: Unused, busy: bool) -> None:
    """The least number of labels, the button, and how many labels there are."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        least = st.number_input("At least so many new labels", 1, 1_000_000, MIN_LABELS, width=220, key="least")
        st.button(
            f"Retrain the {MODELS[DEFAULT_MODEL].display_name}",
            type="primary",
            icon=":material/model_training:",
            disabled=busy,
            on_click=_retrain,
            args=(state, int(least)),
        )
        st.markdown(_new_labels(unused), width="content")


def _new_labels(unused: Unused) -> str:
    """How many labels are new, and what they are for."""
    if not unused.approved:
        return "No approved label is new to it."
    labels = "label is" if unused.approved == 1 else "labels are"
    parts = [f"{unused.to_train_on:,} to train on", f"{unused.held_out:,} held out to judge versions by"]
    if unused.duplicates:
        parts.append(f"{unused.duplicates:,} the same picture with the same label again")
    return f"{unused.approved:,} approved {labels} new to it: {', '.join(parts)}."


def _retrain(state: AppState, least: int) -> None:
    act(lambda: state.retraining.start(least, "admin"), "The training begins.")


def model_errors(models: ModelLoader) -> None:
    """What prevents a model or a version from serving, or did, so that another one serves in its place."""
    if models.loading:
        st.info("The models are loading.", icon=":material/hourglass_top:")
    elif models.error:
        st.warning(models.error, icon=":material/warning:")
    for refusal in models.passed_over:
        st.error(plain(refusal), icon=":material/error:")


def show_progress(training: Training | None) -> None:
    """The progress of a training; None for one that has not reported yet."""
    if training and training.message:
        done, text = progress_of(training.stage, training.progress, training.message)
    else:
        done, text = progress_of("starting", 0.0, "The training process is starting.")
    st.progress(done, text=text)


def show_last(state: AppState, now: Look) -> None:
    """How the last training ended, of this process or of any replica."""
    if error := state.retraining.error_after(now.newest):
        st.error(f"The last training had no result. {error}", icon=":material/error:")
    elif now.newest:
        show_ending(now.newest, now.serving.get(now.newest.model))


def show_ending(training: Training, serving: int | None) -> None:
    """How a training ended, and what has become of its version since; `serving` is the version that serves now."""
    when = f"{training.finished_at or training.heard_at:%d %B %Y, %H:%M} UTC"
    said = f"{when}: {verdict(training.stage, training.version)} {training.message}"
    serves = training.version is not None and training.version == serving
    if training.stage == "promoted":
        (st.success if serves else st.info)(said if serves else f"{said} Now version {serving} serves.")
    elif training.version is not None:
        (st.info if serves else st.warning)(f"{said} An administrator promoted it since." if serves else said)
    elif training.stage == "failed":
        st.error(said)
    else:
        (st.info if training.stage in ("refused", "dry run") else st.warning)(said)


page()
