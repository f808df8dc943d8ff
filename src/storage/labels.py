"""Labels: the statement that writes one and decides at once whether it may train a model, and what reads them back.

A label is a digit, or NOT_A_DIGIT. One that the model finds plausible is approved. It waits in review where the model
finds it unlikely, where it conflicts with another one, or where its person labels too fast, too one-sidedly or mostly
against the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from frames.images import NotAnImage
from frames.preprocessing import from_png
from learning.classes import NOT_A_DIGIT
from storage.database import Database
from storage.statements import Statement

MIN_PROBABILITY = 0.1  # of the label, calibrated; below it the label is unlikely
MIN_DIGIT_SCORE = 0.05  # below it a drawing is hardly a digit, whichever it is said to be
HISTORY = 40  # a person's newest labels, by which the person is judged
MIN_LABELS = 20  # fewer of them are too few to judge by
UNLIKELY_RATE = 0.5  # the fraction of unlikely labels among them above which a person mostly contradicts the model
ONE_DIGIT_RATE = 0.6  # the fraction of one digit among them above which a person is one-sided


class Reason(StrEnum):
    """Why a label waits or was decided on, as `review_reason` has it; the gravest reason to wait comes first."""

    CONFLICT = "conflicts with another label"
    UNLIKELY = "the model finds it unlikely"
    CONTRADICTED = "others contradict it"
    MOSTLY_UNLIKELY = "mostly against the model"
    TOO_FAST = "labels come too fast"
    NEW_NAMES = "many new names from one address"
    ONE_SIDED = "mostly one digit"
    DECIDED_BEFORE = "decided by a person before"
    REVIEW_ALL = "every label is reviewed"
    CORROBORATED = "others corroborate it"


WAITING_REASONS = tuple(reason for reason in Reason if reason != Reason.CORROBORATED)
"""The reasons for which a label can wait."""


@dataclass(frozen=True)
class Rules:
    """What the settings say: `review_all` sends every label to review; `rate` is in labels a minute, None no limit."""

    review_all: bool = False
    rate: int | None = 30


REFUSED = "refused"
"""In place of a review: the label came too fast, and was not kept."""


class LabelRow(NamedTuple):
    """What has become of a label: how many drawings (0 or 1) were found, how its review stands, and who drew it.

    `new_name`: that visitor has no other approved label.
    """

    found: int
    review: str | None
    visitor: str | None
    new_name: bool | None


# In the table a label has two columns; everywhere else it is one number.
LABEL = f"CASE WHEN not_a_digit THEN {NOT_A_DIGIT} ELSE true_label END"
"""A row's label in SQL, 0-9 or NOT_A_DIGIT; null where it has none."""


def set_label(value: str) -> str:
    """The assignments of an UPDATE that give a row the label that `value`, an SQL expression, stands for."""
    return f"true_label = nullif({value}, {NOT_A_DIGIT}), not_a_digit = ({value} = {NOT_A_DIGIT})"


# --- Writing one ------------------------------------------------------------------------------------------------------

