-- Every training is kept: also one that made no version, and one that was made without a database.

ALTER TABLE retrainings
    -- The model card of a training without a version, which would have it: knobs, figures of each epoch, machine.
    ADD card jsonb,
    DROP CONSTRAINT retrainings_stage_check,
    -- "dry run": judged, and by request not kept. "trained": train_model.py made it, and the app has read its .json.
    ADD CONSTRAINT retrainings_stage_check
        CHECK (stage IN ('starting', 'screening', 'training', 'gate', 'saving', 'promoted', 'rejected', 'kept',
                         'refused', 'failed', 'interrupted', 'dry run', 'trained')) NOT VALID;

-- The same .json, read again at the next start, is no other training.
CREATE UNIQUE INDEX retrainings_trained ON retrainings (model, (card ->> 'trained_at')) WHERE stage = 'trained';
