"""The files that Streamlit keeps in memory: what visitors have uploaded, for as long as their session lasts."""

from __future__ import annotations

from typing import cast

from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx


def is_here(session: str) -> bool:
    """Whether the page of a session is open."""
    return runtime.get_instance().is_active_session(session)


def sizes() -> dict[str, int]:
    """The bytes that are kept, by their sessions, of which some may have ended a short while ago."""
    storage = _files().file_storage
    return {session: sum(len(file.data) for file in list(files.values())) for session, files in list(storage.items())}


def keep_newest(session: str, count: int) -> None:
    """Drop the files of a session but the newest `count`."""
    files = _files()
    for file_id in list(files.file_storage.get(session, ()))[: -count or None]:
        files.remove_file(session, file_id)


def drop_those_left_behind() -> None:
    """Drop the files of visitors whose page is no longer open: they may still come back to it, without the picture."""
    for session in list(_files().file_storage):
        if not is_here(session):
            _files().remove_session_files(session)


def kept_file(file_id: str) -> bytes:
    """A file of the session whose script runs; nothing where it has been dropped."""
    context = get_script_run_ctx()
    found = _files().get_files(context.session_id, [file_id]) if context else []
    return found[0].data if found else b""


def _files() -> MemoryUploadedFileManager:
    return cast(MemoryUploadedFileManager, runtime.get_instance().uploaded_file_mgr)
