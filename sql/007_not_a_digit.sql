-- "Not a digit" is a label like any digit: it is kept, reviewed and traced, and trains the digit score. A row has one of
-- the two, true_label or not_a_digit, or no label at all.

ALTER TABLE predictions
    -- Whether the person says that the drawing is not a digit; true_label is null then.
    ADD not_a_digit boolean NOT NULL DEFAULT false,
    -- Rows from before passed the stricter checks that these replace, so none of them is looked at again.
    DROP CONSTRAINT predictions_check,
    DROP CONSTRAINT predictions_check1,
    ADD CONSTRAINT predictions_one_label_check CHECK (NOT (not_a_digit AND true_label IS NOT NULL)) NOT VALID,
    ADD CONSTRAINT predictions_labelled_at_check
        CHECK ((not_a_digit OR true_label IS NOT NULL) = (labelled_at IS NOT NULL)) NOT VALID,
    ADD CONSTRAINT predictions_labelled_review_check
        CHECK ((labelled_at IS NOT NULL) = (review <> 'unlabelled')) NOT VALID;

-- In the trace one number says either: 10 is "not a digit", the class that the networks have for it.
ALTER TABLE label_events
    DROP CONSTRAINT label_events_old_label_check,
    DROP CONSTRAINT label_events_new_label_check,
    ADD CONSTRAINT label_events_old_label_check CHECK (old_label BETWEEN 0 AND 10) NOT VALID,
    ADD CONSTRAINT label_events_new_label_check CHECK (new_label BETWEEN 0 AND 10) NOT VALID;

-- The indexes of labelled drawings, now those with either label.
DROP INDEX predictions_person, predictions_picture, predictions_review;
CREATE INDEX predictions_person ON predictions ((coalesce(visitor, '')), labelled_at DESC) WHERE labelled_at IS NOT NULL;
CREATE INDEX predictions_picture ON predictions (sha256(image)) WHERE labelled_at IS NOT NULL;
CREATE INDEX predictions_review ON predictions (review, suspicion DESC, id) WHERE labelled_at IS NOT NULL;
