"""python src/self_check.py [--all]: look for what is damaged or missing in the database, and say what it is.

The app does it every night by itself, a slice of the drawings at a time; --all looks at every row. The app may run
meanwhile. Exits with 0 if nothing is wrong, with 1 if something is, and with 2 and one sentence if it cannot be done.
"""

from __future__ import annotations

import argparse
import logging
import sys

from command_line import command
from settings import SettingsError, load_settings
from storage import check_log, integrity
from storage.check_log import CheckUnderWay, Reached, Result
from storage.database import Database, DatabaseAway, ready_database


def parser() -> argparse.ArgumentParser:
    """The flags of this command."""
    made = command("self_check.py", __doc__)
    made.add_argument("--all", action="store_true", help="every drawing, in place of the next slice: takes minutes")
    made.add_argument("--who", choices=("command", "admin", "nightly"), default="command", help="who wants it")
    return made


def run(database: Database, everything: bool, who: str) -> Result | None:
    """Check, and note what was found; None where it is not time for a nightly one.

    Raises CheckUnderWay, DatabaseAway.
    """
    with check_log.only_check(database):
        if who == "nightly" and not check_log.known(database).due:
            return None  # another replica was first
        number, reached = check_log.begin(database, who)
        limits = integrity.EVERYTHING if everything else integrity.NIGHTLY
        result = integrity.check(database, limits, Reached() if everything else reached)
        check_log.end(database, number, result)
    return result


def told(result: Result) -> str:
    """What was found, in words."""
    looked = f"{result.drawings:,} drawings, {result.days:,} days and {result.versions:,} versions were looked at"
    if not result.findings:
        return f"Nothing is wrong: {looked}."
    return "\n".join([*result.findings, f"({looked}.)"])


def main(arguments: list[str] | None = None) -> int:
    """Check; returns the exit code."""
    asked = parser().parse_args(arguments)
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    try:
        with ready_database(load_settings()) as database:
            result = run(database, asked.all, asked.who)
    except (DatabaseAway, CheckUnderWay, SettingsError, OSError) as error:
        print(f"self_check.py: {error}", file=sys.stderr)
        return 2
    if result:
        print(told(result))
    return 1 if result and result.findings else 0


if __name__ == "__main__":
    sys.exit(main())
