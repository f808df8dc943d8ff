-- The database's own name, so that what an app keeps while the database is away reaches this one and no other.

CREATE TABLE installation (
    -- Random, and the same for ever: a restored backup is the same database.
    id     uuid NOT NULL DEFAULT gen_random_uuid(),
    -- There is only one row.
    single boolean PRIMARY KEY DEFAULT true CHECK (single)
);

INSERT INTO installation DEFAULT VALUES;
