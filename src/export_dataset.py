"""python src/export_dataset.py [--format idx|parquet|png|all] [--output DIR] [filters]: labels as a data set.

Writes the labelled drawings that were approved into a new folder, with a datasheet: as MNIST's own files, which
torchvision.datasets.MNIST loads, as a Parquet file, or as PNGs in a ZIP with a folder for each label; strokes.jsonl has
the pen strokes. Nobody can be told from them. Exits with 2 and one sentence if something is wrong.
"""

from __future__ import annotations

import argparse
import logging
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path

from tqdm import tqdm

from command_line import command, number
from datasets.contents import FOLDERS
from datasets.exporting import FORMATS, FolderTaken, NothingToExport, export_to
from datasets.idx import CountChanged
from frames.images import NotAnImage
from learning.registry import MODELS
from settings import SettingsError, load_settings
from storage.database import DatabaseAway, ready_database
from storage.insights import SOURCES
from storage.labelled import Wanted
from storage.nothing_kept import NOTHING_KEPT
from storage.selection import Outcome, Selection

REFUSALS = (FolderTaken, NothingToExport, CountChanged, NotAnImage, DatabaseAway, SettingsError, OSError)

# ---------------------------------------------------------------------------------------------------------------------
# The command line: the filters are those of the history.
# ---------------------------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The flags of this command."""
    made = command("export_dataset.py", __doc__)
    made.add_argument("--format", choices=[*FORMATS, "all"], default="idx")
    made.add_argument("--output", type=Path, default=Path("exported"), metavar="DIR", help="a new folder: %(default)s")
    made.add_argument("--licence", type=_line, default="", help="what the datasheet says of it, e.g. 'CC BY 4.0'")
    made.add_argument("--unreviewed", action="store_true", help="labels too that wait for review")
    wanted = made.add_argument_group("filters")
    wanted.add_argument("--label", choices=FOLDERS.values(), metavar="LABEL", help="0 to 9, or not-a-digit")
    wanted.add_argument("--read-as", type=number(int, 0, 9), metavar="DIGIT", help="what everybody's model read")
    wanted.add_argument("--outcome", choices=[Outcome.RIGHT.value, Outcome.WRONG.value], help="what the label says")
    wanted.add_argument("--least-confidence", type=number(float, 0, 1), metavar="C", help="of the answer, 0 to 1")
    wanted.add_argument("--most-confidence", type=number(float, 0, 1), metavar="C", help="of the answer, 0 to 1")
    wanted.add_argument("--source", choices=SOURCES)
    wanted.add_argument("--model", choices=MODELS)
    wanted.add_argument("--version", type=number(int, 1, 2**31 - 1), help="of the model")
    wanted.add_argument("--since", type=_day, metavar="DATE", help="drawn on that day or later, e.g. 2026-03-01 (UTC)")
    wanted.add_argument("--until", type=_day, metavar="DATE", help="drawn before that day (UTC)")
    return made


def _day(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        raise argparse.ArgumentTypeError("must be a date such as 2026-03-01") from None


def _line(text: str) -> str:
    if not text.isprintable() or len(text) > 200:
        raise argparse.ArgumentTypeError("must be one line of at most 200 characters")
    return text


def wanted_by(asked: argparse.Namespace) -> Wanted:
    """Which drawings the flags ask for."""
    chosen = Selection(
        label=next((label for label, name in FOLDERS.items() if name == asked.label), None),
        read_as=asked.read_as,
        outcome=Outcome(asked.outcome) if asked.outcome else None,
        least_confidence=asked.least_confidence,
        most_confidence=asked.most_confidence,
        source=asked.source,
        model=asked.model,
        version=asked.version,
        since=asked.since,
        until=asked.until,
    )
    return Wanted(chosen, asked.unreviewed)


# ---------------------------------------------------------------------------------------------------------------------
# The run.
# ---------------------------------------------------------------------------------------------------------------------


def run(asked: argparse.Namespace) -> int:
    """Export into the folder; how many drawings were written, counted in each format."""
    settings = load_settings()
    if settings.read_only:
        raise SettingsError(NOTHING_KEPT)
    formats = list(FORMATS) if asked.format == "all" else [asked.format]
    written = 0
    with ready_database(settings) as database, tqdm(unit=" drawings", file=sys.stderr, disable=None) as bar:
        for count in export_to(database, wanted_by(asked), formats, asked.output, asked.licence):
            written += count
            bar.update(count)
    return written // len(formats)


def main(arguments: list[str] | None = None) -> int:
    """Export; returns the exit code."""
    asked = parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        written = run(asked)
    except REFUSALS as error:
        print(f"export_dataset.py: {error}", file=sys.stderr)
        return 2
    print(f"{asked.output}: {written:,} labelled drawings, described in {asked.output / 'README.md'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
