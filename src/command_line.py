"""What the commands share: numbers within bounds, and errors of one sentence."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any


def number(kind: type[int] | type[float], low: float, high: float, include_low: bool = True) -> Callable[[str], Any]:
    """A parser of finite numbers between `low` (itself allowed with `include_low`) and `high`."""

    def parse(text: str) -> int | float:
        try:
            value = kind(text)
        except ValueError:
            value = kind(-1) if low >= 0 else kind(low - 1)
        if not math.isfinite(value) or value > high or value < low or (value == low and not include_low):
            what = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"must be {what} {'from' if include_low else 'above'} {low:g} to {high:g}")
        return value

    return parse


class Parser(argparse.ArgumentParser):
    """argparse, with errors of one sentence on one line."""

    def error(self, message: str) -> Any:
        """Print the error and exit with 2."""
        self.exit(2, f"{self.prog}: {message}.\n")


def command(name: str, text: str | None) -> Parser:
    """The parser of a command: `text` is its module's docstring, shown as it stands."""
    return Parser(prog=name, description=text, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
