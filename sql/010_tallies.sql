-- What the insights show is counted when it happens, since counting millions of rows takes too long. Every insert,
-- update and delete of predictions leaves one change per drawing; now and then the changes are folded into the tallies
-- and the distributions. A reader adds both: exact at every moment. Nobody waits for anybody: changes are only ever
-- inserted, and one transaction at a time folds.

CREATE TABLE tally_changes (
    -- 1 to count the drawing, -1 to count it no longer, 0 where only its row has gone.
    drawings   smallint NOT NULL,
    -- 1 where the row was deleted for its age: it stays counted.
    expired    smallint NOT NULL,
    -- When it was drawn, to the hour.
    hour       timestamptz NOT NULL,
    -- The network that read it.
    model      text NOT NULL,
    -- The version of that network.
    version    integer NOT NULL,
    -- Where it came from.
    source     text NOT NULL,
    -- The digit that everybody's model read.
    predicted  smallint NOT NULL,
    -- The digit that the person's own model read; -1 where there was none.
    personal   smallint NOT NULL,
    -- The label, 10 for "not a digit"; -1 where there is none, or it was rejected in review.
    label      smallint NOT NULL,
    -- The slot of its confidence in the distributions below.
    confidence smallint NOT NULL,
    -- The slot of the milliseconds that the model took.
    elapsed    smallint NOT NULL,
    -- The slot of the pen's width; -1 where it was not measured.
    pen_width  smallint NOT NULL,
    -- The slot of its size; -1 where it was not measured.
    size       smallint NOT NULL,
    -- The slot of its slant; -1 where it was not measured.
    slant      smallint NOT NULL
) WITH (
    -- It is emptied all the time: without frequent vacuuming, readers would look through what has gone.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000
);

CREATE TABLE tallies (
    -- The length of the time that is counted.
    step      text NOT NULL CHECK (step IN ('hour', 'day', 'month')),
    -- Its beginning, in UTC.
    start     timestamptz NOT NULL,
    -- The network, as above.
    model     text NOT NULL,
    -- Its version, as above.
    version   integer NOT NULL,
    -- Where the drawings came from.
    source    text NOT NULL,
    -- The digit that everybody's model read.
    predicted smallint NOT NULL,
    -- The digit that a person's own model read; -1 for none.
    personal  smallint NOT NULL,
    -- The label, as above.
    label     smallint NOT NULL,
    -- How many drawings there were.
    drawings  bigint NOT NULL,
    -- How many of them no longer have a row.
    expired   bigint NOT NULL,
    PRIMARY KEY (step, start, model, version, source, predicted, personal, label)
);

CREATE TABLE distributions (
    -- The length of the time that is counted.
    step     text NOT NULL CHECK (step IN ('hour', 'day', 'month')),
    -- Its beginning, in UTC.
    start    timestamptz NOT NULL,
    -- The network, as above.
    model    text NOT NULL,
    -- Its version, as above.
    version  integer NOT NULL,
    -- Where the drawings came from.
    source   text NOT NULL,
    -- What was measured: confidence, elapsed, pen_width, size or slant.
    measure  text NOT NULL,
    -- Of the confidence, 1 where the label says that the model was right, 0 where it was wrong; otherwise -1.
    outcome  smallint NOT NULL,
    -- The slot of a histogram: see tally_of.
    slot     smallint NOT NULL,
    -- How many drawings there were.
    drawings bigint NOT NULL,
    -- How many of them no longer have a row.
    expired  bigint NOT NULL,
    PRIMARY KEY (step, start, model, version, source, measure, outcome, slot)
);

