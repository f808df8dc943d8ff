"""What a visitor is told when something was saved."""

from __future__ import annotations

from concurrent.futures import Future

from storage.writer import NotWritten, Written

SAVE_TIMEOUT = 5.0  # seconds that a click waits until its label is safe


def outcome(written: Future[Written], what: str) -> str | None:
    """Wait until something is safe, and say where; None if it could not be kept anywhere."""
    try:
        done = written.result(SAVE_TIMEOUT)
    except TimeoutError:
        return f"Taken: {what} It is being saved."
    except NotWritten:
        return None
    return f"Kept until the database is back: {what}" if done.spooled else f"Saved: {what}"
