"""A few pages run at once; the others wait, though never for ever."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator

import pytest
from streamlit.runtime.scriptrunner import RerunData, RerunException

from app_pages import turns


class Pages:
    """Threads that run as pages do, each until it is told to end."""

    def __init__(self) -> None:
        self.running, self._end = threading.Semaphore(0), threading.Event()
        self._threads: list[threading.Thread] = []

    def run(self, what: object = None) -> threading.Thread:
        """Begin one; `what` is raised in it at the end."""
        thread = threading.Thread(target=self._run, args=(what,))
        self._threads.append(thread)
        thread.start()
        return thread

    def _run(self, what: object) -> None:
        try:
            with turns.turn():
                self.running.release()
                self._end.wait(20)
                if isinstance(what, BaseException):
                    raise what
        except BaseException as error:  # noqa: BLE001 - the thread's own end
            assert error is what

    def end(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(20)


@pytest.fixture
def pages() -> Iterator[Pages]:
    made = Pages()
    yield made
    made.end()


def fill(pages: Pages, what: object = None) -> None:
    for _ in range(turns.AT_ONCE):
        pages.run(what)
        assert pages.running.acquire(timeout=10)


def takes_at_once() -> bool:
    begin = time.monotonic()
    with turns.turn():
        return time.monotonic() - begin < turns.PATIENCE / 2


def test_one_more_waits_for_a_turn(pages: Pages) -> None:
    fill(pages)
    pages.run()
    assert not pages.running.acquire(timeout=0.2)
    pages.end()
    assert pages.running.acquire(timeout=10)


def test_nobody_waits_for_ever(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.1)
    fill(pages)
    pages.run()
    assert pages.running.acquire(timeout=10)


@pytest.mark.parametrize("ends_with", [None, ValueError("it failed"), RerunException(RerunData())])
def test_every_turn_is_given_back_however_a_run_ends(pages: Pages, ends_with: BaseException | None) -> None:
    """Also where the thread was to run the page once more, and ended."""
    fill(pages, ends_with)
    pages.end()
    gc.collect()
    fill(again := Pages())
    again.end()
    assert takes_at_once()


def test_a_run_that_is_stopped_to_run_again_keeps_its_turn(pages: Pages) -> None:
    with pytest.raises(RerunException), turns.turn():
        raise RerunException(RerunData())
    for _ in range(turns.AT_ONCE - 1):
        pages.run()
        assert pages.running.acquire(timeout=10)
    pages.run()
    assert not pages.running.acquire(timeout=0.2)
    assert takes_at_once(), "it has its own"
    assert pages.running.acquire(timeout=10), "and now another has it"


def test_who_waits_for_something_else_leaves_the_turn_to_others(pages: Pages) -> None:
    with turns.turn():
        for _ in range(turns.AT_ONCE - 1):
            pages.run()
            assert pages.running.acquire(timeout=10)
        pages.run()
        assert not pages.running.acquire(timeout=0.2)
        with turns.elsewhere():
            assert pages.running.acquire(timeout=10)
            pages.end()


def test_who_had_no_turn_takes_none_either(pages: Pages) -> None:
    """As a fragment that runs by itself: nobody would take it back before its thread ends."""
    with turns.turn():
        pass
    with turns.elsewhere():
        pass
    fill(pages)