-- How a row is counted. The confidence, everybody's model's, has slots of 5 %; the milliseconds have slots that grow by a
-- fifth, from 0.1; pen width has slots of 1 % of the ink's longer side, and that side, its size, of 5 % of the canvas's;
-- slant has slots of 5 degrees from -90. What came from a data set was not drawn here, and is not counted.
CREATE FUNCTION tally_of(
    p predictions,
    OUT hour timestamptz, OUT model text, OUT version integer, OUT source text,
    OUT predicted smallint, OUT personal smallint, OUT label smallint,
    OUT confidence smallint, OUT elapsed smallint, OUT pen_width smallint, OUT size smallint, OUT slant smallint
) RETURNS SETOF record LANGUAGE sql STABLE AS $$
    SELECT date_trunc('hour', p.created_at, 'UTC'), p.model, p.model_version, p.source,
           coalesce(p.shared_digit, p.predicted_digit),
           CASE WHEN p.shared_digit IS NULL THEN -1::smallint ELSE p.predicted_digit END,
           CASE WHEN p.review = 'rejected' THEN -1::smallint WHEN p.not_a_digit THEN 10::smallint
                ELSE coalesce(p.true_label, -1::smallint) END,
           least(19, floor(20 * coalesce(p.shared_probabilities[p.shared_digit + 1], p.confidence)))::smallint,
           greatest(0, least(63, floor(ln(greatest(p.elapsed_ms, 0.1) / 0.1) / ln(1.2))))::smallint,
           least(99, coalesce(floor(100 * p.pen_width), -1))::smallint,
           least(19, coalesce(floor(20 * p.size), -1))::smallint,
           least(35, coalesce(floor((p.slant + 90) / 5), -1))::smallint
    WHERE p.source <> 'import'
$$;

-- What has not been folded yet (origin 'change'), and how every row would be counted from the beginning ('row').
CREATE VIEW countable AS
    SELECT 'change' AS origin, * FROM tally_changes
    UNION ALL
    SELECT 'row', 1::smallint, 0::smallint, counted.* FROM predictions p CROSS JOIN LATERAL tally_of(p) AS counted;

CREATE VIEW countable_tallies AS
    SELECT origin, step, date_trunc(step, hour, 'UTC') AS start, model, version, source, predicted, personal, label,
           drawings, expired
    FROM countable CROSS JOIN unnest('{hour,day,month}'::text[]) AS step;

CREATE VIEW countable_distributions AS
    SELECT origin, step, date_trunc(step, hour, 'UTC') AS start, model, version, source, measure,
           CASE WHEN measure <> 'confidence' OR label NOT BETWEEN 0 AND 9 THEN -1
                WHEN label = predicted THEN 1 ELSE 0 END::smallint AS outcome,
           slot, drawings, expired
    FROM countable CROSS JOIN unnest('{hour,day,month}'::text[]) AS step CROSS JOIN LATERAL (
        VALUES ('confidence', confidence), ('elapsed', elapsed), ('pen_width', pen_width), ('size', size), ('slant', slant)
    ) AS measured (measure, slot)
    WHERE slot >= 0;

-- What readers read: a key may come more than once, and its counts are to be added.
CREATE VIEW current_tallies AS
    SELECT * FROM tallies
    UNION ALL
    SELECT step, start, model, version, source, predicted, personal, label, drawings, expired
    FROM countable_tallies WHERE origin = 'change';

CREATE VIEW current_distributions AS
    SELECT * FROM distributions
    UNION ALL
    SELECT step, start, model, version, source, measure, outcome, slot, drawings, expired
    FROM countable_distributions WHERE origin = 'change';

-- Add the changes to the tallies and distributions, unless another transaction is just doing that. One statement, so
-- that what is added is what is deleted.
CREATE FUNCTION fold_tallies() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF pg_try_advisory_xact_lock(hashtext('digit_reader.tallies')) THEN
        WITH folded AS (
            DELETE FROM tally_changes
        ), added AS (
            INSERT INTO tallies AS known
            SELECT step, start, model, version, source, predicted, personal, label, sum(drawings), sum(expired)
            FROM countable_tallies WHERE origin = 'change'
            GROUP BY step, start, model, version, source, predicted, personal, label
            HAVING sum(drawings) <> 0 OR sum(expired) <> 0
            ON CONFLICT (step, start, model, version, source, predicted, personal, label) DO UPDATE
            SET drawings = known.drawings + excluded.drawings, expired = known.expired + excluded.expired
        )
        INSERT INTO distributions AS known
        SELECT step, start, model, version, source, measure, outcome, slot, sum(drawings), sum(expired)
        FROM countable_distributions WHERE origin = 'change'
        GROUP BY step, start, model, version, source, measure, outcome, slot
        HAVING sum(drawings) <> 0 OR sum(expired) <> 0
        ON CONFLICT (step, start, model, version, source, measure, outcome, slot) DO UPDATE
        SET drawings = known.drawings + excluded.drawings, expired = known.expired + excluded.expired;
    END IF;
