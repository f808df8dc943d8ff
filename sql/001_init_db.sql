-- The first migration: one row per drawing, the versions of the models, and the history of every label.
-- The app applies each file in this folder once, in order, in its own transaction, and records it in
-- schema_migrations (see src/storage/migrations.py).

CREATE TABLE predictions (
    -- The order of arrival. Internal, never shown.
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The drawing's public id. Random, so that knowing it is the permission to label it.
    drawing_id      uuid NOT NULL UNIQUE,
    -- When the drawing was first read.
    created_at      timestamptz NOT NULL DEFAULT now(),
    -- The digit that the model read.
    predicted_digit smallint NOT NULL CHECK (predicted_digit BETWEEN 0 AND 9),
    -- The person's label; null until there is one.
    true_label      smallint CHECK (true_label BETWEEN 0 AND 9),
    -- The calibrated probability of predicted_digit.
    confidence      real NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    -- The calibrated probabilities of 0 to 9.
    probabilities   real[] NOT NULL
        CHECK (cardinality(probabilities) = 10 AND array_position(probabilities, NULL) IS NULL
               AND 0 <= ALL (probabilities) AND 1 >= ALL (probabilities)),
    -- The digit score: how likely the drawing is a digit at all.
    digit_score     real NOT NULL CHECK (digit_score BETWEEN 0 AND 1),
    -- The 28x28 picture that the model saw, as a PNG. Training uses it.
    image           bytea NOT NULL CHECK (octet_length(image) BETWEEN 1 AND 4096),
    -- Where it came from.
    source          text NOT NULL CHECK (source IN ('canvas', 'upload', 'camera', 'api')),
    -- The visitor: the sha-256 of a random cookie (or of an API session), in hex. No address, no name.
    visitor         text CHECK (visitor ~ '^[0-9a-f]{64}$'),
    -- The network that read it: cnn or linear.
    model           text NOT NULL CHECK (model IN ('cnn', 'linear')),
    -- The version of that network.
    model_version   integer NOT NULL CHECK (model_version >= 1),
    -- Whether the label may be used for training.
    review          text NOT NULL DEFAULT 'unlabelled'
        CHECK (review IN ('unlabelled', 'pending', 'approved', 'rejected')),
    -- When true_label was last set.
    labelled_at     timestamptz,
    -- The version trained on this label; null until there is one.
    trained_into    integer CHECK (trained_into >= 1),
    -- How long the model took, in milliseconds.
    elapsed_ms      real NOT NULL CHECK (elapsed_ms >= 0),
    -- A label, its time and its review are set and cleared together.
    CHECK ((true_label IS NULL) = (labelled_at IS NULL)),
    CHECK ((true_label IS NULL) = (review = 'unlabelled'))
);

-- A visitor's own recent drawings, newest first.
CREATE INDEX predictions_visitor ON predictions (visitor, id DESC);
-- The labels waiting for review or for the next training.
CREATE INDEX predictions_waiting ON predictions (review, id) WHERE trained_into IS NULL AND review <> 'unlabelled';

CREATE TABLE model_versions (
    -- The network: cnn or linear.
    model       text NOT NULL CHECK (model IN ('cnn', 'linear')),
    -- The version's number, counted per network; 1 is the shipped one.
    version     integer NOT NULL CHECK (version >= 1),
    -- When it was created.
    created_at  timestamptz NOT NULL DEFAULT now(),
    -- The network's state_dict, as torch.save writes it.
    weights     bytea NOT NULL,
    -- The checksum of the weights, in hex: a damaged version never serves.
    sha256      text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    -- Its metrics: accuracy, calibration, labels used.
    metrics     jsonb NOT NULL DEFAULT '{}',
    -- The version that its training started from.
    parent      integer,
    -- Its status: waiting for the gate, serving, replaced, or rejected by the gate.
    status      text NOT NULL CHECK (status IN ('candidate', 'active', 'retired', 'rejected')),
    -- The reason for the status, in a sentence.
    reason      text NOT NULL DEFAULT '',
    PRIMARY KEY (model, version),
    FOREIGN KEY (model, parent) REFERENCES model_versions (model, version)
);

-- Only one version of a model can serve.
CREATE UNIQUE INDEX model_versions_active ON model_versions (model) WHERE status = 'active';

CREATE TABLE label_events (
    -- The order of events.
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The drawing; its history is deleted with it.
    drawing_id  uuid NOT NULL REFERENCES predictions (drawing_id) ON DELETE CASCADE,
    -- When the label changed.
    at          timestamptz NOT NULL DEFAULT now(),
    -- Who changed it: a visitor's hash, 'admin', or 'api' for the holder of the drawing's id.
    who         text NOT NULL,
    -- The label before; null when there was none.
    old_label   smallint CHECK (old_label BETWEEN 0 AND 9),
    -- The label after; null when it was withdrawn.
    new_label   smallint CHECK (new_label BETWEEN 0 AND 9)
);

CREATE INDEX label_events_drawing ON label_events (drawing_id);
