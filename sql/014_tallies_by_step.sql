-- Hours, days and months are counted in tables of their own: the few months, scattered among all hours, took as long to
-- read as the hours. Nothing else changes: the same names are read and written as before.

-- Nobody folds meanwhile.
SELECT pg_advisory_xact_lock(hashtext('digit_reader.tallies'));

ALTER TABLE tallies RENAME TO mixed_tallies;
CREATE TABLE tallies (LIKE mixed_tallies INCLUDING ALL) PARTITION BY LIST (step);
CREATE TABLE tallies_by_hour PARTITION OF tallies FOR VALUES IN ('hour');
CREATE TABLE tallies_by_day PARTITION OF tallies FOR VALUES IN ('day');
CREATE TABLE tallies_by_month PARTITION OF tallies FOR VALUES IN ('month');
INSERT INTO tallies SELECT * FROM mixed_tallies;

ALTER TABLE distributions RENAME TO mixed_distributions;
CREATE TABLE distributions (LIKE mixed_distributions INCLUDING ALL) PARTITION BY LIST (step);
CREATE TABLE distributions_by_hour PARTITION OF distributions FOR VALUES IN ('hour');
CREATE TABLE distributions_by_day PARTITION OF distributions FOR VALUES IN ('day');
CREATE TABLE distributions_by_month PARTITION OF distributions FOR VALUES IN ('month');
INSERT INTO distributions SELECT * FROM mixed_distributions;

-- The views know their tables, not the tables' names.
CREATE OR REPLACE VIEW current_tallies AS
    SELECT * FROM tallies
    UNION ALL
    SELECT step, start, model, version, source, predicted, personal, label, drawings, expired
    FROM countable_tallies WHERE origin = 'change';

CREATE OR REPLACE VIEW current_distributions AS
    SELECT * FROM distributions
    UNION ALL
    SELECT step, start, model, version, source, measure, outcome, slot, drawings, expired
    FROM countable_distributions WHERE origin = 'change';

DROP TABLE mixed_tallies, mixed_distributions;

-- Its plan names all of predictions and reads none of it: compiling the plan would take longer than running it.
ALTER FUNCTION fold_tallies() SET jit = off;
