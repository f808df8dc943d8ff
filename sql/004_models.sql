-- Which models there are is known to the app alone (src/learning/registry.py), so that a third one needs no migration.
-- What is left to the tables is the form of a name. Rows from before passed a stricter check, so none is looked at again.

ALTER TABLE predictions
    DROP CONSTRAINT predictions_model_check,
    ADD CONSTRAINT predictions_model_check CHECK (model ~ '^[a-z][a-z0-9-]{0,31}$') NOT VALID;

ALTER TABLE model_versions
    DROP CONSTRAINT model_versions_model_check,
    ADD CONSTRAINT model_versions_model_check CHECK (model ~ '^[a-z][a-z0-9-]{0,31}$') NOT VALID;

ALTER TABLE retrainings
    DROP CONSTRAINT retrainings_model_check,
    ADD CONSTRAINT retrainings_model_check CHECK (model ~ '^[a-z][a-z0-9-]{0,31}$') NOT VALID;
