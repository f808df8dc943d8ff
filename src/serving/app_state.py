"""The running app: its settings, its database and its models, opened once and shared by the pages and the API.

Here a frame becomes a reading, and a reading a row: what the pages and the API must do alike stands here alone.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import numpy as np

import logger
import metrics
from feedback.jobs import Trainer, train_from_scratch
from frames.preprocessing import from_png, to_png
from logger import PredictionRow, RecentDrawing
from serving.batching import Read, Reader
from serving.conversion import to_onnx
from serving.prediction import MODELS, ModelMissing, Prediction, WeightsMissing, read_card
from settings import ROOT, Settings, load_settings
from storage import labels, model_store
from storage.database import Database, DatabaseAway, open_database
from storage.insights import Insights
from storage.labels import Counts, Filters, Rules, Waiting
from storage.model_store import Training, Version
from storage.spool import Spool
from storage.writer import Writer, Written
from web.admins import Admins

if TYPE_CHECKING:
    from serving.comparison import Comparison
    from serving.predictor import Predictor
    from serving.watcher import Watcher

MODEL_DIR = ROOT / "model"

# Importing torch keeps Python busy for seconds, so a page that is being opened goes first. The models load this many
# seconds after its canvas was sent, or, where nobody opens a page, after this many from the start, or when asked for.
AFTER_PAGE = 0.5
AFTER_START = 6.0
# So long a start waits for the database, which knows the version that is active; the project's own serves without it.
FOR_DATABASE = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reading:
    """One drawing as it was read: the frame that the model saw, and its answer."""

    drawing_id: UUID
    frame: np.ndarray
    prediction: Prediction
    source: str
    visitor: str | None


class Service:
    """Reads drawings and keeps what people say about them."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        writer: Writer,
        load: Callable[[], Predictor],
        watch: Callable[[Predictor], Watcher] | None = None,
    ) -> None:
        self.settings = settings
        self.database = database
        self.writer = writer
        self.insights = Insights(database)
        self.admins = Admins(settings.admin_password)
        self.trainer = Trainer(database, settings.retrain_every)
        self._reader = Reader(lambda frames, model: self.predictor().predict_all(frames, model))
        self._watch = watch
        self._watcher: Watcher | None = None
        self._closing = threading.Event()
        self._predictor: Predictor | None = None
        self._model_trouble: str | None = "The model is loading."
        self._loaded = threading.Event()
        self._wanted = threading.Event()
        threading.Thread(target=self._load, args=(load,), name="model-loader", daemon=True).start()

    def _load(self, load: Callable[[], Predictor]) -> None:
        gc.disable()  # it would cost a tenth of the time, and find nothing
        try:
            import_module("pandas")  # takes a second, and Streamlit needs it for its first canvas
            self._wanted.wait(AFTER_START)
            self._predictor = self._loaded_or_trained(load)
            self._model_trouble = None
        except ModelMissing as error:
            self._model_trouble = str(error)
            log.error("%s", error)
        except Exception:
            # Whatever it was, nobody must wait for a model that will not come.
            self._model_trouble = "The models cannot be loaded; the app's log says why."
            log.exception("the models cannot be loaded")
        finally:
            self._loaded.set()
            gc.freeze()  # what was imported stays: no collection need look at it again
            gc.enable()

    def _loaded_or_trained(self, load: Callable[[], Predictor]) -> Predictor:
        try:
            predictor = load()
        except WeightsMissing as error:
            # What is said meanwhile is seen on the page: training from nothing takes minutes.
            log.warning("%s They are trained now.", error)
            self._loaded.set()
            gc.enable()
            folder = str(trained_folder(self.settings))
            if not train_from_scratch(folder, str(self.settings.data_dir), self._say_trouble, self._closing):
                raise ModelMissing(self._model_trouble or str(error)) from error
            predictor = load()
        if self._watch is not None and not self._closing.is_set():
            self._watcher = self._watch(predictor)
            self.trainer.open()
        return predictor

    def _say_trouble(self, sentence: str) -> None:
        self._model_trouble = sentence

    @property
    def loading(self) -> bool:
        """Whether the models are still on their way."""
        return not self._loaded.is_set()

    def page_sent(self) -> None:
        """A canvas is on its way to a browser: as soon as it is there, the models may load."""
        if not self._wanted.is_set():
            threading.Timer(AFTER_PAGE, self._wanted.set).start()

    def load_now(self) -> None:
        """Somebody waits for the models."""
        self._wanted.set()

    def wait(self, timeout: float | None = None) -> None:
        """Until the models are loaded, or cannot be."""
        self._loaded.wait(timeout)

    @property
    def model_trouble(self) -> str | None:
        """Why no model can read at present, or None while one can."""
        return self._model_trouble

    @property
    def version_trouble(self) -> str | None:
        """Which version of a model was refused, so that an older one serves; None where all is well."""
        return self._watcher.trouble if self._watcher else None

    def predictor(self, timeout: float = 30) -> Predictor:
        """The predictor, waiting for it while it loads. Raises ModelMissing."""
        self.load_now()
        self.wait(timeout)
        if self._predictor is None:
            raise ModelMissing(self._model_trouble or "The model is not there.")
        return self._predictor

    def cards(self) -> dict[str, dict[str, Any]]:
        """What is known of each model that serves, or will once it is loaded. Raises ModelMissing."""
        if self.loading:
            return {model: read_card(weights_folder(self.settings, model), model) for model in MODELS}
        return {name: model.card for name, model in self.predictor().models.items()}

    def read(self, frame: np.ndarray, model: str, drawing_id: UUID, source: str, visitor: str | None) -> Reading:
        """Read a (28, 28) uint8 frame; nothing is saved yet. Raises ModelMissing."""
        prediction = self.predictor().predict(frame, model)
        metrics.count_prediction(prediction, source)
        return Reading(drawing_id, frame, prediction, source, visitor)

    def read_and_save(
        self, frame: Callable[[], np.ndarray], model: str, source: str, visitor: str | None
    ) -> Future[Reading]:
        """Read a new drawing in its turn, and save it; done when its row is safe.

        Raises what `frame` raises, ModelMissing, and writer.NotWritten.
        """
        safe: Future[Reading] = Future()
        safe.set_running_or_notify_cancel()  # from now on it goes its way: nobody can take it back

        def save(read: Future[Read]) -> None:
            try:
                drawn, prediction = read.result()
                metrics.count_prediction(prediction, source)
                reading = Reading(uuid4(), drawn, prediction, source, visitor)
                self.save(reading).add_done_callback(lambda written: tell(written, reading))
            except Exception as error:  # noqa: BLE001 - raised again where the reading is waited for
                safe.set_exception(error)

        def tell(written: Future[Written], reading: Reading) -> None:
            error = written.exception()
            safe.set_exception(error) if error else safe.set_result(reading)

        self._reader.submit(frame, model).add_done_callback(save)
        return safe

    def save(self, reading: Reading) -> Future[Written]:
        """Write a reading's row, or write it anew; see logger.log_prediction."""
        start = time.perf_counter()
        written = logger.log_prediction(self.writer, _row(reading))
        written.add_done_callback(lambda done: None if done.exception() else metrics.took("log", start))
        return written

    def label(self, drawing_id: UUID, label: int, who: str, owner: str | None = None) -> Future[Written]:
        """Save what a drawing really is (0-9); see logger.log_label."""
        written = logger.log_label(self.writer, drawing_id, label, who, owner)
        written.add_done_callback(lambda done: metrics.count_label(_outcome(done)))
        return written

    def read_again(self, drawing: RecentDrawing, model: str, visitor: str) -> tuple[Prediction, Future[Written]]:
        """Read a kept drawing with the model of today, and keep that answer. Raises ModelMissing."""
        reading = self.read(from_png(drawing.image), model, drawing.drawing_id, "canvas", visitor)
        return reading.prediction, logger.log_again(self.writer, _row(reading))

    def remove(self, drawing_id: UUID, visitor: str) -> Future[Written]:
        """Delete a visitor's own drawing; see logger.remove."""
        return logger.remove(self.writer, drawing_id, visitor)

    def recent(self, visitor: str) -> list[RecentDrawing]:
        """A visitor's own newest drawings. Raises DatabaseAway."""
        return logger.recent(self.database, visitor)

    # --- Versions: for administrators -------------------------------------------------------------------------------

    def versions(self, model: str = "") -> list[Version]:
        """Every version of a network, or of all, the newest first. Raises DatabaseAway."""
        return model_store.versions(self.database, model)

    def weights(self, model: str, version: int) -> bytes:
        """A version's weights, as torch.save wrote them. Raises model_store.NoSuchVersion, DatabaseAway."""
        return model_store.weights(self.database, model, version)[0]

    def onnx(self, model: str, version: int) -> bytes:
        """A version as an ONNX file, made in some seconds. Raises NotConverted, NoSuchVersion, DatabaseAway."""
        return to_onnx(model, self.weights(model, version))

    def compare(self, model: str, versions: tuple[int, int], limit: int) -> Comparison:
        """What two versions read in the drawings that were approved last.

        Raises model_store.NoSuchVersion, ModelMissing for a version that is damaged, and DatabaseAway.
        """
        from serving.comparison import compare

        return compare(self.database, model, versions, limit)

    def promote(self, model: str, version: int) -> None:
        """Let a version serve, here and at every replica. Raises model_store.NoSuchVersion, DatabaseAway."""
        model_store.promote(self.database, model, version, "admin")

    def roll_back(self, model: str) -> int:
        """Let the version serve that the active one replaced; its number. Raises NoSuchVersion, DatabaseAway."""
        return model_store.roll_back(self.database, model, "admin")

    def retrain(self, min_labels: int = 1) -> None:
        """Start a training in the background. Raises model_store.TrainingUnderWay."""
        self.trainer.start(min_labels, "admin")

    @property
    def training(self) -> bool:
        """Whether a training that this process has started is under way; progress() has those of all replicas."""
        return self.trainer.running

    def training_trouble(self, newest: Training | None) -> str | None:
        """Why the last training that this process has started came to nothing.

        None where it did not, and once another replica has had a newer one.
        """
        trouble, when = self.trainer.trouble, self.trainer.trouble_at
        if trouble is None or when is None or (newest is not None and newest.heard_at > when):
            return None
        return trouble

    def progress(self, limit: int = 10) -> list[Training]:
        """The newest trainings of all replicas, the newest first. Raises DatabaseAway."""
        return model_store.trainings(self.database, limit)

    # --- The review: for administrators -------------------------------------------------------------------------------

    def label_counts(self) -> Counts:
        """How many labels wait for review, are new to the next training, have taught, or were refused."""
        return labels.counts(self.database)

    def review_queue(self, filters: Filters | None = None, limit: int = 60, offset: int = 0) -> list[Waiting]:
        """A page of the labels in review, the most suspicious first. Raises DatabaseAway."""
        return labels.queue(self.database, filters or Filters(), limit, offset)

    def review_length(self, filters: Filters | None = None) -> int:
        """How many labels the queue has in all. Raises DatabaseAway."""
        return labels.queue_length(self.database, filters or Filters())

    def images(self, drawing_ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """The pictures of drawings, as PNGs; those that were deleted are left out. Raises DatabaseAway."""
        return labels.images(self.database, drawing_ids)

    def approve(self, drawing_ids: Sequence[UUID]) -> UUID:
        """Let labels teach; the action's name, for undo_review(). Raises DatabaseAway."""
        return labels.approve(self.database, drawing_ids)

    def reject(self, drawing_ids: Sequence[UUID]) -> UUID:
        """Let labels never teach; the action's name, for undo_review(). Raises DatabaseAway."""
        return labels.reject(self.database, drawing_ids)

    def relabel(self, drawing_ids: Sequence[UUID], label: int) -> UUID:
        """Give drawings another label (0-9) and let it teach; the action's name, for undo_review()."""
        return labels.relabel(self.database, drawing_ids, label)

    def undo_review(self, action: UUID) -> int:
        """Take back what an action did; on how many drawings it could. Raises DatabaseAway."""
        return labels.undo(self.database, action)

    def close(self) -> None:
        """Write what is queued, end what was started, and let go of the database."""
        self._closing.set()
        self._reader.close()
        self.trainer.close()
        if self._watcher is not None:
            self._watcher.close()
        self.writer.close()
        self.database.close()


def _outcome(done: Future[Written]) -> str:
    """What became of a label, in one of metrics.OUTCOMES."""
    if done.exception():
        return "failed"
    written = done.result()
    if written.spooled or written.row is None:
        return "spooled"
    return "saved" if written.row[0] else "unknown"


def _row(reading: Reading) -> PredictionRow:
    prediction = reading.prediction
    return PredictionRow(
        drawing_id=reading.drawing_id,
        predicted_digit=prediction.predicted_digit,
        confidence=prediction.confidence,
        probabilities=prediction.probabilities,
        digit_score=prediction.digit_score,
        image=to_png(reading.frame),
        source=reading.source,
        visitor=reading.visitor,
        model=prediction.model,
        model_version=prediction.model_version,
        elapsed_ms=prediction.elapsed_ms,
    )


def trained_folder(settings: Settings) -> Path:
    """Where the app keeps weights that it had to train by itself: the project's own folder may be read-only."""
    return settings.data_dir / "model"


def weights_folder(settings: Settings, model: str) -> Path:
    """Where a model's weights are: the project's own, or, where those are missing, the app's."""
    return MODEL_DIR if (MODEL_DIR / f"{model}.pt").exists() else trained_folder(settings)


def _load_shipped(settings: Settings) -> Predictor:
    from serving.predictor import load_predictor

    return load_predictor({model: weights_folder(settings, model) for model in MODELS}, settings.torch_threads)


def _watch(settings: Settings, database: Database, predictor: Predictor) -> Watcher:
    """A watcher at work, which has looked once: what is active serves from the first reading on."""
    from serving.watcher import Watcher

    shipped = {
        model: ((weights_folder(settings, model) / f"{model}.pt").read_bytes(), predictor.models[model].card)
        for model in MODELS
    }
    watcher = Watcher(database, predictor, shipped)
    if database.starting:
        database.wait_until_ready(FOR_DATABASE)
    with suppress(DatabaseAway):
        watcher.look()
    watcher.open()
    return watcher


_service: Service | None = None
_starting = threading.Lock()


def start() -> Service:
    """Open the one service of this process, or return it. Raises SettingsError."""
    global _service  # a process has one, as it has one model in memory and one pool
    with _starting:
        if _service is None:
            settings = load_settings()
            database = open_database(settings)
            rules = Rules(settings.feedback_review == "all", settings.label_rate)
            writer = Writer(database, Spool(settings.data_dir / "spool.sqlite"), logger.statements(rules))
            writer.open()
            _service = Service(
                settings,
                database,
                writer,
                lambda: _load_shipped(settings),
                lambda predictor: _watch(settings, database, predictor),
            )
        return _service


def stop() -> None:
    """Close the service of this process, if there is one."""
    global _service
    with _starting:
        if _service is not None:
            _service.close()
            _service = None
