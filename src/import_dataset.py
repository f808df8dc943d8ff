"""python src/import_dataset.py PATH [--name NAME] [--label-from-folder FOLDER=LABEL]: labelled digits to learn from.

PATH is a folder of pictures in subfolders 0 to 9 (and not-a-digit), a ZIP of one, MNIST's IDX files, or a Parquet file
with the columns image and label. Each picture becomes a row, read by the active model; each label is judged, reviewed,
screened and gated like any other. What is there already stays as it is, so an import that ended early can be repeated.
Exits with 2 and one sentence if something is wrong; a picture that cannot be read is named and left out.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from tqdm import tqdm

from command_line import command
from datasets.contents import FOLDERS
from datasets.examples import NotADataset
from datasets.reading import open_dataset
from learning.registry import DEFAULT_MODEL
from learning.weights import ModelMissing
from serving.importing import Importer, Tally
from serving.loading import load_shipped, watch
from serving.predictor import ServingModel
from settings import Settings, SettingsError, load_settings
from storage.database import Database, DatabaseAway, ready_database
from storage.nothing_kept import NOTHING_KEPT

REFUSALS = (NotADataset, ModelMissing, DatabaseAway, SettingsError, OSError)
LABELS = {name: label for label, name in FOLDERS.items()}

# ---------------------------------------------------------------------------------------------------------------------
# The command line.
# ---------------------------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The flags of this command."""
    made = command("import_dataset.py", __doc__)
    made.add_argument("path", type=Path, metavar="PATH")
    made.add_argument("--name", help="which data set it is, e.g. usps; default: the name of the file or folder")
    made.add_argument(
        "--label-from-folder",
        type=_named,
        action="append",
        default=[],
        metavar="FOLDER=LABEL",
        help="pictures in folders of that name are that (0 to 9, or not-a-digit); may be given more than once",
    )
    return made


def _named(text: str) -> tuple[str, int]:
    name, _, label = text.rpartition("=")
    if not name or label not in LABELS:
        raise argparse.ArgumentTypeError("must be a folder's name and its label, such as seven=7 or A=not-a-digit")
    return name, LABELS[label]


# ---------------------------------------------------------------------------------------------------------------------
# The run.
# ---------------------------------------------------------------------------------------------------------------------


def run(asked: argparse.Namespace) -> Tally:
    """Import the data set; what has become of it."""
    settings = load_settings()
    if settings.read_only:
        raise SettingsError(NOTHING_KEPT)
    found = open_dataset(asked.path, LABELS | dict(asked.label_from_folder))
    with ready_database(settings) as database:
        name = asked.name or asked.path.resolve().name
        importer = Importer(database, active_model(settings, database), name, settings.feedback_review == "all")
        with tqdm(total=found.count, unit=" pictures", file=sys.stderr, disable=None) as bar:
            for count in importer.take(found.examples):
                bar.update(count)
        return importer.tally


def active_model(settings: Settings, database: Database) -> ServingModel:
    """The version that serves in the running app, or would. Raises ModelMissing, DatabaseAway."""
    predictor = load_shipped(settings)
    watch(settings, database, predictor).close()
    return predictor.model(DEFAULT_MODEL)


def told(tally: Tally) -> str:
    """What has become of the data set, in words."""
    lines = [f"{tally.imported:,} imported: {tally.approved:,} labels are approved, {tally.pending:,} wait for review."]
    if tally.known:
        lines.append(f"{tally.known:,} were there already.")
    if tally.unreadable:
        lines.append(f"{tally.unreadable:,} could not be read:")
        lines += [f"  {each.name}: {each.why}" for each in tally.named]
        lines += ["  ..."] * (tally.unreadable > len(tally.named))
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Import; returns the exit code."""
    asked = parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        tally = run(asked)
    except REFUSALS as error:
        print(f"import_dataset.py: {asked.path}: {error}", file=sys.stderr)
        return 2
    print(told(tally))
    return 0


if __name__ == "__main__":
    sys.exit(main())
