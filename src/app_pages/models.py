"""The versions of each model: what each can do and why it serves or not; learn anew, promote, roll back, compare."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any
from uuid import UUID

import streamlit as st

from app_pages.administration import act, database_away, drawing, entered, percent
from serving import app_state
from serving.app_state import Service
from serving.prediction import MODELS
from storage.database import DatabaseAway
from storage.model_store import NoSuchVersion, Training, Version
from web.visitors import current_visitor

if TYPE_CHECKING:
    from serving.comparison import Comparison, Difference, Tally

NAMES = {"cnn": "CNN", "linear": "Linear"}
LEARNS = "cnn"  # the network that a training begins from
MIN_LABELS = 50
NEWEST = 12  # versions that are listed unless all are asked for
PICTURES = 60  # at most of one kind
AMOUNTS = (50, 200, 500)  # drawings of a comparison
DIGITS = range(10)
# Where the bar stands when a stage begins, and how much of it the stage takes.
STAGES = {
    "starting": ("Starting", 0.0, 0.0),
    "screening": ("Comparing the labels with each other", 0.05, 0.0),
    "training": ("Learning", 0.1, 0.75),
    "gate": ("Comparing the candidate with the version that serves", 0.88, 0.0),
    "saving": ("Saving", 0.97, 0.0),
}

STYLE = """
<style>
.scroll { overflow-x: auto; max-height: 32rem; overflow-y: auto; }
.scroll table, table.digits { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
.scroll table { width: 100%; }
.scroll th, .scroll td, .digits th, .digits td { text-align: left; padding: .3rem .7rem .3rem 0; vertical-align: top;
    white-space: nowrap; border-bottom: 1px solid color-mix(in srgb, currentColor 14%, transparent); }
.scroll td.why { white-space: normal; min-width: 18rem; }
.digits td, .digits th { text-align: right; padding: .15rem .9rem .15rem 0; }
.status { padding: .05rem .5rem; border-radius: .6rem; background: color-mix(in srgb, currentColor 10%, transparent); }
.status.active { background: color-mix(in srgb, #2ea861 32%, transparent); }
.status.rejected { background: color-mix(in srgb, #dc4646 28%, transparent); }
.status.candidate { background: color-mix(in srgb, #dd9f2e 32%, transparent); }
.confusion { border-collapse: collapse; font-size: .78rem; font-variant-numeric: tabular-nums; table-layout: fixed;
             width: 100%; max-width: 26rem; }
.confusion td, .confusion th { text-align: center; padding: .22rem 0; }
.confusion th { opacity: .8; font-weight: 400; }
.reliability { position: relative; width: 100%; max-width: 18.5rem; aspect-ratio: 1; margin: .3rem 0 1rem 0;
    border-left: 1px solid; border-bottom: 1px solid; border-color: color-mix(in srgb, currentColor 45%, transparent);
    background: linear-gradient(to bottom right, transparent calc(50% - .5px),
        color-mix(in srgb, currentColor 45%, transparent) 50%, transparent calc(50% + .5px)); }
.reliability i { position: absolute; transform: translate(-50%, 50%); border-radius: 50%; background: #5b6cf0; }
</style>
"""


def page() -> None:
    """The whole page: how learning goes, the versions, one of them closely, and two of them compared."""
    st.set_page_config(layout="wide")
    running = app_state.start()
    if not entered(running, "Models"):
        return
    st.html(STYLE)
    try:
        st.subheader("Learn from labels", anchor=False)
        learning(running, running.label_counts().fresh)
        st.subheader("Versions", anchor=False, divider="gray")
        model = st.segmented_control(
            "Network", MODELS, format_func=NAMES.__getitem__, default=MODELS[0], required=True, key="network"
        )
        versions = running.versions(model)
        if not versions:
            st.info("No version is stored yet: the app stores its own as soon as its models are loaded.")
            return
        listed(versions)
        closely(running, versions)
        compared(running, versions)
    except DatabaseAway:
        database_away(running)


# --- Learning ---------------------------------------------------------------------------------------------------------


@st.fragment(run_every=2)
def learning(running: Service, fresh: int) -> None:
    """The button that trains, and how the training goes; looks again by itself, which is no use of the session."""
    if not running.admins.admits(current_visitor(), used=False):
        st.rerun(scope="app")
    if {"note", "trouble"} & set(st.session_state):
        st.rerun(scope="app")  # the page's head says it: here it would be gone with the next look
    troubles(running)
    try:
        trainings = running.progress()
    except DatabaseAway:
        st.rerun(scope="app")
    newest = trainings[0] if trainings else None
    under_way = next((each for each in trainings if each.running), None)
    busy = running.training or under_way is not None
    if st.session_state.setdefault("busy", busy) != busy:
        st.session_state.busy = busy
        st.rerun(scope="app")  # there may be a new version
    with st.container(horizontal=True, vertical_alignment="bottom"):
        least = st.number_input("At least so many new labels", 1, 1_000_000, MIN_LABELS, width=220, key="least")
        st.button(
            "Retrain the CNN",
            type="primary",
            icon=":material/model_training:",
            disabled=busy,
            on_click=_retrain,
            args=(running, int(least)),
        )
        st.markdown(f"{fresh:,} approved labels are new to it.", width="content")
    if busy:
        show_progress(under_way)
    elif trouble := running.training_trouble(newest):
        st.error(f"The last training came to nothing. {trouble}", icon=":material/error:")
    elif newest:
        show_ending(newest)


def _retrain(running: Service, least: int) -> None:
    act(running, lambda: running.retrain(least), "The training begins.")


def troubles(running: Service) -> None:
    """What keeps a model or a version from its work."""
    if running.loading:
        st.info("The models are loading.", icon=":material/hourglass_top:")
    elif running.model_trouble:
        st.warning(running.model_trouble, icon=":material/warning:")
    if running.version_trouble:
        st.error(running.version_trouble, icon=":material/error:")


def show_progress(training: Training | None) -> None:
    """How far a training is; None for one that is too young to have told."""
    what, begin, length = STAGES.get(training.stage if training else "starting", STAGES["starting"])
    share = begin + length * (training.progress if training else 0)
    message = training.message if training and training.message else "The training process is starting."
    st.progress(share, text=f"**{what}.** {message}")


def show_ending(training: Training) -> None:
    """How the last training ended."""
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
        st.warning(f"The last training was interrupted, {when}. No label was used up by it.")


# --- The list ---------------------------------------------------------------------------------------------------------


def listed(versions: list[Version]) -> None:
    """A row for each version, the newest first."""
    shown = versions
    if len(versions) > NEWEST and not st.toggle(f"All {len(versions)} versions", key="every"):
        shown = [each for n, each in enumerate(versions) if n < NEWEST or each.status == "active"]
    names = ("Version", "Status", "Made (UTC)", "From", "Labels", "Validation", "Held-out labels", "MNIST test", "Why")
    head = "".join(f"<th>{name}</th>" for name in names)
    st.html(f'<div class="scroll"><table><tr>{head}</tr>{"".join(map(_row, shown))}</table></div>')
    st.html(
        '<p class="quiet">Validation: MNIST digits that choose and calibrate, before the training and after it. '
        "Held-out labels: people's drawings that never teach. The test digits are reported, and decide nothing.</p>"
    )


def _row(version: Version) -> str:
    figures = version.metrics
    cells = (
        f"<b>{version.version}</b>",
        f'<span class="status {version.status}">{version.status}</span>',
        f"{version.created_at:%Y-%m-%d %H:%M}",
        "" if version.parent is None else str(version.parent),
        f"{figures['labels_used']:,}" if "labels_used" in figures else "",
        _before_after(figures, "validation") or _share(figures.get("validation_accuracy")),
        _before_after(figures, "held_out"),
        _share(figures.get("test_accuracy")),
    )
    return (
        f'<tr>{"".join(f"<td>{cell}</td>" for cell in cells)}<td class="why">{escape(_first(version.reason))}</td></tr>'
    )


def _first(reason: str) -> str:
    """The first sentence of a reason; all of it stands where the version is looked at closely."""
    sentence, *more = re.split(r"(?<=\.) (?=[A-Z])", reason)
    return f"{sentence} (and {len(more)} more)" if more else sentence


def _before_after(figures: dict[str, Any], part: str) -> str:
    """The accuracy before a training and after it; nothing where it was not measured."""
    before, after = ((figures.get(when) or {}).get(part) or {} for when in ("before", "after"))
    if "accuracy" not in after:
        return ""
    return f"{_share(before.get('accuracy'))} → {_share(after['accuracy'])}"


def _share(value: float | None) -> str:
    return "" if value is None else percent(value, 2)


# --- One version ------------------------------------------------------------------------------------------------------


def closely(running: Service, versions: list[Version]) -> None:
    """One version: what can be done with it, and everything that was measured of it."""
    model, by_number = versions[0].model, {each.version: each for each in versions}
    serving = next((each for each in versions if each.status == "active"), None)
    numbers = list(by_number)
    chosen = st.selectbox(
        "A version closely",
        numbers,
        index=numbers.index(serving.version) if serving else 0,
        width=280,
        format_func=lambda number: f"{number} · {by_number[number].status}",
        key=f"chosen-{model}",
    )
    version = by_number[chosen]
    with st.container(horizontal=True, key="actions"):
        _promote_button(running, version)
        st.button(
            "Roll back",
            key=f"roll-back-{model}-{serving.version if serving else 0}",
            icon=":material/history:",
            help="Let the version serve that the active one replaced",
            disabled=len(versions) == 1,
            on_click=_roll_back,
            args=(running, model, serving.version if serving else 0),
        )
        st.download_button(
            "Weights (.pt)",
            _weights_of(running, version),
            f"{model}-{version.version}.pt",
            icon=":material/download:",
            on_click="ignore",
            key=f"weights-{model}-{version.version}",
        )
        _onnx_button(running, version)
    if version.reason:
        st.markdown(_plain(version.reason))
    pictures_of(version)
    dropped(running, version.metrics.get("labels_dropped") or [])


def _plain(text: str) -> str:
    """A sentence that markdown leaves as it is."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>()#+-.!|$~:" else letter for letter in text)


def _promote_button(running: Service, version: Version) -> None:
    refused = version.status == "rejected"
    st.button(
        f"Promote version {version.version}" + (" all the same" if refused else ""),
        key=f"promote-{version.model}-{version.version}",
        type="primary",
        icon=":material/upgrade:",
        disabled=version.status == "active",
        help="The gate found it worse than the version that served then." if refused else None,
        on_click=_promote,
        args=(running, version),
    )


def _promote(running: Service, version: Version) -> None:
    said = f"Version {version.version} serves: every running app takes it over within seconds."
    act(running, lambda: running.promote(version.model, version.version), said)


def _roll_back(running: Service, model: str, seen: int) -> None:
    """One step back from the version that was seen to serve: a click too many must not lead further back."""

    def back() -> int:
        serving = next((each.version for each in running.versions(model) if each.status == "active"), 0)
        if serving != seen:
            raise NoSuchVersion(f"Version {serving} serves meanwhile, so nothing was rolled back.")
        return running.roll_back(model)

    act(running, back, lambda version: f"Version {version} serves again.")


def _weights_of(running: Service, version: Version) -> Callable[[], bytes]:
    """What the download calls when it is clicked on, outside the page's own run; so it knows its visitor already."""
    visitor = current_visitor()

    def weights() -> bytes:
        if not running.admins.admits(visitor):
            raise PermissionError("The session has ended.")
        return running.weights(version.model, version.version)

    return weights


def _onnx_button(running: Service, version: Version) -> None:
    """Makes the ONNX file, and then lets it be saved."""
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
            data = act(running, lambda: running.onnx(version.model, version.version), "The ONNX file is ready.")
            if data is not None:
                st.session_state.onnx = {name: data}  # before the spinner goes: a click meanwhile ends the run there
        st.rerun()


def pictures_of(version: Version) -> None:
    """Confusion, reliability, and what changed for each digit."""
    figures = version.metrics
    if not figures.get("confusion"):
        st.info(
            "Only accuracies are kept of weights that came with the app. `python src/benchmark.py accuracy` draws "
            "their confusion and their reliability."
        )
    left, middle, right = st.columns(3, gap="medium")
    with left:
        st.markdown("**Each digit**")
        st.html(_digits(figures))
    if confusion := figures.get("confusion"):
        with middle:
            st.markdown("**What was read as what** (MNIST test; a row for each digit)")
            st.html(_confusion(confusion))
    if bins := figures.get("reliability"):
        with right:
            st.markdown("**How true its confidence is** (→ how sure, ↑ how often right)")
            st.html(_reliability(bins))
            if "ece" in figures:
                st.html(f'<p class="quiet">Mean gap: {percent(figures["ece"], 2)}</p>')


def _confusion(counts: list[list[int]]) -> str:
    """Counts as a table, mistakes the redder the more there are of them; the diagonal is left uncoloured."""
    most = max([1, *(counts[row][column] for row in DIGITS for column in DIGITS if row != column)])
    head = "".join(f"<th>{digit}</th>" for digit in DIGITS)
    rows = "".join(
        f"<tr><th>{row}</th>{''.join(_cell(counts[row][column], row == column, most) for column in DIGITS)}</tr>"
        for row in DIGITS
    )
    return f'<table class="confusion" aria-label="Confusion matrix"><tr><th></th>{head}</tr>{rows}</table>'


def _cell(count: int, right: bool, most: int) -> str:
    if not count:
        return "<td></td>"
    shade = 0 if right else 15 + 60 * count / most
    return f'<td style="background: color-mix(in srgb, #dc4646 {shade:.0f}%, transparent)">{count}</td>'


def _reliability(bins: Sequence[dict[str, float]]) -> str:
    """Dots at (confidence, accuracy), the larger the more digits; on the line, what it says comes true."""
    dots = "".join(
        f'<i style="left: {b["confidence"]:.2%}; bottom: {b["accuracy"]:.2%}; '
        f'width: {8 + 14 * b["share"] ** 0.5:.0f}px; height: {8 + 14 * b["share"] ** 0.5:.0f}px"></i>'
        for b in bins
    )
    told = "; ".join(f"{b['confidence']:.0%} sure: {b['accuracy']:.0%} right" for b in bins)
    return f'<div class="reliability" role="img" aria-label="Reliability: {told}">{dots}</div>'


def _digits(figures: dict[str, Any]) -> str:
    """The accuracy of each digit, before and after a training; for weights that came with the app, as they are."""
    before, after = ((figures.get(when) or {}).get("per_digit") for when in ("before", "after"))
    if not before or not after:
        rows = "".join(
            f"<tr><th>{digit}</th><td>{_share(value)}</td></tr>"
            for digit, value in enumerate(figures.get("per_digit_accuracy") or [])
        )
        return f'<table class="digits"><tr><th>digit</th><th>MNIST test</th></tr>{rows}</table>'
    rows = "".join(
        f"<tr><th>{digit}</th><td>{_share(old)}</td><td>{_share(new)}</td><td>{_change(new - old)}</td></tr>"
        for digit, (old, new) in enumerate(zip(before, after, strict=True))
    )
    head = "<tr><th>digit</th><th>before</th><th>after</th><th>points</th></tr>"
    return f'<table class="digits">{head}{rows}</table><p class="quiet">MNIST validation and held-out labels</p>'


def _change(share: float) -> str:
    return f"{share * 100:+.2f}".replace("-", "\N{MINUS SIGN}") if abs(share) >= 0.00005 else "="


def dropped(running: Service, labels: list[dict[str, Any]]) -> None:
    """Labels that were not learnt from, because others contradicted them: they wait in review."""
    if not labels:
        return
    pictures = running.images([UUID(each["id"]) for each in labels[:PICTURES]])
    what = f"{len(labels)} labels were dropped, because other people's drawings contradict them: Review has them"
    with st.expander(what), st.container(horizontal=True, key="dropped"):
        for each in labels[:PICTURES]:
            if picture := pictures.get(UUID(each["id"])):
                with st.container(width=158):
                    said, looks = each["label"], each["looks_like"]
                    drawing(picture, f"A drawing said to be {said}", f"<p>said {said}<br>looks like {looks}</p>")


# --- Two versions -----------------------------------------------------------------------------------------------------


def compared(running: Service, versions: list[Version]) -> None:
    """Two versions read the newest approved drawings, and the pictures tell where they differ."""
    st.subheader("Compare two versions", anchor=False, divider="gray")
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
            with st.spinner("Both versions read ..."):
                found = act(running, lambda: running.compare(model, (first, second), limit))
                if found is not None:
                    st.session_state.comparison = model, found  # before the spinner goes, as above
            if found is None:
                st.rerun()  # the page says why
    name, found = st.session_state.get("comparison", ("", None))
    if name == model and found is not None:
        show_comparison(found)


def show_comparison(found: Comparison) -> None:
    """The accuracy of both, and the drawings that they read differently."""
    if not found.all.drawings:
        st.info("No label is approved yet, so there is nothing to compare on.")
        return
    lines = [_counted(found.versions, found.all, "drawings with approved labels")]
    if found.unseen.drawings:
        lines.append(_counted(found.versions, found.unseen, "of them that no version was trained on, which is fairer"))
    st.html("".join(f"<p>{line}</p>" for line in lines))
    if not found.differences:
        st.markdown("Both read every one of them alike.")
    with st.container(horizontal=True, key="differences"):
        for difference in found.differences[:PICTURES]:
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
    drawing(difference.image, said, f'<p>is a <span class="digit">{difference.label}</span></p>{lines}')


page()
