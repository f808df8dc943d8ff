"""What PostgreSQL has done for a page of the history: which indexes it used, and how much it read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from storage.database import Database
from storage.history import PLANNING


@dataclass(frozen=True)
class Done:
    """The indexes that were used, the tables that were read whole, and how many rows and 8 kB blocks were read."""

    indexes: set[str]
    scanned: set[str]
    rows: int
    blocks: int


def explain(database: Database, statement: str, given: dict[str, Any]) -> Done:
    """Run a page's statement and tell what was done."""
    with database.transaction() as cursor:
        cursor.execute(PLANNING)
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) " + statement, given)
        (([told],),) = cursor.fetchall()
    nodes = list(_nodes(told["Plan"]))
    reads = [node for node in nodes if "Relation Name" in node]
    return Done(
        {node["Index Name"] for node in nodes if "Index Name" in node},
        {node["Relation Name"] for node in reads if node["Node Type"] == "Seq Scan"},
        sum(node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) for node in reads),
        told["Plan"]["Shared Hit Blocks"] + told["Plan"]["Shared Read Blocks"],
    )


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)