# The label, the decision and the trace are one statement, so that none exists without the others. A person is judged by
# their other labels; nameless callers are no person. Whoever takes a label says how fast nameless ones come from its
# address, and whether many new names do; a name is new until one of its labels is approved. A label that comes too fast
# is refused, or waits if it comes late, out of the spool, where it was acknowledged. The same picture under another
# label joins the conflict, unless an administrator has decided on it; a label that is unlikely itself starts no
# conflict, or else anybody could silence anybody. The opinion is everybody's model's, never a personal one's. "Not a
# digit" is likely where the version that read the drawing calls it none: below the threshold of its own digit score.
_LABEL = f"""
WITH read AS (
    SELECT drawing_id, {LABEL} AS label, review, reviewer, review_reason, visitor, digit_score,
           sha256(image) AS picture,
           CASE WHEN %(label)s = {NOT_A_DIGIT} THEN 1 - digit_score
                ELSE (coalesce(shared_probabilities, probabilities))[%(label)s + 1] END AS probability,
           (SELECT (metrics -> 'digit_score' ->> 'threshold')::real FROM model_versions v
            WHERE v.model = p.model AND v.version = p.model_version) AS threshold,
           (SELECT who FROM label_events e WHERE e.drawing_id = p.drawing_id ORDER BY id DESC LIMIT 1) AS said_by
    FROM predictions p
    WHERE drawing_id = %(drawing_id)s AND (%(owner)s::text IS NULL OR visitor = %(owner)s) FOR UPDATE
), before AS (
    SELECT *, CASE WHEN %(label)s = {NOT_A_DIGIT} THEN digit_score < coalesce(threshold, %(min_digit_score)s)
                   ELSE probability >= %(min_probability)s AND digit_score >= %(min_digit_score)s END AS likely
    FROM read
), others AS (
    SELECT o.drawing_id, {LABEL} AS label, o.review, o.reviewer, o.review_reason FROM predictions o, before b
    WHERE o.labelled_at IS NOT NULL AND {LABEL} <> %(label)s AND sha256(o.image) = b.picture
          AND o.drawing_id <> b.drawing_id AND b.likely
), history AS (
    SELECT count(*) AS labels, count(*) FILTER (WHERE mine.label = %(label)s) AS same,
           count(*) FILTER (WHERE mine.suspicion > 1 - %(min_probability)s) AS unlikely,
           count(*) FILTER (WHERE mine.review = 'approved') AS approved
    FROM before b CROSS JOIN LATERAL (
        SELECT {LABEL} AS label, suspicion, review FROM predictions p
        WHERE coalesce(p.visitor, '') = b.visitor AND p.labelled_at IS NOT NULL AND p.drawing_id <> b.drawing_id
        ORDER BY p.labelled_at DESC LIMIT %(history)s
    ) AS mine
), last_minute AS (
    SELECT count(*) AS labels FROM before b CROSS JOIN LATERAL (
        SELECT 1 FROM predictions p
        WHERE coalesce(p.visitor, '') = b.visitor AND p.labelled_at IS NOT NULL AND p.drawing_id <> b.drawing_id
              AND p.labelled_at > now() - interval '1 minute'
        LIMIT %(rate)s
    ) AS newest
), judged AS (
    SELECT b.*, history.*, b.visitor IS NOT NULL AND history.approved = 0 AS new_name,
           coalesce(last_minute.labels >= %(rate)s, false) OR (b.visitor IS NULL AND %(hasty)s) AS too_fast
    FROM before b, history, last_minute
), decision AS (
    SELECT b.*, too_fast AND NOT %(late)s AND label IS DISTINCT FROM %(label)s AS refused, CASE
        WHEN %(review_all)s THEN %(REVIEW_ALL)s
        WHEN b.reviewer = 'admin' THEN %(DECIDED_BEFORE)s
        WHEN b.label IS NOT NULL AND b.said_by <> %(who)s THEN %(CONFLICT)s
        WHEN EXISTS (SELECT 1 FROM others) THEN %(CONFLICT)s
        WHEN NOT b.likely THEN %(UNLIKELY)s
        WHEN b.labels >= %(min_labels)s AND b.unlikely > %(unlikely_rate)s * b.labels THEN %(MOSTLY_UNLIKELY)s
        WHEN b.too_fast THEN %(TOO_FAST)s
        WHEN b.new_name AND %(crowded)s THEN %(NEW_NAMES)s
        WHEN b.labels >= %(min_labels)s AND b.same > %(one_digit_rate)s * b.labels THEN %(ONE_SIDED)s
        ELSE '' END AS reason
    FROM judged b
), changed AS (
    UPDATE predictions p SET
        {set_label("%(label)s")},
        labelled_at = clock_timestamp(), trained_into = NULL, judged = NULL,
        review_reason = d.reason,
        review = CASE WHEN d.reason = '' THEN 'approved' ELSE 'pending' END,
        suspicion = CASE WHEN d.reason = %(CONFLICT)s THEN 1 ELSE greatest(0, 1 - d.probability) END
    FROM decision d WHERE p.drawing_id = d.drawing_id AND d.label IS DISTINCT FROM %(label)s
          AND NOT d.refused
    RETURNING p.drawing_id, p.review, d.label AS old_label, d.review AS old_review, d.reviewer, d.reason,
              d.review_reason AS old_reason
), traced AS (
    INSERT INTO label_events
        (drawing_id, who, old_label, new_label, old_review, new_review, old_reviewer, old_reason, reason)
    SELECT drawing_id, %(who)s, old_label, %(label)s, old_review, review, reviewer, old_reason, reason FROM changed
), doubted AS (
    UPDATE predictions p SET review = 'pending', review_reason = %(CONFLICT)s, suspicion = 1
    FROM others o WHERE p.drawing_id = o.drawing_id AND o.reviewer = 'trust' AND o.review IN ('approved', 'pending')
                        AND o.review_reason <> %(CONFLICT)s AND EXISTS (SELECT 1 FROM changed)
    RETURNING p.drawing_id, o.label, o.review, o.reviewer, o.review_reason
), doubts_traced AS (
    INSERT INTO label_events
        (drawing_id, who, old_label, new_label, old_review, new_review, old_reviewer, old_reason, reason)
    SELECT drawing_id, 'trust', label, label, review, 'pending', reviewer, review_reason, %(CONFLICT)s FROM doubted
)
SELECT count(*)::int, max(CASE WHEN d.refused THEN %(refused)s ELSE coalesce(c.review, d.review) END), max(d.visitor),
       bool_or(d.new_name)
FROM decision d LEFT JOIN changed c USING (drawing_id)
"""  # noqa: S608 - all of it stands here

