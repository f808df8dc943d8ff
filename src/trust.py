"""Which labels may teach: decided at once by what is known, later by what others say, and by people where both doubt.

At once, in the statement that writes a label: one that the model finds plausible is approved. It waits in review where
the model finds it unlikely, where it conflicts with another one, or where its person labels too fast, too one-sidedly
or mostly against the model. Before a training, corroborate() looks at all labels anew, each against those of other
people and against trusted digits, by likeness alone: no model that could have been taught wrongly has a say in it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from database import Database

Floats = NDArray[np.float32]

PLAUSIBLE = 0.1  # the calibrated probability from which a label is no surprise
SOMETHING = 0.05  # the digit score below which a drawing is hardly a digit
HABIT = 40  # a person's newest labels, by which the person is judged
FEW = 20  # labels by which nobody is judged yet
ONE_SIDED = 0.6  # the share of one digit among them from which a person is one-sided
OFTEN = 0.5  # the share of unlikely labels among them from which a person mostly contradicts

# The reasons, as they stand in review_reason.
ALL, DECIDED, CONFLICT = "every label is reviewed", "decided by a person before", "conflicts with another label"
FAST, SIDED, CONTRARY = "labels come too fast", "mostly one digit", "mostly against the model"
UNLIKELY, CONTRADICTED, CORROBORATED = "the model finds it unlikely", "others contradict it", "others corroborate it"
REASONS = (CONFLICT, UNLIKELY, CONTRADICTED, CONTRARY, FAST, SIDED, DECIDED, ALL)
"""Why a label can wait, the gravest reason first."""

RELEASED = ("", FAST, SIDED, CONTRARY, UNLIKELY, CONTRADICTED)
"""What others can clear up; the other reasons only an administrator can."""


@dataclass(frozen=True)
class Rules:
    """What the settings say: `review_all` sends every label to review; `rate` is in labels a minute, None no limit."""

    review_all: bool = False
    rate: int | None = 30


# --- At once ----------------------------------------------------------------------------------------------------------

# The label, its verdict and its trace are one statement, so that none can be without the others. The same picture under
# another label is drawn into the conflict, unless a person has decided on it; by a label that is unlikely itself it is
# not, or else anybody could silence anybody.
_LABEL = """
WITH before AS (
    SELECT drawing_id, true_label, review, reviewer, review_reason, visitor, sha256(image) AS picture, digit_score,
           probabilities[%(label)s + 1] AS likely,
           (SELECT who FROM label_events e WHERE e.drawing_id = p.drawing_id ORDER BY id DESC LIMIT 1) AS said_by
    FROM predictions p
    WHERE drawing_id = %(drawing_id)s AND (%(owner)s::text IS NULL OR visitor = %(owner)s) FOR UPDATE
), others AS (
    SELECT o.drawing_id, o.true_label, o.review, o.reviewer, o.review_reason FROM predictions o, before b
    WHERE o.true_label <> %(label)s AND sha256(o.image) = b.picture AND o.drawing_id <> b.drawing_id
          AND b.likely >= {PLAUSIBLE}
), habit AS (
    SELECT count(*) AS labels, count(*) FILTER (WHERE mine.true_label = %(label)s) AS same,
           count(*) FILTER (WHERE mine.suspicion > 1 - {PLAUSIBLE}) AS unlikely
    FROM before b CROSS JOIN LATERAL (
        SELECT true_label, suspicion FROM predictions p
        WHERE coalesce(p.visitor, '') = coalesce(b.visitor, '') AND p.true_label IS NOT NULL
              AND p.drawing_id <> b.drawing_id
        ORDER BY p.labelled_at DESC LIMIT {HABIT}
    ) AS mine
), haste AS (
    SELECT count(*) AS labels FROM before b CROSS JOIN LATERAL (
        SELECT 1 FROM predictions p
        WHERE coalesce(p.visitor, '') = coalesce(b.visitor, '') AND p.true_label IS NOT NULL
              AND p.drawing_id <> b.drawing_id AND p.labelled_at > now() - interval '1 minute'
        LIMIT {rate}
    ) AS newest
), verdict AS (
    SELECT b.*, CASE
        WHEN {review_all} THEN '{ALL}'
        WHEN b.reviewer = 'admin' THEN '{DECIDED}'
        WHEN b.true_label IS NOT NULL AND b.said_by <> %(who)s THEN '{CONFLICT}'
        WHEN EXISTS (SELECT 1 FROM others) THEN '{CONFLICT}'
        WHEN b.likely < {PLAUSIBLE} OR b.digit_score < {SOMETHING} THEN '{UNLIKELY}'
        WHEN habit.labels >= {FEW} AND habit.unlikely > {OFTEN} * habit.labels THEN '{CONTRARY}'
        WHEN {limited} AND haste.labels >= {rate} THEN '{FAST}'
        WHEN habit.labels >= {FEW} AND habit.same > {ONE_SIDED} * habit.labels THEN '{SIDED}'
        ELSE '' END AS reason
    FROM before b, habit, haste
), changed AS (
    UPDATE predictions p SET
        true_label = %(label)s, labelled_at = now(), trained_into = NULL, judged = NULL, review_reason = v.reason,
        review = CASE WHEN v.reason = '' THEN 'approved' ELSE 'pending' END,
        suspicion = CASE WHEN v.reason = '{CONFLICT}' THEN 1 ELSE greatest(0, 1 - v.likely) END
    FROM verdict v WHERE p.drawing_id = v.drawing_id AND v.true_label IS DISTINCT FROM %(label)s
    RETURNING p.drawing_id, p.review, v.true_label AS old_label, v.review AS old_review, v.reviewer, v.reason,
              v.review_reason AS old_reason
), traced AS (
    INSERT INTO label_events
        (drawing_id, who, old_label, new_label, old_review, new_review, old_reviewer, old_reason, reason)
    SELECT drawing_id, %(who)s, old_label, %(label)s, old_review, review, reviewer, old_reason, reason FROM changed
), doubted AS (
    UPDATE predictions p SET review = 'pending', review_reason = '{CONFLICT}', suspicion = 1
    FROM others o WHERE p.drawing_id = o.drawing_id AND o.reviewer = 'trust' AND o.review IN ('approved', 'pending')
                        AND o.review_reason <> '{CONFLICT}' AND EXISTS (SELECT 1 FROM changed)
    RETURNING p.drawing_id, o.true_label, o.review, o.reviewer, o.review_reason
), doubts_traced AS (
    INSERT INTO label_events
        (drawing_id, who, old_label, new_label, old_review, new_review, old_reviewer, old_reason, reason)
    SELECT drawing_id, 'trust', true_label, true_label, review, 'pending', reviewer, review_reason, '{CONFLICT}'
    FROM doubted
)
SELECT count(*)::int, max(coalesce(c.review, b.review)) FROM before b LEFT JOIN changed c USING (drawing_id)
"""


def label_statement(rules: Rules) -> str:
    """The SQL that writes a label; parameters drawing_id, label, who, owner.

    It returns how many drawings (0 or 1) were found, and the review's verdict on the label.
    """
    names = {name: value for name, value in globals().items() if name.isupper()}
    return _LABEL.format(
        **names, rate=rules.rate or 1, limited=rules.rate is not None, review_all=str(rules.review_all)
    )


# --- Before a training: by likeness to other people's labels ----------------------------------------------------------


@dataclass(frozen=True)
class Label:
    """A label that may teach, or may come to. `person` is "" for callers without a name; `trained` if it has taught."""

    drawing_id: UUID
    label: int
    person: str
    frame: NDArray[np.uint8]
    review: str
    reviewer: str
    reason: str
    trained: bool
    held_out: bool


class Screening(NamedTuple):
    """What corroborate() decided: labels that may teach, those it drops, and how many of the first it released."""

    approved: list[Label]
    dropped: list[dict[str, Any]]
    released: int


_LABELS = """
SELECT drawing_id, true_label, coalesce(visitor, ''), image, review, reviewer, review_reason,
       coalesce(trained_into, judged) IS NOT NULL, held_out
