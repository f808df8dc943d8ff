"""Fractions as people read them."""

from __future__ import annotations


def percent(fraction: float, places: int = 0) -> str:
    """A fraction (0-1) in percent, such as 98.7 %. What is less than all of it is never 100 %."""
    text = f"{fraction * 100:.{places}f}"
    if float(text) == 100 and fraction < 1:
        text = f"{100 - 10**-places:.{places}f}"
    return f"{text} %"


def certainty(confidence: float) -> str:
    """A confidence (0-1) in percent; nothing is ever 100 % certain."""
    return "over 99.9 %" if confidence > 0.999 else f"{confidence * 100:.1f} %"


def unbroken(text: str) -> str:
    """A text whose percentages have no-break spaces, for a page, where a line might end within one."""
    return text.replace(" %", "\u00a0%")