END
$$;

-- Once in a thousand changes or so, whoever makes one folds them all.
CREATE FUNCTION fold_tallies_by_chance(changes bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF random() < changes / 1000.0 THEN
        PERFORM fold_tallies();
    END IF;
END
$$;

CREATE FUNCTION count_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE changes bigint;
BEGIN
    INSERT INTO tally_changes SELECT 1, 0, counted.* FROM new_rows CROSS JOIN LATERAL tally_of(new_rows) AS counted;
    GET DIAGNOSTICS changes = ROW_COUNT;
    PERFORM fold_tallies_by_chance(changes);
    RETURN NULL;
END
$$;

CREATE FUNCTION count_updated() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE changes bigint;
BEGIN
    INSERT INTO tally_changes
    SELECT change.* FROM old_rows JOIN new_rows USING (id)
        CROSS JOIN LATERAL tally_of(old_rows) AS before CROSS JOIN LATERAL tally_of(new_rows) AS after
        CROSS JOIN LATERAL (SELECT -1, 0, before.* UNION ALL SELECT 1, 0, after.*) AS change
    WHERE before IS DISTINCT FROM after;
    GET DIAGNOSTICS changes = ROW_COUNT;
    PERFORM fold_tallies_by_chance(changes);
    RETURN NULL;
END
$$;

-- A deletion takes the drawing out of the counts, unless the transaction says that it is for its age:
-- SET LOCAL digit_reader.expiring = 'on'.
CREATE FUNCTION count_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE changes bigint;
BEGIN
    INSERT INTO tally_changes
    SELECT CASE WHEN expiring THEN 0 ELSE -1 END, expiring::int, counted.*
    FROM (SELECT coalesce(current_setting('digit_reader.expiring', true), '') = 'on') AS said (expiring)
        CROSS JOIN old_rows CROSS JOIN LATERAL tally_of(old_rows) AS counted;
    GET DIAGNOSTICS changes = ROW_COUNT;
    PERFORM fold_tallies_by_chance(changes);
    RETURN NULL;
END
$$;

-- Whoever empties the table begins anew.
CREATE FUNCTION count_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE tally_changes, tallies, distributions;
    RETURN NULL;
END
$$;

CREATE TRIGGER predictions_count_truncated AFTER TRUNCATE ON predictions
    FOR EACH STATEMENT EXECUTE FUNCTION count_truncated();
CREATE TRIGGER predictions_count_inserted AFTER INSERT ON predictions
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_inserted();
CREATE TRIGGER predictions_count_updated AFTER UPDATE ON predictions
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_updated();
CREATE TRIGGER predictions_count_deleted AFTER DELETE ON predictions
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION count_deleted();

-- What there is already: straight into the tallies, since millions of changes that come and go at once would leave a
-- table full of dead rows, through which every reader would look until it has been vacuumed.
INSERT INTO tallies
SELECT step, start, model, version, source, predicted, personal, label, sum(drawings), sum(expired)
FROM countable_tallies WHERE origin = 'row'
GROUP BY step, start, model, version, source, predicted, personal, label;
INSERT INTO distributions
SELECT step, start, model, version, source, measure, outcome, slot, sum(drawings), sum(expired)
FROM countable_distributions WHERE origin = 'row'
GROUP BY step, start, model, version, source, measure, outcome, slot;
