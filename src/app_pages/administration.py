"""What the administrators' pages share: the sign-in, actions that check the session again, and pictures.

An open page says nothing about who sits before it now, so every click is checked when it comes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import streamlit as st

from app_pages.style import show_stylesheet
from gateway.admins import SignInRefused, get_admins
from gateway.visitors import current_admin, current_client
from learning.weights import ModelMissing
from serving.app_state import get_app_state
from serving.conversion import NotConverted
from storage.check_log import CheckUnderWay
from storage.database import Database, DatabaseAway
from storage.disk import space
from storage.model_store import NoSuchVersion
from storage.nothing_kept import NOTHING_KEPT
from storage.trainings import TrainingUnderWay

T = TypeVar("T")

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
REFUSALS = (NoSuchVersion, TrainingUnderWay, CheckUnderWay, ModelMissing, NotConverted)

_exchange = st.components.v2.component(
    "sign_in", js=Path(__file__).with_name("sign_in.js").read_text(encoding="utf-8"), isolate_styles=False
)


# --- Signing in -------------------------------------------------------------------------------------------------------


def signed_in(title: str) -> bool:
    """Show the head of an administrators' page, and the sign-in where it is needed; whether the rest may be shown."""
    show_stylesheet("administration")
    admitted = get_admins().admits(current_admin())
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="head"):
        st.title(title, anchor=False, width="content")
        if admitted:
            st.button("Sign out", icon=":material/logout:", on_click=_sign_out)
    if admitted:
        st.session_state.admitted = True
        _warn_of_full_disk()
        _show_outcome()
    elif get_app_state().settings.read_only:
        st.info(f"This page is closed: there is nothing to administer. {NOTHING_KEPT}", icon=":material/lock:")
    elif get_admins().closed:
        st.info(
            "This page is for administrators, and it is closed because no password is set. Set `ADMIN_PASSWORD` in "
            "`.env`, and restart the app.",
            icon=":material/lock:",
        )
    elif get_app_state().database.away is not None:
        database_unavailable(get_app_state().database)  # a password would lead no further
    else:
        _ask_for_password()
    return admitted


def _warn_of_full_disk() -> None:
    """Say in time that saving will end."""
    settings = get_app_state().settings
    if (left := space(settings.data_dir)) and left.low:
        st.warning(
            f"The disk is nearly full: {left.words} are left. When it is full, nothing more is saved: make room, or "
            "lower RETENTION_DAYS.",
            icon=":material/hard_drive:",
        )


def _ask_for_password() -> None:
    if st.session_state.pop("admitted", False):
        st.session_state.pop("trouble", None)
        st.info("Your session has ended, so your last click did nothing. Sign in to go on.", icon=":material/schedule:")
    if _in_the_clear():
        st.warning(
            "This page came without HTTPS, so others on the network can read the password. DEPLOYMENT.md says how to "
            "put a web server with HTTPS in front of the app.",
            icon=":material/no_encryption:",
        )
    with st.form("sign-in", width=360, clear_on_submit=True):
        st.markdown("This page is for administrators.")
        password = st.text_input("Password", type="password", autocomplete="current-password")
        asked = st.form_submit_button("Sign in", type="primary", icon=":material/login:")
    if asked and password:
        try:
            st.session_state.ticket = get_admins().sign_in(password, current_client(), current_admin())
        except SignInRefused as error:
            st.error(str(error), icon=":material/error:")
    if ticket := st.session_state.get("ticket"):
        _exchange(key="exchange", data={"ticket": ticket, "url": f"{get_app_state().settings.base_path}/sign-in"})


def _in_the_clear() -> bool:
    """Whether the password would travel over a network unencrypted."""
    address = urlsplit(st.context.url or "")
    return address.scheme == "http" and address.hostname not in THIS_MACHINE


def _sign_out() -> None:
    get_admins().sign_out(current_admin())
    st.session_state.clear()  # what an administrator saw is not for others


# --- Actions and their outcome ----------------------------------------------------------------------------------------


def act(work: Callable[[], T], done: Callable[[T], str] | str = "") -> T | None:
    """Run an action if the session is still valid; None where it did not run or failed.

    `done` is the message of its success, or makes one from the result; a failure is shown on the page.
    """
    if not get_admins().admits(current_admin()):
        return None  # the page now asks for the password, and says why
    try:
        result = work()
    except DatabaseAway:
        st.session_state.trouble = "The database is unavailable, so nothing was changed. Try again when it is back."
    except REFUSALS as error:
        st.session_state.trouble = str(error)
    else:
        st.session_state.note = done if isinstance(done, str) else done(result)
        return result
    return None


def _show_outcome() -> None:
    """Show the outcome of the last click; it is forgotten only after that, since a run can be interrupted before."""
    if note := st.session_state.get("note"):
        st.toast(note, icon=":material/check_circle:")
    if trouble := st.session_state.get("trouble"):
        st.error(trouble, icon=":material/error:")
    for message in ("note", "trouble"):
        st.session_state.pop(message, None)


def database_unavailable(database: Database) -> None:
    """Say so in place of the page, and show the page as soon as the database is back."""
    what = "The database is starting." if database.starting else "The database is unavailable, and this page needs it."
    st.warning(f"{what} The page continues by itself when it is ready.", icon=":material/cloud_off:")
    _retry(database)


@st.fragment(run_every=2)
def _retry(database: Database) -> None:
    if database.away is None:
        st.rerun(scope="app")
