-- The database's own id, so that entries spooled while it is unavailable reach this database and no other.

CREATE TABLE installation (
    -- Random and permanent: a restored backup is the same database.
    id     uuid NOT NULL DEFAULT gen_random_uuid(),
    -- Allows only one row.
    single boolean PRIMARY KEY DEFAULT true CHECK (single)
);

INSERT INTO installation DEFAULT VALUES;