FROM predictions WHERE review IN ('approved', 'pending')
ORDER BY coalesce(trained_into, judged) IS NOT NULL, labelled_at DESC LIMIT %s
"""
MOST = 6_000  # labels that are looked at: the new ones first, then the newest of those that have taught before


def labels(database: Database, limit: int = MOST) -> list[Label]:
    """The labels that are approved or wait for review, the new ones first. A picture sent twice counts once.

    Raises DatabaseAway.
    """
    with database.transaction() as cursor:
        cursor.execute(_LABELS, (limit,))
        rows = cursor.fetchall()
    seen: set[tuple[bytes, int]] = set()
    found = []
    for drawing_id, label, person, image, *rest in rows:
        frame = _frame(image)
        if frame is not None and (image, label) not in seen:
            seen.add((image, label))
            found.append(Label(drawing_id, label, person, frame, *rest))
    return found


def _frame(image: bytes) -> NDArray[np.uint8] | None:
    """A kept picture as (28, 28) pixels, or None: one that is damaged must not keep the others from teaching."""
    try:
        pixels = np.array(Image.open(io.BytesIO(image)).convert("L"))
    except (OSError, ValueError):
        return None
    return pixels if pixels.shape == (28, 28) else None


def corroborate(found: Sequence[Label], frames: NDArray[np.uint8], digits: NDArray[np.int64]) -> Screening:
    """Decide on labels by leaving each person out and asking all others, and trusted digits, what the drawing is.

    `frames`, M x 28 x 28, and `digits`, M, are the trusted digits. These and the approved labels decide. Only where a
    drawing is like none of them can labels that wait corroborate each other; outvote them they cannot, however many
    they are, since names cost nothing. Nothing is written: see write().
    """
    if not found:
        return Screening([], [], 0)
    evidence = _Evidence(found, likeness_features(frames), digits)
    evidence.silence(evidence.lead(NO_WEIGHT)[0] < -DOUBT)
    sure, looks = evidence.lead(NO_WEIGHT)
    together, _ = evidence.lead(PENDING_WEIGHT)
    new = evidence.nearest() < FAR
    approved, dropped, released = [], [], 0
    for n, each in enumerate(found):
        open_to_all = each.reviewer == "trust" and each.reason in RELEASED
        corroborated = together[n] > AGREEMENT and (new[n] or sure[n] > -DOUBT)
        if open_to_all and sure[n] < -CONTRADICTION and not (corroborated and new[n]):
            dropped.append({"id": str(each.drawing_id), "label": each.label, "looks_like": int(looks[n])})
        elif each.review == "approved" or (open_to_all and corroborated):
            approved.append(each)
            released += each.review == "pending"
    return Screening(approved, dropped, released)


class _Evidence:
    """What others and the trusted digits say of labels, each label's own person left out."""

    def __init__(self, found: Sequence[Label], trusted_features: Floats, trusted: NDArray[np.int64]) -> None:
        self._features = likeness_features(np.stack([each.frame for each in found]))
        self._labels, self._people = np.array([each.label for each in found]), [each.person for each in found]
        self._waits = np.array([each.review == "pending" for each in found])
        self._silent = np.zeros(len(found), bool)
        self._trusted_features, self._trusted = trusted_features, trusted

    def silence(self, which: NDArray[np.bool_]) -> None:
        """Hear those labels (N, bool) no more as witnesses for others: wrong ones would vouch for each other."""
        self._silent = which & ~self._waits

    def lead(self, weight: float) -> tuple[Floats, NDArray[np.int64]]:
        """By how much each label leads (-1 to 1), and the digit that the drawing looks like.

        `weight` is that of a label that waits, as a witness for others; an approved label's is 1.
        """
        weights = np.where(self._silent, NO_WEIGHT, np.where(self._waits, weight, 1)).astype(np.float32)
        says = cross_validate(
            self._features, self._labels, self._people, weights, self._trusted_features, self._trusted
        )
        looks, rows = says.argmax(1), np.arange(len(says))
        for_it = says[rows, self._labels]
        says[rows, self._labels] = -np.inf
        return for_it - says.max(1), looks

    def nearest(self) -> Floats:
        """How like (0-1) each drawing is to the trusted digit, or to another person's approved label, nearest to it."""
        alike = (self._features @ self._trusted_features.T).max(1)
        among = self._features @ self._features.T
        people = np.array(self._people)
        among[(people[:, None] == people) | self._waits] = 0
        nearest: Floats = np.maximum(alike, among.max(1))
        return nearest


