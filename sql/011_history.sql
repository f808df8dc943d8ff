-- The history: all drawings, newest or most doubtful first, in pages that come as fast from ten million rows as from ten.
-- Each index below is one filter, and all end alike: confidence in whole percent, time, id. The most doubtful first is
-- then the order of an index. The newest first is a merge of 101 short reads of it, one for each percent, so that the
-- other order needs no second index for each filter; a range of confidences reads fewer of them, and a range of dates
-- reads within each. See src/storage/history.py, which has the same expressions. New rows come at the end of the
-- entries with the same percent: ascending, so that pages of the index fill up, and read backwards.

-- All drawings.
CREATE INDEX predictions_history ON predictions (
    ((coalesce(shared_probabilities[shared_digit + 1], confidence) * 100)::smallint), created_at, id);
-- One visitor's. They are a sha-256 already, of which the first 48 bits find all and hardly ever another's; the other
-- index of visitors, by id, stays with the list of recent drawings, which needs it at every answer.
CREATE INDEX predictions_visitor_history ON predictions (
    (left(visitor, 12)), ((coalesce(shared_probabilities[shared_digit + 1], confidence) * 100)::smallint), created_at, id)
    WHERE visitor IS NOT NULL;
-- Those that were read as one digit.
CREATE INDEX predictions_read_as ON predictions (
    (coalesce(shared_digit, predicted_digit)),
    ((coalesce(shared_probabilities[shared_digit + 1], confidence) * 100)::smallint), created_at, id);
-- Those with one label; what has none, as most drawings do, costs nothing.
CREATE INDEX predictions_label ON predictions (
    (CASE WHEN not_a_digit THEN 10 ELSE true_label END),
    ((coalesce(shared_probabilities[shared_digit + 1], confidence) * 100)::smallint), created_at, id)
    WHERE labelled_at IS NOT NULL;
-- Those that were read right or wrong, and those without a label.
CREATE INDEX predictions_outcome ON predictions (
    (CASE WHEN labelled_at IS NULL THEN 'unlabelled' WHEN review = 'rejected' OR not_a_digit THEN 'apart'
          WHEN coalesce(shared_digit, predicted_digit) = true_label THEN 'right' ELSE 'wrong' END),
    ((coalesce(shared_probabilities[shared_digit + 1], confidence) * 100)::smallint), created_at, id);
-- Those that came in one way.
CREATE INDEX predictions_source ON predictions (
    source, ((coalesce(shared_probabilities[shared_digit + 1], confidence) * 100)::smallint), created_at, id);
-- Those that one version of a model read.
CREATE INDEX predictions_version ON predictions (
    model, model_version, ((coalesce(shared_probabilities[shared_digit + 1], confidence) * 100)::smallint), created_at, id);
