-- The first migration: one row per drawing, the versions of the model, and the trace of every label.
-- The app applies each file of this folder once, in order, in a transaction of its own, and records it in
-- schema_migrations (see src/storage/migrations.py).

CREATE TABLE predictions (
    -- The order of arrival; internal, never shown.
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The drawing's name outside. Random, so that knowing it is the right to label it.
    drawing_id      uuid NOT NULL UNIQUE,
    -- When the drawing was first read.
    created_at      timestamptz NOT NULL DEFAULT now(),
    -- What the model read.
    predicted_digit smallint NOT NULL CHECK (predicted_digit BETWEEN 0 AND 9),
    -- What the person says it is; null until somebody says.
    true_label      smallint CHECK (true_label BETWEEN 0 AND 9),
    -- The calibrated probability of predicted_digit.
    confidence      real NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    -- The calibrated probabilities of 0 to 9.
    probabilities   real[] NOT NULL
        CHECK (cardinality(probabilities) = 10 AND array_position(probabilities, NULL) IS NULL
               AND 0 <= ALL (probabilities) AND 1 >= ALL (probabilities)),
    -- How much the drawing is a digit at all.
    digit_score     real NOT NULL CHECK (digit_score BETWEEN 0 AND 1),
    -- The 28x28 picture that the model saw, as a PNG: what training starts from.
    image           bytea NOT NULL CHECK (octet_length(image) BETWEEN 1 AND 4096),
    -- The way it came in.
    source          text NOT NULL CHECK (source IN ('canvas', 'upload', 'camera', 'api')),
    -- Whose it is: the sha-256 of a random cookie (or of an API session), in hex. No address, no name.
    visitor         text CHECK (visitor ~ '^[0-9a-f]{64}$'),
    -- The network that read it: cnn or linear.
    model           text NOT NULL CHECK (model IN ('cnn', 'linear')),
    -- Which version of that network read it.
    model_version   integer NOT NULL CHECK (model_version >= 1),
    -- Whether the label may teach the model.
    review          text NOT NULL DEFAULT 'unlabelled'
        CHECK (review IN ('unlabelled', 'pending', 'approved', 'rejected')),
    -- When true_label was last given.
    labelled_at     timestamptz,
    -- The version that was trained with this label; null while it waits for one.
    trained_into    integer CHECK (trained_into >= 1),
    -- How long the model took.
    elapsed_ms      real NOT NULL CHECK (elapsed_ms >= 0),
    -- A label, its time and its review come and go together.
    CHECK ((true_label IS NULL) = (labelled_at IS NULL)),
    CHECK ((true_label IS NULL) = (review = 'unlabelled'))
);

-- A visitor's own recent drawings, newest first.
CREATE INDEX predictions_visitor ON predictions (visitor, id DESC);
-- The labels that wait: for a review, or for the next training.
CREATE INDEX predictions_waiting ON predictions (review, id) WHERE trained_into IS NULL AND review <> 'unlabelled';

CREATE TABLE model_versions (
    -- The network: cnn or linear.
    model       text NOT NULL CHECK (model IN ('cnn', 'linear')),
    -- The version's number, counted for each network on its own; 1 is the one that the project ships.
    version     integer NOT NULL CHECK (version >= 1),
    -- When it was made.
    created_at  timestamptz NOT NULL DEFAULT now(),
    -- The network's state_dict, as torch.save writes it.
    weights     bytea NOT NULL,
    -- The checksum of weights, in hex: a damaged version never serves.
    sha256      text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    -- Its figures: accuracy, calibration, labels used.
    metrics     jsonb NOT NULL DEFAULT '{}',
    -- The version that its training started from.
    parent      integer,
    -- Where it stands: waiting for the gate, serving, replaced, or refused by the gate.
    status      text NOT NULL CHECK (status IN ('candidate', 'active', 'retired', 'rejected')),
    -- Why it stands there, in a sentence.
    reason      text NOT NULL DEFAULT '',
    PRIMARY KEY (model, version),
    FOREIGN KEY (model, parent) REFERENCES model_versions (model, version)
);

-- Only one version of a model can serve.
CREATE UNIQUE INDEX model_versions_active ON model_versions (model) WHERE status = 'active';

CREATE TABLE label_events (
    -- The order in which it happened.
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The drawing; its trace goes with it when its owner deletes it.
    drawing_id  uuid NOT NULL REFERENCES predictions (drawing_id) ON DELETE CASCADE,
    -- When the label changed.
    at          timestamptz NOT NULL DEFAULT now(),
    -- Who changed it: a visitor's hash, 'admin', or 'api' for the holder of the drawing's id.
    who         text NOT NULL,
    -- What the label was; null when there was none.
    old_label   smallint CHECK (old_label BETWEEN 0 AND 9),
    -- What it is from then on; null when it was taken back.
    new_label   smallint CHECK (new_label BETWEEN 0 AND 9)
);

CREATE INDEX label_events_drawing ON label_events (drawing_id);
