"""Labelled drawings in any number, made in SQL: MNIST's digits, and rows that say whose they are."""

from __future__ import annotations

import json

from frames.preprocessing import to_png
from learning.classes import NOT_A_DIGIT
from learning.dataset import Digits
from storage.database import Database

PEOPLE = 7
STROKES = [[[1, 2.5], [30, 40.1]], [[7, 7]]]

# Row n has the n-th digit, over and over; every third came from a canvas with strokes, every 49th is said to be no
# digit, every tenth waits for review and every eleventh was rejected.
_ROWS = f"""
WITH numbered AS (
    SELECT n, image, digit FROM generate_series(%(first)s, %(last)s) AS n
    JOIN unnest(%(images)s::bytea[], %(labels)s::smallint[]) WITH ORDINALITY AS digits (image, digit, place)
    ON place = 1 + n %% cardinality(%(labels)s)
)
INSERT INTO predictions (
    drawing_id, created_at, predicted_digit, confidence, probabilities, digit_score, image, source, visitor, model,
    model_version, elapsed_ms, strokes, true_label, not_a_digit, labelled_at, review, reviewer
)
SELECT gen_random_uuid(), timestamptz '2026-03-01 12:34:56.789Z' + n %% 80 * interval '1 day', digit, 0.75,
       (SELECT array_agg(CASE WHEN d = digit THEN 0.75 ELSE 0 END) FROM generate_series(0, 9) AS d), 0.9, image,
       CASE WHEN n %% 3 = 0 THEN 'canvas' ELSE 'api' END,
       encode(sha256(('person ' || n %% {PEOPLE})::bytea), 'hex'), 'cnn', 1 + n %% 2, 1.5,
       CASE WHEN n %% 3 = 0 THEN %(strokes)s::jsonb END, CASE WHEN n %% 49 <> 0 THEN digit END, n %% 49 = 0,
       timestamptz '2026-07-01 12:34:56.789Z',
       CASE WHEN n %% 11 = 0 THEN 'rejected' WHEN n %% 10 = 0 THEN 'pending' ELSE 'approved' END,
       CASE WHEN n %% 4 = 0 THEN 'admin' ELSE 'trust' END
FROM numbered ORDER BY n
"""  # noqa: S608 - all of it stands here


def collect(database: Database, digits: Digits, count: int, part: int = 5_000) -> None:
    """Make `count` labelled rows of some digits, a `part` at a time: no statement may take long."""
    images = [to_png(image[0].numpy()) for image in digits.images]
    given = {"images": images, "labels": digits.labels.tolist(), "strokes": json.dumps(STROKES)}
    for first in range(0, count, part):
        with database.transaction() as cursor:
            cursor.execute(_ROWS, given | {"first": first, "last": min(first + part, count) - 1})


def label_of(n: int, digit: int) -> int:
    """What row n is said to be."""
    return digit if n % 49 else NOT_A_DIGIT


def is_approved(n: int) -> bool:
    """Whether row n is approved."""
    return bool(n % 11 and n % 10)
