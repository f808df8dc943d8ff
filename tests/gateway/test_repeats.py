"""What can be provoked from outside does not fill the log."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from gateway import repeats
from gateway.repeats import MOST, SPAN, FewRepeats
from support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(clock: Clock) -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger, and what has been written of it."""
    logger, written = logging.getLogger("tests.repeats"), io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(FewRepeats(clock))
    logger.addHandler(handler)
    logger.propagate = False
    yield logger, written
    logger.removeHandler(handler)


def test_lines_that_repeat_themselves_are_counted(log: tuple[logging.Logger, io.StringIO], clock: Clock) -> None:
    logger, written = log
    for n in range(1000):
        logger.warning("socket %s: Too many open files", n)
    logger.warning("another")
    assert len(written.getvalue().splitlines()) == MOST + 1
    clock.now += SPAN
    logger.warning("socket %s: Too many open files", 7)
    assert written.getvalue().endswith(f"socket 7: Too many open files (and {1000 - MOST} more lines like this one)\n")


def test_lines_that_were_put_together_differ_in_their_numbers_alone(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = log
    for n in range(100):
        logger.error(f"'{n}' of 10.0.0.{n} is {n:012x}")
    assert len(written.getvalue().splitlines()) == MOST


def test_only_errors_have_a_traceback(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = log
    try:
        raise ValueError("no JSON")
    except ValueError:
        logger.warning("malformed", exc_info=True)
        assert written.getvalue() == "malformed\n"
        logger.exception("wrong")
    assert "Traceback" in written.getvalue()


def test_kinds_are_forgotten(log: tuple[logging.Logger, io.StringIO], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "MOST_KINDS", 10)
    logger, written = log
    few = next(each for each in logger.handlers[0].filters if isinstance(each, FewRepeats))
    for letter in "abcdefghijklmnopqrstuvwxyz":
        logger.error(letter)
    assert len(few._kinds) <= 10
    assert len(written.getvalue().splitlines()) == 26


def test_every_handler_gets_it() -> None:
    logger, handler = logging.getLogger("tests.repeats.streamlit"), logging.StreamHandler(io.StringIO())
    logger.addHandler(handler)
    try:
        repeats.install()
        assert any(isinstance(each, FewRepeats) for each in handler.filters)
    finally:
        for each in [logging.getLogger(), *logging.root.manager.loggerDict.values()]:
            for other in getattr(each, "handlers", ()):
                other.filters = [one for one in other.filters if not isinstance(one, FewRepeats)]
        logger.removeHandler(handler)
