"""python src/recount.py [--repair]: count every drawing again, and compare with the tallies that the insights show.

The app may run meanwhile. Exits with 0 if all is equal, or was repaired; with 1 if something differs, and prints what;
and with 2 and one sentence if something is wrong.
"""

from __future__ import annotations

import argparse
import logging
import sys

from command_line import command
from settings import SettingsError, load_settings
from storage.database import Database, DatabaseAway, ready_database
from storage.recounting import Difference, differences, repair

SHOWN = 20  # differences that are printed


def parser() -> argparse.ArgumentParser:
    """The flags of this command."""
    made = command("recount.py", __doc__)
    made.add_argument("--repair", action="store_true", help="add what is missing; writers wait meanwhile")
    return made


def run(database: Database, mending: bool) -> int:
    """Compare, and perhaps repair; returns the exit code. Raises DatabaseAway."""
    if mending:
        print(f"{repair(database)} tallies were repaired.")
    found = differences(database)
    for difference in found[:SHOWN]:
        print(line(difference))
    if len(found) > SHOWN:
        print(f"... and {len(found) - SHOWN} more")
    print("The tallies differ from the rows: --repair mends them." if found else "Every tally is equal to the rows.")
    return 1 if found else 0


def line(difference: Difference) -> str:
    """A difference in words."""
    few = "too few" if difference.missing > 0 else "too many"
    return f"{difference.table}, {', '.join(map(str, difference.key))}: {abs(difference.missing)} {few}"


def main(arguments: list[str] | None = None) -> int:
    """Recount; returns the exit code."""
    asked = parser().parse_args(arguments)
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    try:
        with ready_database(load_settings()) as database:
            return run(database, asked.repair)
    except (DatabaseAway, SettingsError, OSError) as error:
        print(f"recount.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
