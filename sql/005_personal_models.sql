-- Personal models: what everybody's model said beside what was answered, and what a person wants of their own model.
-- Also how each drawing was drawn. Rows from before keep nulls; none of them is looked at again (NOT VALID).

ALTER TABLE predictions
    -- The digit that everybody's model read, where a personal model answered; null elsewhere, where the two are one.
    ADD shared_digit         smallint,
    -- The calibrated probabilities of 0 to 9 by everybody's model, set with shared_digit.
    ADD shared_probabilities real[],
    -- The pen strokes of the canvas: [[[x, y], ...], ...] in canvas pixels, y pointing down; bounded by the app.
    ADD strokes              jsonb,
    -- The mean width of the strokes before framing, as a fraction of the ink's longer side.
    ADD pen_width            real,
    -- The ink's longer side before framing, as a fraction of the picture's.
    ADD size                 real,
    -- Degrees from upright before framing, positive where the strokes lean to the right.
    ADD slant                real,
    ADD CONSTRAINT predictions_shared_digit_check CHECK (shared_digit BETWEEN 0 AND 9) NOT VALID,
    ADD CONSTRAINT predictions_shared_probabilities_check
        CHECK (cardinality(shared_probabilities) = 10 AND array_position(shared_probabilities, NULL) IS NULL
               AND 0 <= ALL (shared_probabilities) AND 1 >= ALL (shared_probabilities)) NOT VALID,
    ADD CONSTRAINT predictions_shared_check CHECK ((shared_digit IS NULL) = (shared_probabilities IS NULL)) NOT VALID,
    ADD CONSTRAINT predictions_strokes_check
        CHECK (jsonb_typeof(strokes) = 'array' AND octet_length(strokes::text) <= 65536) NOT VALID,
    ADD CONSTRAINT predictions_pen_width_check CHECK (pen_width BETWEEN 0 AND 1) NOT VALID,
    ADD CONSTRAINT predictions_size_check CHECK (size BETWEEN 0 AND 1) NOT VALID,
    ADD CONSTRAINT predictions_slant_check CHECK (slant BETWEEN -90 AND 90) NOT VALID;

CREATE TABLE hands (
    -- The visitor, as in predictions.
    visitor      text PRIMARY KEY CHECK (visitor ~ '^[0-9a-f]{64}$'),
    -- Whether their own labels change what they are answered.
    enabled      boolean NOT NULL DEFAULT true,
    -- Labels given up to then no longer count for their personal model; null while all of them do.
    forgotten_at timestamptz
);

-- Every replica hears whose personal model is out of date, whatever the cause: a label, a review, a deletion, a switch.
CREATE FUNCTION announce_hand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('digit_reader_hands', coalesce(new.visitor, old.visitor));
    RETURN NULL;
END
$$;

CREATE TRIGGER predictions_labelled AFTER UPDATE OF true_label, review, image ON predictions FOR EACH ROW
    WHEN (new.visitor IS NOT NULL AND (new.true_label IS DISTINCT FROM old.true_label
                                       OR (new.review = 'rejected') <> (old.review = 'rejected')
                                       OR new.true_label IS NOT NULL AND new.image <> old.image))
    EXECUTE FUNCTION announce_hand();
CREATE TRIGGER predictions_deleted AFTER DELETE ON predictions FOR EACH ROW
    WHEN (old.visitor IS NOT NULL AND old.true_label IS NOT NULL)
    EXECUTE FUNCTION announce_hand();
CREATE TRIGGER hands_changed AFTER INSERT OR UPDATE OR DELETE ON hands FOR EACH ROW EXECUTE FUNCTION announce_hand();
