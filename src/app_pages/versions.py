"""The versions of a model: the list, and the details of one with what can be done with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from app_pages.administration import act
from app_pages.pictures import MAX_PICTURES, show_drawing
from app_pages.version_figures import show_figures
from learning.card import DroppedLabel, Evaluation, ModelCard, RetrainedCard
from learning.classes import in_words
from percentages import percent
from serving.conversion import to_onnx
from storage import labels, model_store
from storage.database import Database
from storage.model_store import NoSuchVersion, Version
from web.admins import get_admins
from web.visitors import current_visitor

NEWEST = 12  # versions that are listed unless all are asked for


def version_list(versions: list[Version]) -> None:
    """A row for each version, the newest first."""
    shown = versions
    if len(versions) > NEWEST and not st.toggle(f"All {len(versions)} versions", key="every"):
        shown = [each for n, each in enumerate(versions) if n < NEWEST or each.status == "active"]
    names = ("Version", "Status", "Made (UTC)", "From", "Labels", "Validation", "Held-out labels", "MNIST test", "Why")
    head = "".join(f"<th>{name}</th>" for name in names)
    st.html(f'<div class="scroll"><table><tr>{head}</tr>{"".join(map(_row, shown))}</table></div>')
    st.html(
        '<p class="quiet">Validation: MNIST digits for selection and calibration, before and after the training. '
        "Held-out labels: people's drawings that are never trained on. The test digits decide nothing.</p>"
    )


def _row(version: Version) -> str:
    card = version.card
    cells = (
        f"<b>{version.version}</b>",
        f'<span class="status {version.status}">{version.status}</span>',
        f"{version.created_at:%Y-%m-%d %H:%M}",
        "" if version.parent is None else str(version.parent),
        *(_card_cells(card) if card else ("", "", "", "damaged")),
    )
    return (
        f'<tr>{"".join(f"<td>{cell}</td>" for cell in cells)}<td class="why">{escape(_first(version.reason))}</td></tr>'
    )


def _first(reason: str) -> str:
    """The first sentence of a reason; the whole of it is shown with the version's details."""
    sentence, *more = re.split(r"(?<=\.) (?=[A-Z])", reason)
    return f"{sentence} (and {len(more)} more)" if more else sentence


def _card_cells(card: ModelCard) -> tuple[str, str, str, str]:
    """Labels used, validation accuracy, accuracy on held-out labels, and on MNIST's test digits."""
    test = percent(card.test_accuracy, 2)
    if not isinstance(card, RetrainedCard):
        return "", percent(card.validation_accuracy, 2), "", test
    before, after = card.before, card.after
    held_out = _before_after(before.held_out, after.held_out)
    return f"{card.labels_used:,}", _before_after(before.validation, after.validation), held_out, test


def _before_after(before: Evaluation | None, after: Evaluation | None) -> str:
    """The accuracy before and after a training; nothing where it was not measured."""
    if before is None or after is None:
        return ""
    return f"{percent(before.accuracy, 2)} → {percent(after.accuracy, 2)}"


def details(database: Database, versions: list[Version]) -> None:
    """One version: what can be done with it, and everything that was measured of it."""
    model, by_number = versions[0].model, {each.version: each for each in versions}
    serving = next((each.version for each in versions if each.status == "active"), 0)
    numbers = list(by_number)
    chosen = st.selectbox(
        "Details of a version",
        numbers,
        index=numbers.index(serving) if serving else 0,
        width=280,
        format_func=lambda number: f"{number} · {by_number[number].status}",
        key=f"chosen-{model}",
    )
    version = by_number[chosen]
    with st.container(horizontal=True, key="actions"):
        _promote_button(database, version)
        _roll_back_button(database, model, serving, disabled=len(versions) == 1)
        _weights_button(database, version)
        _onnx_button(database, version)
    if version.reason:
        st.markdown(_plain(version.reason))
    if version.card is None:
        st.error("This version's model card is damaged, so it cannot serve.", icon=":material/error:")
        return
    show_figures(version.card)
    if isinstance(version.card, RetrainedCard):
        dropped(database, version.card.labels_dropped)


def _plain(text: str) -> str:
    """A sentence that markdown leaves as it is."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>()#+-.!|$~:" else letter for letter in text)


def _promote_button(database: Database, version: Version) -> None:
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
    act(lambda: model_store.promote(database, version.model, version.version, "admin"), done)


def _roll_back_button(database: Database, model: str, serving: int, disabled: bool) -> None:
    st.button(
        "Roll back",
        key=f"roll-back-{model}-{serving}",
        icon=":material/history:",
        help="Return to the version that the active one replaced",
        disabled=disabled,
        on_click=_roll_back,
        args=(database, model, serving),
    )


def _roll_back(database: Database, model: str, seen: int) -> None:
    """One step back from the version that was shown as active: an extra click must not go back further."""

    def back() -> int:
        serving = model_store.active(database, model)
        if serving != seen:
            raise NoSuchVersion(f"Version {serving} serves now, so nothing was rolled back.")
        return model_store.roll_back(database, model, "admin")

    act(back, lambda version: f"Version {version} serves again.")


def _weights_button(database: Database, version: Version) -> None:
    st.download_button(
        "Weights (.pt)",
        _weights_of(database, version),
        f"{version.model}-{version.version}.pt",
        icon=":material/download:",
        on_click="ignore",
        key=f"weights-{version.model}-{version.version}",
    )


def _weights_of(database: Database, version: Version) -> Callable[[], bytes]:
    """What a click on the download calls, outside a run of the page, which is why it holds its visitor."""
    visitor = current_visitor()

    def weights() -> bytes:
        if not get_admins().admits(visitor):
            raise PermissionError("The session has ended.")
        return model_store.load(database, version.model, version.version).data

    return weights


def _onnx_button(database: Database, version: Version) -> None:
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


def dropped(database: Database, some: Sequence[DroppedLabel]) -> None:
    """Labels that were not used, because others contradicted them: they are in review."""
    if not some:
        return
    pictures = labels.images(database, [each.drawing_id for each in some[:MAX_PICTURES]])
    what = f"{len(some)} labels were dropped, because other people's drawings contradict them: they are in Review"
    with st.expander(what), st.container(horizontal=True, key="dropped"):
        for each in some[:MAX_PICTURES]:
            if png := pictures.get(each.drawing_id):
                with st.container(width=158):
                    lines = f"<p>said {in_words(each.label)}<br>looks like {each.looks_like}</p>"
                    show_drawing(png, f"A drawing said to be {in_words(each.label)}", lines)
