"""What a visitor is told when something was saved."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future

from learning.classes import in_words
from storage.writer import NotWritten, Written

SAVE_TIMEOUT = 5.0  # seconds that a click waits until its label is safe


class NotSaved(RuntimeError):
    """What was to be saved is nowhere; the message says what to do."""


class TooHasty(NotSaved):
    """A label that came faster than labels are believed."""


def thanks(label: int) -> str:
    """What is said of a label, 0-9 or NOT_A_DIGIT, once it is safe."""
    return f"that was {in_words(label)}. Thank you!"


def outcome(written: Future[Written], what: str, done: str = "", missing: str = "") -> str:
    """Wait until something is safe, and say where: "Saved: what", or `done` in its place.

    Raises NotSaved, also where nothing was found to change: then it says `missing`.
    """
    return _outcome(written, SAVE_TIMEOUT, what, done, missing)


async def awaited_outcome(written: Future[Written], what: str) -> str:
    """The same for the event loop, which goes on meanwhile. Raises NotSaved."""
    (safe, _waiting) = await asyncio.wait([asyncio.wrap_future(written)], timeout=SAVE_TIMEOUT)
    for each in safe:
        each.exception()  # asyncio logs those that nobody has asked for
    return _outcome(written, 0, what)


def _outcome(written: Future[Written], timeout: float, what: str, done: str = "", missing: str = "") -> str:
    try:
        safe = written.result(timeout)
    except TimeoutError:
        return f"Taken: {what} It is being saved."
    except NotWritten as error:
        raise NotSaved("This could not be saved: try again in a moment.") from error
    if safe.outcome == "refused":
        raise TooHasty("You answer faster than this app believes: try again in a minute.")
    if safe.outcome == "unknown":
        raise NotSaved(missing or "This drawing is no longer there.")
    return f"Kept until the database is back: {what}" if safe.spooled else done or f"Saved: {what}"


def note(written: Future[Written], what: str) -> str:
    """The same, or the sentence of NotSaved."""
    try:
        return outcome(written, what)
    except NotSaved as error:
        return str(error)
