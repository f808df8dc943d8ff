-- Learning from labels: which labels count and why, what each training did, which version served when.

ALTER TABLE predictions
    -- Why the label waits, was rejected, or was approved by corroboration: a Reason in src/storage/labels.py.
    ADD review_reason text NOT NULL DEFAULT '',
    -- Who decided on the label last: the app itself (trust) or a person (admin), whom the app never overrules.
    ADD reviewer      text NOT NULL DEFAULT 'trust' CHECK (reviewer IN ('trust', 'admin')),
    -- How suspicious the label is, 0 to 1: the review begins with the highest.
    ADD suspicion     real NOT NULL DEFAULT 0 CHECK (suspicion BETWEEN 0 AND 1),
    -- A fifth of all drawings, chosen by a hash of their ids, is never trained on: it evaluates new versions.
    ADD held_out      boolean GENERATED ALWAYS AS (get_byte(sha256(uuid_send(drawing_id)), 0) % 5 = 0) STORED,
    -- For a held-out drawing: the first version that it evaluated; null until there is one.
    ADD judged        integer CHECK (judged >= 1);

-- A person's newest labels, for their rate and balance. Anonymous callers count as one person.
CREATE INDEX predictions_person ON predictions ((coalesce(visitor, '')), labelled_at DESC) WHERE true_label IS NOT NULL;
-- The same picture under different labels.
CREATE INDEX predictions_picture ON predictions (sha256(image)) WHERE true_label IS NOT NULL;
-- The review queue, the most suspicious first.
CREATE INDEX predictions_review ON predictions (review, suspicion DESC, id) WHERE true_label IS NOT NULL;

ALTER TABLE label_events
    -- The review before; null in events older than this column, like the next one.
    ADD old_review   text CHECK (old_review IN ('unlabelled', 'pending', 'approved', 'rejected')),
    -- The review after.
    ADD new_review   text CHECK (new_review IN ('unlabelled', 'pending', 'approved', 'rejected')),
    -- The reviewer before, so that an undo can restore it.
    ADD old_reviewer text CHECK (old_reviewer IN ('trust', 'admin')),
    -- The review reason before, for the same undo.
    ADD old_reason   text,
    -- Why the label or its review changed.
    ADD reason       text NOT NULL DEFAULT '',
    -- The id shared by all changes of one administrator's click, so that one click undoes them.
    ADD action       uuid;

CREATE INDEX label_events_action ON label_events (action) WHERE action IS NOT NULL;

CREATE TABLE promotions (
    -- The order in which versions started to serve.
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The network.
    model    text NOT NULL,
    -- The version that started to serve.
    version  integer NOT NULL,
    -- The version that it replaced; null for the first.
    replaced integer,
    -- When it started to serve.
    at       timestamptz NOT NULL DEFAULT now(),
    -- The kind: the shipped weights, a promotion, or a rollback.
    kind     text NOT NULL CHECK (kind IN ('shipped', 'promotion', 'rollback')),
    -- Who requested it: gate, admin or app.
    who      text NOT NULL,
    FOREIGN KEY (model, version) REFERENCES model_versions (model, version),
    FOREIGN KEY (model, replaced) REFERENCES model_versions (model, version)
);

CREATE INDEX promotions_model ON promotions (model, id DESC);

CREATE TABLE retrainings (
    -- The order of the trainings.
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The network that is trained.
    model       text NOT NULL CHECK (model IN ('cnn', 'linear')),
    -- Who requested it: command, admin or auto.
    who         text NOT NULL,
    -- When it started.
    started_at  timestamptz NOT NULL DEFAULT now(),
    -- When its progress was last reported.
    heard_at    timestamptz NOT NULL DEFAULT now(),
    -- When it ended, or when a killed one was noticed; null before.
    finished_at timestamptz,
    -- The current stage, or how it ended.
    stage       text NOT NULL DEFAULT 'starting'
        CHECK (stage IN ('starting', 'screening', 'training', 'gate', 'saving', 'promoted', 'rejected', 'kept',
                         'refused', 'failed', 'interrupted')),
    -- The progress, 0 to 1.
    progress    real NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    -- The stage in a sentence.
    message     text NOT NULL DEFAULT '',
    -- The version that it created.
    version     integer
);
