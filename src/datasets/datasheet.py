"""The datasheet of an export: what is in it, how its labels were checked, and what it says of nobody.

After Gebru et al. 2021, "Datasheets for Datasets", as far as the app knows the answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from datasets.contents import FOLDERS, Contents
from storage.labelled import Wanted

NO_LICENCE = (
    "None was stated. The drawings belong to the people who drew them: "
    "ask whoever runs the app before you pass them on."
)
_CHECKS = {
    "person": "decided on by an administrator, who saw the picture",
    "corroborated": "doubted at first, then approved because other people's labelled drawings look the same",
    "plausible": "approved by the app: the model found the label plausible, and nothing else spoke against it",
    "waits": "not checked yet: they wait for review",
}
_SOURCES = {
    "canvas": "drawn on the app's canvas",
    "upload": "uploaded as a picture",
    "camera": "taken with a camera",
    "api": "sent by programs",
    "import": "imported from another data set, whose own licence holds for them",
}

_TEXT = """# Handwritten digits

{total:,} drawings that a digit reader has collected, each with its label. Exported on {today}.

Licence: {licence}

## What is in it

| label | train | test |
| --- | --- | --- |
{labels}

Selection: {selection}.

Each drawing is 28x28 grey pixels, 0 for paper and 255 for ink, in MNIST's own frame: scaled into 20x20 with its aspect
ratio kept, then moved until its centre of mass is in the middle. This is the picture that the model saw; what was drawn
or uploaded was not kept. "Not a digit" is label 10. A seventh of the pictures, chosen by a hash of the picture, is for
testing; the same picture is never in both parts. {strokes}

{sources}

{versions}

{months}

## How the labels were checked

People said what they had drawn. What the app or an administrator has rejected is left out. Of the labels

{checks}

Before each of the app's own trainings, all labels are also compared with other people's and with MNIST's digits, and
what contradicts them goes back to review. Wrong labels may remain.

## What it does not say

Nothing in it says whose a drawing is, or which drawings are one person's: there is no visitor, no id, no time but the
month, and the order is a random one. The pen strokes have no times. Handwriting is personal all the same: do not try to
find out whose it is.

## How to load it

{loading}
"""

LOADING = {
    "idx": """MNIST's own files, in `MNIST/raw`:

    torchvision.datasets.MNIST("this folder", train=True)

Drawings that are no digit are in `not-a-digit-images-idx3-ubyte`. `strokes.jsonl` has the pen strokes of drawings from
the canvas, one JSON object a line: `set`, `index` (in that set, from 0), `label` and `strokes`.""",
    "png": """Unpack `digits.zip`; each set has a folder for each label:

    torchvision.datasets.ImageFolder("train")

`strokes.jsonl` has the pen strokes of drawings from the canvas, one JSON object a line: `file`, `label`, `strokes`.""",
    "parquet": """`digits.parquet` has a row for each drawing: `image` (PNG), `label`, `set`, `read_as` and `confidence`
(what the model read), `source`, `model`, `model_version`, `month`, `check` and `strokes`:

    pandas.read_parquet("digits.parquet")""",
}
"""How each format is loaded."""


def datasheet(
    contents: Contents, wanted: Wanted, formats: list[str], licence: str = "", today: date | None = None
) -> str:
    """The datasheet, in Markdown. `licence` is a line about it; `today` the date of the export."""
    share = f"{contents.with_strokes:,} drawings have their pen strokes, in pixels of the canvas."
    return _TEXT.format(
        total=contents.total,
        today=today or date.today(),
        licence=licence or NO_LICENCE,
        labels="\n".join(f"| {name} | {_counts(contents, label)} |" for label, name in FOLDERS.items()),
        selection=_selection(wanted),
        strokes=share if contents.with_strokes else "No pen strokes are known.",
        sources=_list("Where they are from:", contents.by(lambda group: _SOURCES.get(group.source, group.source))),
        versions=_list(
            "Which version read them:", contents.by(lambda group: f"{group.model}, version {group.model_version}")
        ),
        months=_list("When they were drawn (UTC):", contents.by(lambda group: group.month)),
        checks=_list("", contents.by(lambda group: _CHECKS[group.check])),
        loading="\n\n".join(LOADING[each] for each in formats),
    )


def _counts(contents: Contents, label: int) -> str:
    train, test = contents.labels[label]
    return f"{train:,} | {test:,}"


def _list(title: str, counts: Mapping[object, int]) -> str:
    lines = [f"- {count:,}: {what}" for what, count in sorted(counts.items(), key=lambda item: str(item[0]))]
    return "\n".join([title, "", *lines] if title else lines)


def _selection(wanted: Wanted) -> str:
    """What was asked for, in words; whose drawings they are is never part of it."""
    given = {name: value for name, value in vars(wanted.selection).items() if value is not None and name != "visitor"}
    reviews = "all labels that are not rejected" if wanted.unreviewed else "approved labels"
    return ", ".join([reviews, *(f"{name.replace('_', ' ')} {value}" for name, value in given.items())])
