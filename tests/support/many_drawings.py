"""A log of many drawings, made by PostgreSQL itself, with everything in it that is hard on an index.

What is rare stands among what is common, and some of it only where a search from one end comes last: version 1 has read
the older half alone, version 3 ten drawings in the middle, a 9 is in the first hundredth alone, and nothing came from
the camera.
"""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg2

from learning.classes import NOT_A_DIGIT
from storage.database import Database
from storage.embedded import EmbeddedServer
from storage.selection import Outcome, Selection
from support.rows import ME

START, SPAN = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1000)
"""When the first drawing was made, and how long after it the last one, however many there are."""
MIDDLE = START + SPAN / 2
CHUNK = 5_000  # rows of a statement: each has a limit of time, also on a busy machine

_FILL = """
INSERT INTO predictions (drawing_id, created_at, predicted_digit, true_label, not_a_digit, labelled_at, review,
                         confidence, probabilities, digit_score, image, source, visitor, model, model_version,
                         elapsed_ms, shared_digit, shared_probabilities)
SELECT gen_random_uuid(), at, digit,
       CASE WHEN said AND NOT nothing THEN (digit + 3 * (n %% 140 = 0)::int) %% 10 END, nothing,
       CASE WHEN said THEN at END,
       CASE WHEN NOT said THEN 'unlabelled' WHEN n %% 700 = 0 THEN 'rejected' ELSE 'approved' END,
       sure, array_fill(0.1::real, ARRAY[10]), 0.9, decode(repeat(md5(n::text), 20), 'hex'),
       (ARRAY['canvas', 'canvas', 'upload', 'api'])[1 + n %% 4],
       CASE WHEN n %% 1000 = 0 THEN %(me)s ELSE encode(sha256((n / 40)::text::bytea), 'hex') END,
       CASE WHEN n %% 10 = 0 THEN 'linear' ELSE 'cnn' END,
       CASE WHEN n BETWEEN %(count)s / 2 AND %(count)s / 2 + 10 THEN 3 WHEN n < %(count)s / 2 THEN 1 ELSE 2 END,
       1.5, CASE WHEN own THEN (digit + 1) %% 10 END, CASE WHEN own THEN array_fill(0.1::real, ARRAY[10]) END
FROM (
    SELECT n, %(first)s::timestamptz + n * (%(span)s::interval / %(count)s) AS at,
           least(abs(hashint8extended(n, 1) %% 10), CASE WHEN n > %(count)s / 100 THEN 8 ELSE 9 END)::smallint AS digit,
           (1 - 0.9 * power(abs(hashint8extended(n, 2) %% 1000000) / 1e6, 12))::real AS sure,
           n %% 20 = 0 AS said, n %% 9000 = 0 AS nothing, n %% 50 = 1 AS own
    FROM generate_series(%(start)s, %(end)s) AS n
) AS made
"""


def fill(database: Database, count: int) -> None:
    """Write so many drawings, of which every thousandth is mine, into an empty table."""
    given = {"count": count, "first": START, "span": SPAN, "me": ME}
    for start in range(1, count + 1, CHUNK):
        with database.transaction() as cursor:
            cursor.execute(_FILL, given | {"start": start, "end": min(start + CHUNK - 1, count)})
    with database.transaction() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("ANALYZE predictions")


def settle(server: EmbeddedServer) -> None:
    """Do what autovacuum does within minutes: otherwise it would compete with what is measured."""
    connection = psycopg2.connect(server.start())
    connection.autocommit = True  # VACUUM is refused within a transaction
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


SINGLE = {
    "all": Selection(),
    "read: 3": Selection(read_as=3),
    "read: 9, long ago": Selection(read_as=9),
    "label: 3": Selection(label=3),
    "label: not a digit": Selection(label=NOT_A_DIGIT),
    "outcome: unlabelled": Selection(outcome=Outcome.UNLABELLED),
    "outcome: right": Selection(outcome=Outcome.RIGHT),
    "outcome: wrong": Selection(outcome=Outcome.WRONG),
    "confidence: 30 to 50 %": Selection(least_confidence=0.3, most_confidence=0.5),
    "confidence: up to 10 %": Selection(most_confidence=0.1),
    "source: upload": Selection(source="upload"),
    "source: camera, none": Selection(source="camera"),
    "version: the older half": Selection(model="cnn", version=1),
    "version: ten drawings": Selection(model="cnn", version=3),
    "version: none": Selection(model="cnn", version=9),
    "date: a day": Selection(since=MIDDLE, until=MIDDLE + timedelta(days=1)),
    "date: the older half": Selection(until=MIDDLE),
    "mine": Selection(visitor=ME),
}
"""Each filter alone, with values that are common, rare and absent."""
