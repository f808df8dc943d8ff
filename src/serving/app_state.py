"""The state of the running app, opened once and shared by the pages and the API."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import logger
from feedback.jobs import RetrainingJob
from serving.batching import Batcher
from serving.explaining import Explainer
from serving.hands import HandCache
from serving.loading import ModelLoader, watch
from serving.nightly import NightlyCheck
from serving.page_readings import PageReadings
from serving.reading import Reader
from serving.whole_numbers import NumberReader
from settings import Settings, load_settings
from storage import erasure, hands, withdrawal
from storage.database import Database, open_database
from storage.insights import Insights
from storage.labels import Rules
from storage.nothing_kept import NoDatabase, NoWriter
from storage.spool import Spool
from storage.sweeping import Sweeper
from storage.writer import Writer

if TYPE_CHECKING:
    from serving.predictor import Predictor
    from serving.watcher import Watcher


@dataclass(frozen=True)
class AppState:
    """What a process has one of: settings, database, writer, models."""

    settings: Settings
    database: Database
    writer: Writer
    insights: Insights
    retraining: RetrainingJob
    models: ModelLoader
    batcher: Batcher
    hands: HandCache
    reader: Reader
    page_readings: PageReadings
    numbers: NumberReader
    explainer: Explainer
    sweeper: Sweeper
    self_check: NightlyCheck

    def close(self) -> None:
        """Predict and write what is queued, end what was started, and close the database."""
        self.sweeper.close()
        self.explainer.close()
        self.numbers.close()
        self.models.close()
        self.hands.close()
        self.batcher.close()
        self.retraining.close()
        self.self_check.close()
        self.writer.close()
        self.database.close()


def open_app_state(settings: Settings) -> AppState:
    """Open everything; database and models get ready in the background."""
    database = NoDatabase() if settings.read_only else open_database(settings)
    writer = NoWriter() if settings.read_only else _open_writer(settings, database)
    retraining = RetrainingJob(database, settings.retrain_every)

    def follow(predictor: Predictor) -> Watcher:
        retraining.open()  # trainings by themselves start from versions that the watcher has stored
        return watch(settings, database, predictor)

    models = ModelLoader(settings, watch=None if settings.read_only else follow)
    batcher = Batcher(lambda frames, model, hands: models.predictor().predict_all(frames, model, hands))
    known = HandCache(database, models)
    if not settings.read_only:
        known.open()
    reader = Reader(batcher, writer, known)
    readings = PageReadings(reader, keeps=not settings.read_only)
    numbers = NumberReader(batcher, writer, known)
    explainer, insights = Explainer(models, known, database), Insights(database)
    sweeper, nightly = Sweeper(database, settings.retention_days), NightlyCheck(database)
    if not settings.read_only:
        sweeper.open()
        nightly.open()
    return AppState(
        settings=settings,
        database=database,
        writer=writer,
        insights=insights,
        retraining=retraining,
        models=models,
        batcher=batcher,
        hands=known,
        reader=reader,
        page_readings=readings,
        numbers=numbers,
        explainer=explainer,
        sweeper=sweeper,
        self_check=nightly,
    )


def _open_writer(settings: Settings, database: Database) -> Writer:
    rules = Rules(settings.feedback_review == "all", settings.label_rate)
    statements = logger.statements(rules) | hands.statements() | withdrawal.statements() | erasure.statements()
    writer = Writer(database, Spool(settings.data_dir / "spool.sqlite"), statements)
    writer.open()
    return writer


_app_state: AppState | None = None
_lock = threading.Lock()


def get_app_state() -> AppState:
    """The state of this process, opened by the first call. Raises SettingsError."""
    global _app_state  # a process has one, as it has one model in memory and one pool
    with _lock:
        if _app_state is None:
            _app_state = open_app_state(load_settings())
        return _app_state


def close_app_state() -> None:
    """Close the state of this process, if there is one."""
    global _app_state
    with _lock:
        if _app_state is not None:
            _app_state.close()
            _app_state = None
