"""An answer is given also where its row can be kept nowhere; then nothing is said to be kept."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from storage.writer import NotWritten, Written
from support.own_loop import run
from web.keeping import all_kept


def done(error: Exception | None = None) -> Future[Written]:
    future: Future[Written] = Future()
    future.set_exception(error) if error else future.set_result(Written(spooled=True))
    return future


def test_what_is_in_neither_place_is_not_kept() -> None:
    assert run(all_kept([done(), done()]))
    assert run(all_kept([]))
    assert not run(all_kept([done(), done(NotWritten("full"))]))


def test_another_error_is_not_hidden() -> None:
    with pytest.raises(KeyError):
        run(all_kept([done(NotWritten("full")), done(KeyError("a bug"))]))