NO_WEIGHT = 1e-6  # of a label that is not to be heard as a witness for others
PENDING_WEIGHT = 0.05  # of one that waits: some ten of them, from other people, corroborate another one
AGREEMENT = 0.2  # the lead of a label over every other digit from which it is corroborated
DOUBT = 0.1  # the lead of another digit, among the trusted alone, up to which they are not against it
CONTRADICTION = 0.3  # and from which they contradict it
FAR = 0.86  # the likeness to the nearest trusted one under which they know nothing of it: one honest digit in a hundred
SHARPNESS = 2.0  # of the kernel: how soon a drawing is no longer like another
RIDGE = 0.05


def cross_validate(
    features: Floats,
    labels: NDArray[np.int64],
    people: Sequence[str],
    weights: Floats,
    trusted_features: Floats,
    trusted: NDArray[np.int64],
) -> Floats:
    """What all others and the trusted digits say of each of N drawings, N x 10: about 1 for its digit, 0 for the rest.

    Kernel ridge regression on one-hot labels, a label's own person left out, exactly and without training again: with
    C the inverse of the regularised kernel, the residuals of a left-out group are inverse(C of the group) times its
    coefficients (the block form of leave-one-out; Pahikkala et al. 2006).
    """
    everything = np.concatenate([features, trusted_features])
    targets = np.eye(10, dtype=np.float32)[np.concatenate([labels, trusted])]
    ridge = RIDGE / np.concatenate([weights, np.ones(len(trusted), np.float32)])
    kernel = np.exp(-SHARPNESS * (2 - 2 * everything @ everything.T))
    inverse = np.linalg.inv(kernel + np.diag(ridge).astype(np.float32))
    coefficients = inverse @ targets
    says = np.empty((len(labels), 10), np.float32)
    names = np.array(people)
    for person in sorted(set(people)):
        mine = np.flatnonzero(names == person)
        says[mine] = targets[mine] - np.linalg.solve(inverse[np.ix_(mine, mine)], coefficients[mine])
    return says


