"""What the last self-check found, in sentences, and the button that starts one; on the Models page."""

from __future__ import annotations

import streamlit as st

from app_pages.administration import act
from app_pages.versions import plain
from gateway.admins import get_admins
from gateway.visitors import current_admin
from serving.app_state import AppState
from storage.check_log import Known, SelfCheck
from storage.database import DatabaseAway

_WHO = {"nightly": "by itself", "admin": "for an administrator", "command": "from the command line"}


@st.fragment(run_every=5)
def integrity(state: AppState) -> None:
    """The last check, what it found, and a button for another; updated by itself."""
    if not get_admins().admits(current_admin(), used=False):
        st.rerun(scope="app")
    try:
        known = state.self_check.look()
    except DatabaseAway:
        st.rerun(scope="app")
    busy = state.self_check.running or (known.last is not None and known.last.running)
    st.button(
        "Check now",
        icon=":material/fact_check:",
        disabled=busy,
        key="self-check",
        on_click=lambda: act(lambda: state.self_check.start("admin"), "The self-check begins."),
    )
    if busy:
        st.info("A self-check is running.", icon=":material/hourglass_top:")
    if known.ended is None:
        st.markdown("No self-check has ended yet: the app starts one every night by itself.")
        return
    st.markdown(plain(when(known.ended)))
    for finding in known.ended.findings:
        st.error(plain(finding), icon=":material/error:")
    if overdue(known):
        st.warning("No self-check has ended for more than two days; the app's log may say why.")
    if not known.ended.findings:
        st.success("Nothing was wrong.", icon=":material/check_circle:")


def when(check: SelfCheck) -> str:
    """When a check ran, and how much it has looked at."""
    ended = check.finished_at or check.started_at
    days, versions = _count(check.days, "day"), _count(check.versions, "version")
    return (
        f"The last self-check ran {_WHO[check.who]}, and ended on {ended:%d %B %Y, %H:%M} UTC. It compared the counts "
        f"of all drawings, the tallies of {days} hour by hour, and {versions} of the models with their checksums. It "
        f"looked at {_count(check.drawings, 'drawing')} one by one; the next one goes on from there."
    )


def overdue(known: Known) -> bool:
    """Whether the last check that ended is more than two days old."""
    ended = known.ended.finished_at if known.ended else None
    return ended is not None and (known.now - ended).days >= 2


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
