"""What a visitor is told: saved, kept for later, still on its way, or nowhere."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from storage.writer import NotWritten, Written
from support.own_loop import run
from web import saving
from web.saving import NotSaved, TooHasty, awaited_outcome, note, outcome, thanks


def done(result: Written | Exception) -> Future[Written]:
    future: Future[Written] = Future()
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
    return future


def test_it_says_where_something_is_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    assert outcome(done(Written(spooled=False)), "a 7.") == "Saved: a 7."
    assert outcome(done(Written(spooled=True)), "a 7.") == "Kept until the database is back: a 7."
    assert outcome(done(Written(spooled=False)), "the drawing is deleted.", "Deleted.") == "Deleted."
    waits = outcome(done(Written(spooled=True)), "the drawing is deleted.", "Deleted.")
    assert waits == "Kept until the database is back: the drawing is deleted."
    with pytest.raises(NotSaved, match="It stays"):
        outcome(done(Written(spooled=False, row=(0,))), "a 7.", missing="It stays.")
    for nowhere, advice in (
        (NotWritten("The database does not accept this entry."), "in a moment"),
        (Written(spooled=False, row=(1, "refused", "me", True)), "in a minute"),
        (Written(spooled=False, row=(0, None, None, None)), "no longer there"),
    ):
        with pytest.raises(NotSaved, match=advice):
            outcome(done(nowhere), "a 7.")
        assert advice in note(done(nowhere), "a 7.")
    monkeypatch.setattr(saving, "SAVE_TIMEOUT", 0.01)
    assert outcome(Future(), "a 7.") == "Taken: a 7. It is being saved."


def test_the_event_loop_gets_the_same_without_being_held_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(awaited_outcome(done(Written(spooled=False)), thanks(7))) == "Saved: that was a 7. Thank you!"
    with pytest.raises(NotSaved, match="in a moment"):
        run(awaited_outcome(done(NotWritten("The database does not accept this entry.")), "a 7."))
    with pytest.raises(TooHasty):
        run(awaited_outcome(done(Written(spooled=False, row=(1, "refused", "me", True))), "a 7."))
    monkeypatch.setattr(saving, "SAVE_TIMEOUT", 0.01)
    assert run(awaited_outcome(Future(), "a 7.")) == "Taken: a 7. It is being saved."
