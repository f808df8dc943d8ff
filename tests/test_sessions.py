"""Open pages, as browsers open them, a few of them: each stroke is answered, and nothing else holds up the app.

Covers what app.py and .streamlit/config.toml say of garbage collection; hundreds of pages are in full/test_sessions.py.
"""

from __future__ import annotations

import re

from support.own_loop import run
from support.running_app import RunningApp
from support.visits import come_and_go, draw_together


def whole_collections(app: RunningApp) -> int:
    """How often the app has looked at all of its objects."""
    found = re.search(r'^python_gc_collections_total\{generation="2"\} ([\d.e+]+)$', app.text("/metrics"), re.M)
    assert found is not None
    return int(float(found[1]))


def test_tabs_draw_at_once_and_each_stroke_is_answered(app: RunningApp) -> None:
    visits = run(draw_together(app.url, tabs=6, seconds=3, every=0.75))
    assert visits.failed == []
    assert len(visits.timings.answers) == 6 * 4
    assert visits.labelled == 6 * 2


def test_a_run_of_a_page_is_not_followed_by_a_collection_of_all_garbage(app: RunningApp) -> None:
    """Each took longer than the run itself, and held up everybody: 40 people who drew waited for a minute."""
    before = whole_collections(app)
    visits = run(come_and_go(app.url, people=10, at_once=2))
    assert visits.failed == []
    assert whole_collections(app) - before < 10, "each of them had the page run twice at least"
