"""What can be done with a version: promote it, roll back from it, take it away as a file."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app_pages.administration import act
from gateway.admins import get_admins
from gateway.visitors import current_admin
from serving.conversion import to_onnx
from serving.loading import check_version
from storage import model_store
from storage.database import Database
from storage.model_store import NoSuchVersion, Version


def promote_button(database: Database, version: Version) -> None:
    """Lets the version serve, also against the gate."""
    refused = version.status == "rejected"
    st.button(
        f"Promote version {version.version}" + (" anyway" if refused else ""),
        key=f"promote-{version.model}-{version.version}",
        type="primary",
        icon=":material/upgrade:",
        disabled=version.status == "active",
        help="The gate found it worse than the version that served then." if refused else None,
        on_click=_promote,
        args=(database, version),
    )


def _promote(database: Database, version: Version) -> None:
    done = f"Version {version.version} serves: every running app switches to it within seconds."

    def promote() -> None:
        check_version(database, version.model, version.version)
        model_store.promote(database, version.model, version.version, "admin")

    act(promote, done)


def roll_back_button(database: Database, model: str, serving: int, target: int | None) -> None:
    """Asks once, and says what would serve; `target` is the version to go back to, None where there is none."""
    asks = st.popover(
        "Roll back",
        icon=":material/history:",
        disabled=target is None,
        help="No version was replaced by the one that serves" if target is None else None,
        key=f"ask-{model}-{serving}",  # the question is put anew for each version
        on_change="rerun",
    )
    if target is None:
        return
    with asks:
        st.markdown(f"Version {target} serves again, instead of version {serving}, in every running app.")
        st.button(
            f"Roll back to version {target}",
            key=f"roll-back-{model}-{serving}",
            type="primary",
            on_click=_roll_back,
            args=(database, model, serving, target),
        )


def _roll_back(database: Database, model: str, seen: int, target: int) -> None:
    """One step back from the version that was shown as active: an extra click must not go back further."""

    def back() -> int:
        serving = model_store.active(database, model)
        if serving != seen:
            raise NoSuchVersion(f"Version {serving} serves now, so nothing was rolled back.")
        check_version(database, model, target)
        return model_store.roll_back(database, model, "admin")

    act(back, lambda version: f"Version {version} serves again.")


def weights_button(database: Database, version: Version) -> None:
    """The state_dict, as it is stored."""
    st.download_button(
        "Weights (.pt)",
        _weights_of(database, version),
        f"{version.model}-{version.version}.pt",
        icon=":material/download:",
        on_click="ignore",
        key=f"weights-{version.model}-{version.version}",
    )


def _weights_of(database: Database, version: Version) -> Callable[[], bytes]:
    """What a click on the download calls, outside a run of the page, which is why it holds the cookie."""
    cookie = current_admin()

    def weights() -> bytes:
        if not get_admins().admits(cookie):
            raise PermissionError("The session has ended.")
        return model_store.load(database, version.model, version.version).data

    return weights


def onnx_button(database: Database, version: Version) -> None:
    """Makes the ONNX file, then offers it as a download."""
    name = (version.model, version.version, version.sha256)
    made: dict[tuple[str, int, str], bytes] = st.session_state.get("onnx", {})
    if name in made:
        st.download_button(
            "Save the ONNX file",
            made[name],
            f"{version.model}-{version.version}.onnx",
            icon=":material/download:",
            on_click="ignore",
            key=f"onnx-{name}",
        )
    elif st.button("Make ONNX", icon=":material/deployed_code:", key=f"make-onnx-{name}"):
        with st.spinner("Making the ONNX file takes some seconds ..."):
            data = act(lambda: _onnx(database, version), "The ONNX file is ready.")
            if data is not None:
                st.session_state.onnx = {name: data}  # before the spinner ends, where a click interrupts
        st.rerun()


def _onnx(database: Database, version: Version) -> bytes:
    return to_onnx(model_store.load(database, version.model, version.version))
