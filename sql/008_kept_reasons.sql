-- What the gate said of a version stays beside it, whatever serves later; who was replaced by whom is in promotions.
-- The sentences that used to overwrite it are not true of a version that serves again.

UPDATE model_versions SET reason = '' WHERE reason ~ '^(Rolled back|Replaced by version [0-9]+)\.$';
