"""The Models page: retraining, the versions of each model and why they serve or not, and their comparison."""

from __future__ import annotations

import streamlit as st

from app_pages.administration import act, database_unavailable, signed_in
from app_pages.comparing import comparison
from app_pages.style import show_stylesheet
from app_pages.versions import details, version_list
from learning.registry import DEFAULT_MODEL, MODELS
from serving.app_state import AppState, get_app_state
from serving.loading import ModelLoader
from storage import labels, model_store, trainings
from storage.database import DatabaseAway
from storage.trainings import Training
from web.admins import get_admins
from web.visitors import current_visitor

MIN_LABELS = 50
# What each stage is called, where the progress bar is when it begins, and how much of the bar it takes.
STAGES = {
    "starting": ("Starting", 0.0, 0.0),
    "screening": ("Screening the labels", 0.05, 0.0),
    "training": ("Training", 0.1, 0.75),
    "gate": ("Comparing the candidate with the active version", 0.88, 0.0),
    "saving": ("Saving", 0.97, 0.0),
}


def page() -> None:
    """The whole page: retraining, the versions, the details of one, and a comparison of two."""
    st.set_page_config(layout="wide")
    if not signed_in("Models"):
        return
    state = get_app_state()
    show_stylesheet("models")
    try:
        st.subheader("Learn from labels", anchor=False)
        retraining(state, labels.counts(state.database).unused)
        st.subheader("Versions", anchor=False, divider="gray")
        model = st.segmented_control(
            "Model",
            list(MODELS),
            format_func=lambda name: MODELS[name].display_name,
            default=DEFAULT_MODEL,
            required=True,
            key="network",
        )
        versions = model_store.versions(state.database, model)
        if not versions:
            st.info("No version is stored yet: the app stores its own once its models are loaded.")
            return
        version_list(versions)
        details(state.database, versions)
        comparison(state.database, versions)
    except DatabaseAway:
        database_unavailable(state.database)


# --- Retraining -------------------------------------------------------------------------------------------------------


@st.fragment(run_every=2)
def retraining(state: AppState, unused: int) -> None:
    """The button that retrains, and the progress; updated by itself, which does not count as use of the session."""
    if not get_admins().admits(current_visitor(), used=False):
        st.rerun(scope="app")
    if {"note", "trouble"} & set(st.session_state):
        st.rerun(scope="app")  # the page's head shows it; here it would be gone with the next update
    model_errors(state.models)
    try:
        newest = trainings.newest(state.database)
    except DatabaseAway:
        st.rerun(scope="app")
    running = next((each for each in newest if each.running), None)
    busy = state.retraining.running or running is not None
    if st.session_state.setdefault("busy", busy) != busy:
        st.session_state.busy = busy
        st.rerun(scope="app")  # there may be a new version
    retrain_form(state, unused, busy)
    if busy:
        show_progress(running)
    else:
        show_last(state, newest[0] if newest else None)


def retrain_form(state: AppState, unused: int, busy: bool) -> None:
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
        st.markdown(f"{unused:,} approved labels are new to it.", width="content")


def _retrain(state: AppState, least: int) -> None:
    act(lambda: state.retraining.start(least, "admin"), "The training begins.")


def model_errors(models: ModelLoader) -> None:
    """What prevents a model or a version from serving."""
    if models.loading:
        st.info("The models are loading.", icon=":material/hourglass_top:")
    elif models.error:
        st.warning(models.error, icon=":material/warning:")
    if models.version_error:
        st.error(models.version_error, icon=":material/error:")


def show_progress(training: Training | None) -> None:
    """The progress of a training; None for one that has not reported yet."""
    what, begin, length = STAGES.get(training.stage if training else "starting", STAGES["starting"])
    done = begin + length * (training.progress if training else 0)
    message = training.message if training and training.message else "The training process is starting."
    st.progress(done, text=f"**{what}.** {message}")


def show_last(state: AppState, newest: Training | None) -> None:
    """How the last training ended, of this process or of any replica."""
    if error := state.retraining.error_after(newest):
        st.error(f"The last training had no result. {error}", icon=":material/error:")
    elif newest:
        show_ending(newest)


def show_ending(training: Training) -> None:
    """How a training ended."""
    when = f"{training.finished_at or training.heard_at:%d %B %Y, %H:%M} UTC"
    if training.stage == "promoted":
        st.success(f"Version {training.version} was trained and promoted, {when}. {training.message}")
    elif training.version is not None:
        st.warning(f"Version {training.version} was trained, {when}, and does not serve. {training.message}")
    elif training.stage == "refused":
        st.info(f"Nothing was trained, {when}. {training.message}")
    elif training.stage == "failed":
        st.error(f"The last training failed, {when}. {training.message}")
    else:
        st.warning(f"The last training was interrupted, {when}. It used no labels.")


page()
