-- Learning from labels: which ones count and why, what a training took, which version served when.

ALTER TABLE predictions
    -- Why the label waits, was refused, or was approved by more than its likeliness: one of the words in src/storage/labels.py.
    ADD review_reason text NOT NULL DEFAULT '',
    -- Who decided on the label last: the app itself (trust) or a person (admin), whose word the app never overrules.
    ADD reviewer      text NOT NULL DEFAULT 'trust' CHECK (reviewer IN ('trust', 'admin')),
    -- How much speaks against the label, from nothing (0) to everything (1): the review begins with the highest.
    ADD suspicion     real NOT NULL DEFAULT 0 CHECK (suspicion BETWEEN 0 AND 1),
    -- A fifth of all drawings, chosen by nothing but their names, never teaches: it judges what the others taught.
    ADD held_out      boolean GENERATED ALWAYS AS (get_byte(sha256(uuid_send(drawing_id)), 0) % 5 = 0) STORED,
    -- For one of that fifth: the first version that it judged. Null while it waits to be new to a version.
    ADD judged        integer CHECK (judged >= 1);

-- A person's newest labels: how fast they come, and how one-sided they are. Callers without a name are one person.
CREATE INDEX predictions_person ON predictions ((coalesce(visitor, '')), labelled_at DESC) WHERE true_label IS NOT NULL;
-- The same picture under two labels.
CREATE INDEX predictions_picture ON predictions (sha256(image)) WHERE true_label IS NOT NULL;
-- The queue of the review, the most suspicious first.
CREATE INDEX predictions_review ON predictions (review, suspicion DESC, id) WHERE true_label IS NOT NULL;

ALTER TABLE label_events
    -- What the review said before; null in events from before this column, as is the next.
    ADD old_review   text CHECK (old_review IN ('unlabelled', 'pending', 'approved', 'rejected')),
    -- What it says from then on.
    ADD new_review   text CHECK (new_review IN ('unlabelled', 'pending', 'approved', 'rejected')),
    -- Who had decided before: an undo gives the decision back to him.
    ADD old_reviewer text CHECK (old_reviewer IN ('trust', 'admin')),
    -- The reason that stood before, for the same undo.
    ADD old_reason   text,
    -- Why it changed.
    ADD reason       text NOT NULL DEFAULT '',
    -- What one click of an administrator did to many drawings carries one name, so that one click undoes it.
    ADD action       uuid;

CREATE INDEX label_events_action ON label_events (action) WHERE action IS NOT NULL;

CREATE TABLE promotions (
    -- The order in which versions began to serve.
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The network.
    model    text NOT NULL,
    -- The version that serves from then on.
    version  integer NOT NULL,
    -- The version that it replaced; null for the first.
    replaced integer,
    -- When.
    at       timestamptz NOT NULL DEFAULT now(),
    -- What it was: the project's own weights, a step forward, or a step back.
    kind     text NOT NULL CHECK (kind IN ('shipped', 'promotion', 'rollback')),
    -- Who wanted it: gate, admin or app.
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
    -- Who wanted it: command, admin or auto.
    who         text NOT NULL,
    -- When it began.
    started_at  timestamptz NOT NULL DEFAULT now(),
    -- When it was last heard of.
    heard_at    timestamptz NOT NULL DEFAULT now(),
    -- When it ended; null while it runs, and for ever where it was killed.
    finished_at timestamptz,
    -- What it does, or how it ended.
    stage       text NOT NULL DEFAULT 'starting'
        CHECK (stage IN ('starting', 'screening', 'training', 'gate', 'saving', 'promoted', 'rejected', 'kept',
                         'refused', 'failed', 'interrupted')),
    -- How much of the training is done.
    progress    real NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    -- The same in a sentence.
    message     text NOT NULL DEFAULT '',
    -- The version that was made.
    version     integer
);