_THRESHOLDS = {
    "min_probability": MIN_PROBABILITY,
    "min_digit_score": MIN_DIGIT_SCORE,
    "history": HISTORY,
    "min_labels": MIN_LABELS,
    "unlikely_rate": UNLIKELY_RATE,
    "one_digit_rate": ONE_DIGIT_RATE,
}


def label_statement(rules: Rules) -> Statement:
    """The statement that writes a label; an entry gives drawing_id, label, who, owner and perhaps hasty and crowded.

    It returns a LabelRow.
    """
    # LIMIT NULL is no limit, and nothing is at least NULL: without a rate nobody is too fast.
    given = {"review_all": rules.review_all, "rate": rules.rate, "refused": REFUSED}
    defaults = given | {"hasty": False, "crowded": False} | _THRESHOLDS
    return Statement(_LABEL, defaults | {reason.name: reason.value for reason in Reason}, returns=True)


# --- Reading them back ------------------------------------------------------------------------------------------------


class Counts(NamedTuple):
    """How many labels are pending, approved and unused, used for training or validation, and rejected."""

    pending: int
    unused: int
    used: int
    rejected: int


_COUNTS = """
SELECT count(*) FILTER (WHERE review = 'pending'),
       count(*) FILTER (WHERE review = 'approved' AND trained_into IS NULL AND judged IS NULL),
       count(*) FILTER (WHERE coalesce(trained_into, judged) IS NOT NULL),
       count(*) FILTER (WHERE review = 'rejected')
FROM predictions WHERE labelled_at IS NOT NULL
"""


