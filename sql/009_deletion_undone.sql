-- Deleting a drawing can be undone: its row comes back as it was. Every replica hears of the label that comes with it.

CREATE TRIGGER predictions_brought_back AFTER INSERT ON predictions FOR EACH ROW
    WHEN (new.visitor IS NOT NULL AND new.labelled_at IS NOT NULL)
    EXECUTE FUNCTION announce_hand();
