"""A data set becomes rows like those of people's drawings: read by the model that serves, labelled, and judged.

A data set is one person: its labels never vouch for each other in the screening, and Review can show them alone. All
data sets together have a quota in each training (storage.labels.IMPORTS_QUOTA), so that they take nobody's place.
Nobody outside can write into it: the person's name is a hash that no cookie and no session leads to, and no page or
call gives a row the source "import".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from uuid import UUID

import logger
from datasets.examples import Example, Unreadable
from serving.choosing import DrawingPrediction, read_drawings
from serving.predictor import ServingModel
from serving.reading import Reading
from storage import imports
from storage.database import Database
from storage.labels import LabelRow, Rules
from storage.spool import Entry
from storage.statements import Statements

SOURCE = WHO = "import"
BATCH = 200  # drawings that are read together, and written in one transaction
MAX_NAMED = 20  # of what could not be read


@dataclass
class Tally:
    """What has become of a data set so far."""

    approved: int = 0
    pending: int = 0
    known: int = 0
    unreadable: int = 0
    named: list[Unreadable] = field(default_factory=list)
    """The first MAX_NAMED of those that could not be read."""

    @property
    def imported(self) -> int:
        """The drawings that are new."""
        return self.approved + self.pending


class Importer:
    """Imports labelled drawings into a database, as one person of that `name`; `review_all`: all labels wait."""

    def __init__(self, database: Database, model: ServingModel, name: str, review_all: bool) -> None:
        self._database, self._model = database, model
        self._installation = imports.installation(database)
        self._person = hashlib.sha256(f"import:{self._installation}:{name}".encode()).hexdigest()
        # The rate of labels is for people; a data set comes as fast as it is read.
        self._statements = Statements(database, logger.statements(Rules(review_all, rate=None)))
        self.tally = Tally()

    def take(self, examples: Iterable[Example | Unreadable]) -> Iterator[int]:
        """Import them; yields, after each batch, how many were taken. What is there already stays as it is.

        Raises DatabaseAway; what was yielded before is safe then, and taking all of it again goes on from there.
        """
        coming = iter(examples)
        while batch := list(islice(coming, BATCH)):
            self._note([each for each in batch if isinstance(each, Unreadable)])
            self._import([each for each in batch if isinstance(each, Example)])
            yield len(batch)

    def _note(self, unreadable: Sequence[Unreadable]) -> None:
        self.tally.unreadable += len(unreadable)
        self.tally.named += unreadable[: MAX_NAMED - len(self.tally.named)]

    def _import(self, examples: Sequence[Example]) -> None:
        by_id = {self.drawing_id(each): each for each in examples}
        there = imports.known(self._database, list(by_id))
        self.tally.known += len(examples) - len(by_id) + len(there)
        new = {drawing_id: each for drawing_id, each in by_id.items() if drawing_id not in there}
        if not new:
            return
        read = self._read(list(new.values()))
        rows = [
            Reading(drawing_id, each.drawing, each.prediction, SOURCE, self._person).row
            for drawing_id, each in zip(new, read, strict=True)
        ]
        entries = [Entry("prediction", logger.parameters(row)) for row in rows]
        said = {"who": WHO, "owner": None}
        entries += [Entry("label", said | {"drawing_id": key, "label": each.label}) for key, each in new.items()]
        # Rows and labels are one transaction: none is ever there without the other.
        for written in self._statements.commit(entries)[len(rows) :]:
            approved = written is not None and LabelRow(*written).review == "approved"
            self.tally.approved += approved
            self.tally.pending += not approved

    def drawing_id(self, example: Example) -> UUID:
        """The id of a drawing: by its picture and label, and another one in each installation.

        Whoever has the data set cannot guess it, and so cannot label the drawing.
        """
        content = example.drawing.frame.tobytes() + bytes([example.label])
        digest = hashlib.blake2b(content, digest_size=16, key=self._installation.bytes).digest()
        return UUID(bytes=digest, version=4)

    def _read(self, examples: Sequence[Example]) -> list[DrawingPrediction]:
        """What the model reads; the time of the batch is shared out."""
        read = read_drawings(self._model.predict_all, [each.drawing for each in examples])
        return [
            each._replace(prediction=replace(each.prediction, elapsed_ms=each.prediction.elapsed_ms / len(examples)))
            for each in read
        ]
