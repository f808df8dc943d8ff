-- Every night the app looks at what it keeps, and notes what it has found: src/storage/integrity.py does the looking.

CREATE TABLE self_checks (
    -- The order of the checks.
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- When it started.
    started_at      timestamptz NOT NULL DEFAULT now(),
    -- When it ended; null before, and where its process was ended.
    finished_at     timestamptz,
    -- Who requested it: nightly, admin or command.
    who             text NOT NULL CHECK (who IN ('nightly', 'admin', 'command')),
    -- What is wrong: a sentence each.
    findings        text[] NOT NULL DEFAULT '{}',
    -- How many drawings were looked at one by one.
    drawings        bigint NOT NULL DEFAULT 0,
    -- How many days were counted again.
    days            integer NOT NULL DEFAULT 0,
    -- How many versions were compared with their checksums.
    versions        integer NOT NULL DEFAULT 0,
    -- The last drawing that was looked at, where the next check goes on; 0 to begin again.
    reached_drawing bigint NOT NULL DEFAULT 0,
    -- The last event of a label that was looked at, likewise.
    reached_event   bigint NOT NULL DEFAULT 0,
    -- The end of the last day that was counted again, likewise; null to begin again.
    reached_day     timestamptz
);
