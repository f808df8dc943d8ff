"""What a visitor has said of their own drawings, and of nobody else's."""

from __future__ import annotations

from uuid import uuid4

import logger
from learning.classes import NOT_A_DIGIT
from storage.database import Database
from storage.visitor_labels import Said, labels_of
from storage.writer import Writer
from support.rows import ME, YOU, row


def test_a_visitors_own_labels_are_found_with_their_pictures(database: Database, writer: Writer) -> None:
    labels = {uuid4(): (ME, 7), uuid4(): (ME, NOT_A_DIGIT), uuid4(): (YOU, 3), uuid4(): (ME, None)}
    for drawing_id, (visitor, label) in labels.items():
        logger.log_prediction(writer, row(drawing_id=drawing_id, visitor=visitor)).result()
        if label is not None:
            logger.log_label(writer, drawing_id, label, visitor).result()
    seven, nothing, *_ = labels
    image = row().image
    assert labels_of(database, labels, ME) == {seven: Said(7, image), nothing: Said(NOT_A_DIGIT, image)}
    assert labels_of(database, [], ME) == {}
