"""What axe finds on a page: WCAG 2 A and AA, and the order of its headings."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
HEADINGS = {"runOnly": {"type": "rule", "values": ["heading-order", "page-has-heading-one", "empty-heading"]}}


def violations(page: Page) -> list[str]:
    """A line for each element that breaks a rule."""
    width = (page.viewport_size or {"width": 0})["width"]
    results = [Axe().run(page, options=options).response["violations"] for options in (RULES, HEADINGS)]
    return [
        f"{width}: {rule['id']}: {node['target']} {node['html'][:120]} {node['failureSummary']}"
        for each in results
        for rule in each
        for node in rule["nodes"]
    ]