DIRECTIONS, CELLS = 8, 7


def likeness_features(frames: NDArray[np.uint8]) -> Floats:
    """Unit vectors, N x 392, of frames N x 28 x 28, whose products say how alike two drawings are.

    How strongly the ink's edges run in each of 8 directions, in 7 x 7 overlapping cells (after Dalal and Triggs 2005).
    """
    return np.concatenate([_edges(part) for part in np.array_split(frames, max(1, len(frames) // 500))])


def _edges(frames: NDArray[np.uint8]) -> Floats:
    ink = np.pad(frames.astype(np.float32) / 255, ((0, 0), (1, 1), (1, 1)))
    across, down = ink[:, 1:-1, 2:] - ink[:, 1:-1, :-2], ink[:, 2:, 1:-1] - ink[:, :-2, 1:-1]
    strength = np.hypot(across, down)
    direction = (np.arctan2(down, across) % (2 * np.pi)) * (DIRECTIONS / (2 * np.pi))
    # Each edge counts for the two directions nearest to it, and each pixel for the cells around it.
    apart = np.abs(direction[:, None] - np.arange(DIRECTIONS, dtype=np.float32)[:, None, None])
    parts = strength[:, None] * np.clip(1 - np.minimum(apart, DIRECTIONS - apart), 0, 1)
    middles = np.arange(CELLS) * 4 + 2
    cells = np.clip(1 - np.abs(np.arange(28)[:, None] + 0.5 - middles) / 4, 0, 1).astype(np.float32)
    sums = np.sqrt(cells.T @ parts @ cells).reshape(len(frames), -1)
    unit: Floats = sums / (np.linalg.norm(sums, axis=1, keepdims=True) + 1e-6)
    return unit


_DECIDE = """
WITH verdict AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(labels)s::smallint[]) AS v (drawing_id, label)
), before AS (
    SELECT p.drawing_id, p.true_label, p.review, p.reviewer, p.review_reason FROM predictions p JOIN verdict v
    ON p.drawing_id = v.drawing_id AND p.true_label = v.label
    WHERE p.reviewer = 'trust' AND p.review IN ('approved', 'pending')
          AND (p.review, p.review_reason) <> (%(review)s, %(reason)s)
    ORDER BY p.id FOR UPDATE OF p
), changed AS (
    UPDATE predictions p SET review = %(review)s, review_reason = %(reason)s FROM before b
    WHERE p.drawing_id = b.drawing_id RETURNING p.drawing_id
)
INSERT INTO label_events
    (drawing_id, who, old_label, new_label, old_review, new_review, old_reviewer, old_reason, reason)
SELECT drawing_id, 'trust', true_label, true_label, review, %(review)s, reviewer, review_reason, %(reason)s
FROM before JOIN changed USING (drawing_id)
"""


def write(database: Database, screening: Screening) -> None:
    """Keep what was decided: released labels are approved, dropped ones wait for review. Raises DatabaseAway.

    A label that has changed since it was looked at, or that a person has decided on, stays as it is.
    """
    released = [(each.drawing_id, each.label) for each in screening.approved if each.review == "pending"]
    dropped = [(UUID(each["id"]), each["label"]) for each in screening.dropped]
    with database.transaction() as cursor:
        for some, review, reason in ((released, "approved", CORROBORATED), (dropped, "pending", CONTRADICTED)):
            ids, labels = [each[0] for each in some], [each[1] for each in some]
            cursor.execute(_DECIDE, {"ids": ids, "labels": labels, "review": review, "reason": reason})


# --- The review by people ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filters:
    """Which labels the review shows; None is any."""

    review: str = "pending"
    reason: str | None = None
    label: int | None = None
    predicted_digit: int | None = None
    source: str | None = None
    person: str | None = None


@dataclass(frozen=True)
class Waiting:
    """A label in review. `suspicion` (0-1): how much speaks against it; `person`: who drew, "" where unknown."""

    drawing_id: UUID
    created_at: datetime
    labelled_at: datetime
    predicted_digit: int
    confidence: float
    true_label: int
    review: str
    reason: str
    reviewer: str
    suspicion: float
    source: str
    person: str
    model: str
    model_version: int
    image: bytes


_MATCHING = """
WHERE true_label IS NOT NULL AND review = %(review)s AND (%(reason)s::text IS NULL OR review_reason = %(reason)s)
      AND (%(label)s::int IS NULL OR true_label = %(label)s)
      AND (%(predicted_digit)s::int IS NULL OR predicted_digit = %(predicted_digit)s)
      AND (%(source)s::text IS NULL OR source = %(source)s)
      AND (%(person)s::text IS NULL OR coalesce(visitor, '') = %(person)s)
"""
_QUEUE = f"""
SELECT drawing_id, created_at, labelled_at, predicted_digit, confidence, true_label, review, review_reason, reviewer,
       suspicion, source, coalesce(visitor, ''), model, model_version, image
FROM predictions {_MATCHING} ORDER BY suspicion DESC, id LIMIT %(limit)s OFFSET %(offset)s
"""  # noqa: S608 - all of it stands above


def queue(database: Database, filters: Filters = Filters(), limit: int = 60, offset: int = 0) -> list[Waiting]:
    """A page of the labels in review, the most suspicious first. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(_QUEUE, vars(filters) | {"limit": limit, "offset": offset})
        return [Waiting(*row) for row in cursor.fetchall()]


def queue_length(database: Database, filters: Filters = Filters()) -> int:
    """How many labels queue() would go through in all. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(f"SELECT count(*)::int FROM predictions {_MATCHING}", vars(filters))  # noqa: S608
        (count,) = cursor.fetchone() or (0,)
    return int(count)


class Counts(NamedTuple):
    """How many labels wait for review, may teach and have not yet, have taught or judged, and were refused."""

    pending: int
    fresh: int
    used: int
    rejected: int


_COUNTS = """
SELECT count(*) FILTER (WHERE review = 'pending'),
       count(*) FILTER (WHERE review = 'approved' AND trained_into IS NULL AND judged IS NULL),
       count(*) FILTER (WHERE coalesce(trained_into, judged) IS NOT NULL),
       count(*) FILTER (WHERE review = 'rejected')
FROM predictions WHERE true_label IS NOT NULL
"""


def counts(database: Database) -> Counts:
    """How many labels stand where. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(_COUNTS)
        return Counts(*(cursor.fetchone() or (0, 0, 0, 0)))


# Every decision of a person, on one drawing or on many, is one statement and one action, which can be undone.
_REVIEW = """
WITH before AS (
    SELECT drawing_id, true_label, review, reviewer, review_reason FROM predictions
    WHERE drawing_id = ANY(%(ids)s::uuid[]) AND true_label IS NOT NULL ORDER BY id FOR UPDATE
), changed AS (
    UPDATE predictions p SET
        review = %(review)s, reviewer = 'admin', review_reason = '', true_label = coalesce(%(label)s, p.true_label),
        trained_into = CASE WHEN coalesce(%(label)s, p.true_label) = p.true_label THEN p.trained_into END,
        judged = CASE WHEN coalesce(%(label)s, p.true_label) = p.true_label THEN p.judged END
    FROM before b WHERE p.drawing_id = b.drawing_id RETURNING p.drawing_id, p.true_label AS new_label
)
INSERT INTO label_events
    (drawing_id, who, old_label, new_label, old_review, new_review, old_reviewer, old_reason, reason, action)
SELECT drawing_id, 'admin', true_label, new_label, review, %(review)s, reviewer, review_reason, '', %(action)s
FROM before JOIN changed USING (drawing_id)
"""

_UNDO = """
WITH done AS (
    SELECT DISTINCT ON (drawing_id) * FROM label_events WHERE action = %(action)s ORDER BY drawing_id, id
), changed AS (
    UPDATE predictions p SET
        review = d.old_review, reviewer = d.old_reviewer, review_reason = d.old_reason, true_label = d.old_label
    FROM done d WHERE p.drawing_id = d.drawing_id AND p.review = d.new_review AND p.true_label = d.new_label
                      AND p.reviewer = 'admin'
    RETURNING p.drawing_id
), traced AS (
    INSERT INTO label_events
        (drawing_id, who, old_label, new_label, old_review, new_review, old_reviewer, old_reason, reason)
    SELECT drawing_id, 'admin', new_label, old_label, new_review, old_review, 'admin', '', 'undone'
    FROM done JOIN changed USING (drawing_id)
)
SELECT count(*)::int FROM changed
"""


def approve(database: Database, drawing_ids: Sequence[UUID]) -> UUID:
    """Let labels teach, whatever the app thinks of them; the action's name, for undo(). Raises DatabaseAway."""
    return _review(database, drawing_ids, "approved", None)


def reject(database: Database, drawing_ids: Sequence[UUID]) -> UUID:
    """Let labels never teach; the action's name, for undo(). Raises DatabaseAway."""
    return _review(database, drawing_ids, "rejected", None)


def relabel(database: Database, drawing_ids: Sequence[UUID], label: int) -> UUID:
    """Give drawings another label (0-9), and let it teach; the action's name, for undo(). Raises DatabaseAway."""
    return _review(database, drawing_ids, "approved", label)


def _review(database: Database, drawing_ids: Sequence[UUID], review: str, label: int | None) -> UUID:
    action = uuid4()
    with database.transaction() as cursor:
        cursor.execute(_REVIEW, {"ids": list(drawing_ids), "review": review, "label": label, "action": action})
    return action


def undo(database: Database, action: UUID) -> int:
    """Take an action back; on how many drawings. One that no longer is as the action left it stays as it is.

    Raises DatabaseAway.
    """
    with database.transaction() as cursor:
        cursor.execute(_UNDO, {"action": action})
        (count,) = cursor.fetchone() or (0,)
    return int(count)


# --- What the Models page shows of labels -----------------------------------------------------------------------------


class Approved(NamedTuple):
    """A drawing whose label may teach. `unseen`: no version of any model was ever trained on it."""

    image: bytes
    label: int
    unseen: bool


_NEWEST = """
SELECT image, true_label, trained_into IS NULL FROM predictions
WHERE review = 'approved' ORDER BY labelled_at DESC, id DESC LIMIT %s
"""


def newest_approved(database: Database, limit: int) -> list[Approved]:
    """The drawings whose labels were approved and given last, the newest first. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(_NEWEST, (limit,))
        return [Approved(*row) for row in cursor.fetchall()]


def images(database: Database, drawing_ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """The pictures of drawings, as PNGs; those that were deleted are left out. Raises DatabaseAway."""
    with database.transaction() as cursor:
        cursor.execute(
            "SELECT drawing_id, image FROM predictions WHERE drawing_id = ANY(%s::uuid[])", (list(drawing_ids),)
        )
        return dict(cursor.fetchall())
