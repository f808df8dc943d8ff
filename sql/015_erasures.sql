-- A visitor can have everything of theirs deleted. What one statement can delete goes at once; where there is more, the
-- rest goes in small batches, and this table remembers it until then.

CREATE TABLE erasures (
    -- The visitor, as in predictions.
    visitor text PRIMARY KEY CHECK (visitor ~ '^[0-9a-f]{64}$'),
    -- The last of the drawings that are to go, by predictions.id: what is drawn later stays.
    up_to   bigint NOT NULL,
    -- When it was asked for.
    at      timestamptz NOT NULL DEFAULT now()
);
