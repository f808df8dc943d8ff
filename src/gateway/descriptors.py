"""File descriptors, of which a process may have only so many: each connection takes one, each visitor's page four."""

from __future__ import annotations

import resource
from contextlib import suppress

MOST = 65_536  # enough for all that the limits here let in; with millions, starting a process takes long
OWN = 256  # for what is no visitor's: the database's connections, the spool, files, pipes to other processes
OF_A_PAGE = 4  # its websocket, and the event loop that Streamlit gives its script


def raise_limit() -> None:
    """Let this process open as many files as the system allows it, at most MOST; systems begin at 1,024 or even 256."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(MOST, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # macOS says infinite, and refuses more than it has in mind
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def for_visitors() -> int:
    """How many descriptors there are for visitors."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(OWN, (MOST if soft == resource.RLIM_INFINITY else min(MOST, soft)) - OWN)
