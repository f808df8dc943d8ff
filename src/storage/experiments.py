"""Every training that there was: those on labels, those from scratch, and those that made no version."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from learning.card import CardError, ModelCard
from storage.database import Database
from storage.trainings import RUNNING


@dataclass(frozen=True)
class Experiment:
    """A training, and what became of it."""

    key: str
    """Names it among all others, for good."""
    model: str
    version: int | None
    who: str
    """command, admin or auto; empty where nobody has noted it."""
    started_at: datetime
    seconds: float | None
    """How long it took; None while it runs."""
    stage: str
    """How it ended, as in `retrainings`; `running`; or `trained` from scratch."""
    status: str | None
    """That of its version."""
    message: str
    card: ModelCard | None
    """None where it ended early, or its card is damaged."""


# A version without a row in retrainings came with the app, or was made by a release that kept none.
_EXPERIMENTS = f"""
SELECT 'training ' || r.id, r.model, r.version, r.who, r.started_at,
       extract(epoch FROM r.finished_at - r.started_at)::float8,
       CASE WHEN r.finished_at IS NOT NULL THEN r.stage WHEN {RUNNING} THEN 'running' ELSE 'interrupted' END,
       v.status, r.message, coalesce(v.metrics, r.card)::text
FROM retrainings r LEFT JOIN model_versions v ON v.model = r.model AND v.version = r.version
WHERE r.stage <> 'refused'
UNION ALL
SELECT 'version ' || v.model || ' ' || v.version, v.model, v.version,
       CASE WHEN v.parent IS NULL THEN 'command' ELSE '' END, v.created_at, NULL,
       CASE WHEN v.parent IS NULL THEN 'trained' WHEN v.status = 'rejected' THEN 'rejected' ELSE 'promoted' END,
       v.status, v.reason, v.metrics::text
FROM model_versions v
WHERE NOT EXISTS (SELECT 1 FROM retrainings r WHERE r.model = v.model AND r.version = v.version)
ORDER BY 5 DESC LIMIT %s
"""  # noqa: S608 - a constant of ours


def experiments(database: Database, limit: int = 200) -> list[Experiment]:
    """The newest trainings, the newest first, without those that were refused for too few labels.

    Raises DatabaseAway.
    """
    with database.transaction() as cursor:
        cursor.execute(_EXPERIMENTS, (limit,))
        found = [_experiment(*row) for row in cursor.fetchall()]
    return sorted(found, key=lambda each: each.started_at, reverse=True)


def _experiment(
    key: str,
    model: str,
    version: int | None,
    who: str,
    started_at: datetime,
    seconds: float | None,
    stage: str,
    status: str | None,
    message: str,
    metrics: str | None,
) -> Experiment:
    card = None
    with suppress(CardError):
        card = ModelCard.from_text(metrics or "")
    if card:
        seconds = card.wall_seconds
        if stage == "trained" and card.trained_at.tzinfo:  # its version was stored later, when the app started
            started_at = card.trained_at - timedelta(seconds=seconds)
    return Experiment(key, model, version, who, started_at, seconds, stage, status, message, card)
