"""The versions of a model: the list, and the details of one with what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from app_pages.pictures import MAX_PICTURES, show_drawing
from app_pages.style import scrollable
from app_pages.version_actions import onnx_button, promote_button, roll_back_button, weights_button
from app_pages.version_figures import account_table, gains_table, show_figures
from app_pages.version_words import first_sentence, standing
from feedback.tolerances import ANCHOR_SLACK
from learning.card import DroppedLabel, Evaluation, ModelCard, RetrainedCard
from learning.classes import in_words
from percentages import percent
from storage import labels
from storage.database import Database
from storage.model_store import Version
from storage.promotions import Promotion, rollback_target

NEWEST = 12  # versions that are listed unless all are asked for


def version_list(versions: list[Version], changes: Sequence[Promotion]) -> None:
    """A row for each version, the newest first; `changes` are the model's promotions."""
    shown = versions
    if len(versions) > NEWEST and not st.toggle(f"All {len(versions)} versions", key="every"):
        shown = [each for n, each in enumerate(versions) if n < NEWEST or each.status == "active"]
    names = ("Version", "Status", "Made (UTC)", "From", "Labels", "Validation", "Held-out labels", "MNIST test", "Why")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = "".join(_row(each, changes) for each in shown)
    st.html(scrollable("Versions", f"<table><tr>{head}</tr>{rows}</table>"))
    st.html(
        '<p class="quiet">Labels: trained on, of those approved since the training before. Validation: MNIST digits '
        "for selection and calibration, before and after the training. Held-out labels: people's drawings that are "
        "never trained on. The test digits decide nothing.</p>"
    )


def _row(version: Version, changes: Sequence[Promotion]) -> str:
    card = version.card
    cells = (
        f"<b>{version.version}</b>",
        f'<span class="status {version.status}">{version.status}</span>',
        f"{version.created_at:%Y-%m-%d %H:%M}",
        "" if version.parent is None else str(version.parent),
        *(_card_cells(card) if card else ("", "", "", "damaged")),
    )
    why = f"{standing(version, changes)} {version.flaw or first_sentence(version.reason)}".strip()
    return f'<tr>{"".join(f"<td>{cell}</td>" for cell in cells)}<td class="why">{escape(why)}</td></tr>'


def _card_cells(card: ModelCard) -> tuple[str, str, str, str]:
    """Labels used, validation accuracy, accuracy on held-out labels, and on MNIST's test digits."""
    test = percent(card.test_accuracy, 2)
    if not isinstance(card, RetrainedCard):
        return "", percent(card.validation_accuracy, 2), "", test
    before, after = card.before, card.after
    held_out = _before_after(before.held_out, after.held_out)
    of = f" of {card.account.approved:,}" if card.account else ""
    return f"{card.labels_used:,}{of}", _before_after(before.validation, after.validation), held_out, test


def _before_after(before: Evaluation | None, after: Evaluation | None) -> str:
    """The accuracy before and after a training; nothing where it was not measured."""
    if before is None or after is None:
        return ""
    return f"{percent(before.accuracy, 2)} → {percent(after.accuracy, 2)}"


def details(database: Database, versions: list[Version], changes: Sequence[Promotion]) -> None:
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
        promote_button(database, version)
        roll_back_button(database, model, serving, rollback_target(list(changes), serving))
        weights_button(database, version)
        onnx_button(database, version)
    st.markdown(plain(f"{standing(version, changes)} {version.reason}".strip()))
    if version.card is None:
        st.error(plain(f"This version cannot serve, because its model card is damaged. {version.flaw}"))
        return
    if isinstance(version.card, RetrainedCard):
        gains(version, version.card)
        dropped(database, version.card.labels_dropped)
    show_figures(version.card)


def gains(version: Version, card: RetrainedCard) -> None:
    """What a training gained and lost beside what it may lose, and what became of the labels that were new to it."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader(f"What version {version.version} gained and lost", anchor=False)
        gains_table(card)
        st.html(
            f'<p class="quiet">Compared with version {card.before.version or version.parent}, which served then. Where '
            "an administrator has chosen an earlier one, all versions since may lose "
            f"{ANCHOR_SLACK} times the tolerances together.</p>"
        )
    with right:
        st.subheader("Its labels", anchor=False)
        account_table(card)


def plain(text: str) -> str:
    """A sentence that markdown leaves as it is."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>()#+-.!|$~:" else letter for letter in text)


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
