"""What the administrators' pages share: the sign-in, actions that ask once more whether it stands, and pictures.

A page that lies open in a browser says nothing about who sits before it now: so each click is checked when it comes.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from html import escape
from typing import TypeVar
from urllib.parse import urlsplit

import streamlit as st

from serving.app_state import Service
from serving.conversion import NotConverted
from serving.prediction import ModelMissing
from storage.database import DatabaseAway
from storage.model_store import NoSuchVersion, TrainingUnderWay
from web.admins import SignInRefused
from web.middleware import client_at
from web.visitors import current_visitor

T = TypeVar("T")

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
REFUSALS = (NoSuchVersion, TrainingUnderWay, ModelMissing, NotConverted)

# Colours come from the text's own colour, so light and dark need no second set.
STYLE = """
<style>
.stMainBlockContainer { padding: 4.25rem 2.5rem 4rem; max-width: 76rem; }
.drawing { display: flex; gap: .75rem; align-items: center; line-height: 1.35; font-size: .9rem; }
.drawing img { width: 72px; height: 72px; flex: none; image-rendering: pixelated; border-radius: .4rem; }
.drawing p, .story p { margin: 0; }
.drawing .digit, .story .digit { font-size: 1.35em; font-weight: 700; font-variant-numeric: tabular-nums; }
.quiet { opacity: .8; font-size: .85rem; }
span.quiet { white-space: nowrap; }
.tally { display: flex; flex-wrap: wrap; gap: .4rem 2rem; }
.tally b { font-size: 1.5rem; font-variant-numeric: tabular-nums; margin-right: .35rem; }
.st-key-head h1 { padding: 0; }
img.large { width: 232px; height: 232px; image-rendering: pixelated; border-radius: .6rem; display: block; }
.st-key-desk .story { font-size: 1.05rem; line-height: 1.4; min-height: 6.2rem; }
.st-key-digits kbd { display: none; }
@media (max-width: 640px) {
  .stMainBlockContainer { padding: 4.5rem 1rem 3rem; }
  :has(> .st-key-facts) { min-width: 100%; }
  .stApp button kbd { display: none; }
  .stMainBlockContainer h1 { font-size: 1.6rem; }
  img.large { width: 128px; height: 128px; }
  .tally { gap: .2rem 1.2rem; }
  .tally b { font-size: 1.2rem; }
}
</style>
"""

# --- The way in -------------------------------------------------------------------------------------------------------


def entered(running: Service, title: str) -> bool:
    """The head of an administrators' page, and whether what is below it may be shown; where not, how to get in."""
    st.html(STYLE)
    admitted = running.admins.admits(current_visitor())
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="head"):
        st.title(title, anchor=False, width="content")
        if admitted:
            st.button("Sign out", icon=":material/logout:", on_click=_sign_out, args=(running,))
    if admitted:
        st.session_state.admitted = True
        _say_what_happened()
    elif running.admins.closed:
        st.info(
            "This page is for administrators, and it is closed because no password is set. Set `ADMIN_PASSWORD` in "
            "`.env`, and start the app again.",
            icon=":material/lock:",
        )
    else:
        _ask_for_password(running)
    return admitted


def _ask_for_password(running: Service) -> None:
    if st.session_state.pop("admitted", False):
        st.session_state.pop("trouble", None)
        st.info("Your session has ended, so your last click did nothing. Sign in to go on.", icon=":material/schedule:")
    if _overheard():
        st.warning(
            "This page came without HTTPS: whoever is on the way can read the password. DEPLOYMENT.md says how to put "
            "a web server with HTTPS before the app.",
            icon=":material/no_encryption:",
        )
    with st.form("sign-in", width=360, clear_on_submit=True):
        st.markdown("This page is for administrators.")
        password = st.text_input("Password", type="password", autocomplete="current-password")
        asked = st.form_submit_button("Sign in", type="primary", icon=":material/login:")
    if asked and password:
        try:
            running.admins.sign_in(current_visitor(), password, client_at(st.context.ip_address or "127.0.0.1"))
        except SignInRefused as error:
            st.error(str(error), icon=":material/error:")
        else:
            st.rerun()


def _overheard() -> bool:
    """Whether the password would travel over a network in the clear."""
    address = urlsplit(st.context.url or "")
    return address.scheme == "http" and address.hostname not in THIS_MACHINE


def _sign_out(running: Service) -> None:
    running.admins.sign_out(current_visitor())
    st.session_state.clear()  # what was shown to an administrator is nobody else's


# --- What is done, and what came of it --------------------------------------------------------------------------------


def act(running: Service, work: Callable[[], T], done: Callable[[T], str] | str = "") -> T | None:
    """Do what was clicked on, if the session stands at this moment; None where it was not done.

    `done` says what came of it, as a sentence or from the result; what went wrong is said on the page.
    """
    if not running.admins.admits(current_visitor()):
        return None  # the page itself now asks for the password, and says why
    try:
        result = work()
    except DatabaseAway:
        st.session_state.trouble = "The database is away, so nothing was changed. Try again when it is back."
    except REFUSALS as error:
        st.session_state.trouble = str(error)
    else:
        st.session_state.note = done if isinstance(done, str) else done(result)
        return result
    return None


def _say_what_happened() -> None:
    """What came of the last click. It is forgotten once it was said: a run that is broken off there says nothing."""
    if note := st.session_state.get("note"):
        st.toast(note, icon=":material/check_circle:")
    if trouble := st.session_state.get("trouble"):
        st.error(trouble, icon=":material/error:")
    for said in ("note", "trouble"):
        st.session_state.pop(said, None)


def database_away(running: Service) -> None:
    """Say so in the page's place, and show the page as soon as the database is back."""
    starting = running.database.starting
    what = "The database is starting." if starting else "The database is away, and what is shown here is in it."
    st.warning(f"{what} This page goes on by itself when it is there.", icon=":material/cloud_off:")
    _look_again(running)


@st.fragment(run_every=2)
def _look_again(running: Service) -> None:
    if running.database.away is None:
        st.rerun(scope="app")


# --- Pictures ---------------------------------------------------------------------------------------------------------


def drawing(png: bytes, alt: str, lines: str) -> None:
    """A picture of a drawing beside what is said about it; `lines` is HTML."""
    st.html(f'<div class="drawing">{picture(png, alt)}<div>{lines}</div></div>')


def picture(png: bytes, alt: str, kind: str = "") -> str:
    """A picture as HTML; `kind` is a class of STYLE."""
    source = "data:image/png;base64," + base64.b64encode(png).decode()
    return f'<img class="{kind}" alt="{escape(alt)}" src="{source}">'


def percent(share: float, places: int = 0) -> str:
    """A share (0-1) in percent. What is not quite all is not called all."""
    text = f"{share * 100:.{places}f}"
    if float(text) == 100 and share < 1:
        text = f"{100 - 10**-places:.{places}f}"
    return f"{text} %"