def counts(database: Database) -> Counts:
    """How many labels stand where. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(_COUNTS)
        return Counts(*(cursor.fetchone() or (0, 0, 0, 0)))


@dataclass(frozen=True)
class Label:
    """A label, 0-9 or NOT_A_DIGIT, that may train a model, or may come to. `frame` is (28, 28) uint8.

    `person` is "" for callers without a name; `used` if it has trained or judged a version before.
    """

    drawing_id: UUID
    label: int
    person: str
    frame: NDArray[np.uint8]
    review: str
    reviewer: str
    reason: str
    used: bool
    held_out: bool


TRAINING_QUOTA, HELD_OUT_QUOTA = 400, 60  # a person's labels that can train, and that can judge, at most
NAMELESS_QUOTA = 10  # times as many of callers without a name, who may be many
IMPORTS_QUOTA = 5  # times as many of all imported data sets together: people's own labels keep most of the room

# A picture with the same label counts once, by its use if it was used, or else by its best review: sending it again
# makes nothing new. More labels than a person's quota take nobody else's place, nor do pending ones an approved one's.
_CANDIDATES = f"""
WITH distinct_labels AS (
    SELECT DISTINCT ON (sha256(image), true_label, not_a_digit)
           drawing_id, {LABEL} AS label, coalesce(visitor, '') AS person, image, review, reviewer, review_reason,
           coalesce(trained_into, judged) IS NOT NULL AS used, held_out, labelled_at,
           CASE WHEN source = 'import' THEN 'imports' ELSE coalesce(visitor, '') END AS payer
    FROM predictions WHERE review IN ('approved', 'pending')
    ORDER BY sha256(image), true_label, not_a_digit, coalesce(trained_into, judged) IS NULL, review, id
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY payer, held_out, used ORDER BY review, labelled_at DESC) AS place,
           CASE WHEN held_out THEN %(held_out_quota)s ELSE %(training_quota)s END
           * CASE payer WHEN '' THEN %(nameless_quota)s WHEN 'imports' THEN %(imports_quota)s ELSE 1 END AS quota
    FROM distinct_labels
)
SELECT drawing_id, label, person, image, review, reviewer, review_reason, used, held_out FROM ranked
WHERE place <= quota ORDER BY review, used, labelled_at DESC LIMIT %(limit)s
"""  # noqa: S608 - as above


def candidates(database: Database, limit: int) -> list[Label]:
    """Labels that may train or judge: approved before pending, unused before used, the newest first, within quotas.

    Raises DatabaseAway.
    """
    quotas = {
        "training_quota": TRAINING_QUOTA,
        "held_out_quota": HELD_OUT_QUOTA,
        "nameless_quota": NAMELESS_QUOTA,
        "imports_quota": IMPORTS_QUOTA,
        "limit": limit,
    }
    with database.transaction() as cursor:
        cursor.execute(_CANDIDATES, quotas)
        rows = cursor.fetchall()
    found = []
    for drawing_id, label, person, image, *rest in rows:
        with suppress(NotAnImage):  # a damaged picture must not keep the others from training
            found.append(Label(drawing_id, label, person, from_png(image), *rest))
    return found


_DECIDE = f"""
WITH decision AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(labels)s::smallint[]) AS d (drawing_id, label)
), before AS (
    SELECT p.drawing_id, d.label, p.review, p.reviewer, p.review_reason FROM predictions p JOIN decision d
    ON p.drawing_id = d.drawing_id AND {LABEL} = d.label
    WHERE p.reviewer = 'trust' AND p.review IN ('approved', 'pending')
          AND (p.review, p.review_reason) <> (%(review)s, %(reason)s)
    ORDER BY p.id FOR UPDATE OF p
), changed AS (
    UPDATE predictions p SET review = %(review)s, review_reason = %(reason)s FROM before b
    WHERE p.drawing_id = b.drawing_id RETURNING p.drawing_id
)
INSERT INTO label_events
    (drawing_id, who, old_label, new_label, old_review, new_review, old_reviewer, old_reason, reason)
SELECT drawing_id, 'trust', label, label, review, %(review)s, reviewer, review_reason, %(reason)s
FROM before JOIN changed USING (drawing_id)
"""  # noqa: S608 - as above


def decide(database: Database, decided: Sequence[tuple[UUID, int]], review: str, reason: Reason) -> None:
    """Give drawings, each with the label that was looked at, a review and its reason. Raises DatabaseAway.

    A label that has changed since, or that an administrator has decided on, stays as it is.
    """
    with database.transaction() as cursor:
        ids, labels = [drawing_id for drawing_id, _ in decided], [label for _, label in decided]
        cursor.execute(_DECIDE, {"ids": ids, "labels": labels, "review": review, "reason": reason.value})


class Approved(NamedTuple):
    """A drawing whose digit (0-9) may train a model. `unseen`: no version of any model was trained on it."""

    image: bytes
    label: int
    unseen: bool


_NEWEST_APPROVED = """
SELECT image, true_label, trained_into IS NULL FROM predictions
WHERE review = 'approved' AND NOT not_a_digit ORDER BY labelled_at DESC, id DESC LIMIT %s
"""


def newest_approved(database: Database, limit: int) -> list[Approved]:
    """The drawings whose digits were approved and given last, the newest first. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(_NEWEST_APPROVED, (limit,))
        return [Approved(*row) for row in cursor.fetchall()]


def images(database: Database, drawing_ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """The pictures of drawings, as PNGs; deleted ones are left out. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT drawing_id, image FROM predictions WHERE drawing_id = ANY(%s::uuid[])", (list(drawing_ids),)
        )
        return dict(cursor.fetchall())
