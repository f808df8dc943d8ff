"""Loading the models in the background, after the first page: importing torch keeps Python busy for seconds."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from feedback.jobs import train_from_scratch
from learning.registry import MODELS
from learning.weights import (
    ModelInfo,
    ModelMissing,
    WeightsMissing,
    find_folder,
    read_weights,
    trained_folder,
    unserved_cards,
)
from settings import Settings
from storage.database import Database, DatabaseAway

if TYPE_CHECKING:
    from serving.predictor import Predictor
    from serving.watcher import Watcher

# The models load this many seconds after the first page's canvas was sent, or, without a page, after this many from the
# start, or as soon as a prediction is asked for. The canvas is there after 2.3 s; loaded at once, they make it 2.8 s.
DELAY_AFTER_PAGE = 0.5
DELAY_AFTER_START = 6.0
# So long the first load waits for the database, which knows the active version; without it the project's own serves.
DATABASE_TIMEOUT = 2.0

log = logging.getLogger(__name__)


class ModelLoader:
    """Loads the models on a thread of its own, trains them where there are no weights, and keeps them up to date."""

    def __init__(
        self,
        settings: Settings,
        load: Callable[[Settings], Predictor] | None = None,
        watch: Callable[[Predictor], Watcher] | None = None,
    ) -> None:
        self._settings, self._load, self._watch = settings, load or load_shipped, watch
        self._watcher: Watcher | None = None
        self._closing = threading.Event()
        self._predictor: Predictor | None = None
        self._error: str | None = "The model is loading."
        self._loaded = threading.Event()
        self._wanted = threading.Event()
        threading.Thread(target=self._run, name="model-loader", daemon=True).start()

    def close(self) -> None:
        """End what was started."""
        self._closing.set()
        if self._watcher is not None:
            self._watcher.close()

    @property
    def loading(self) -> bool:
        """Whether the models are still being loaded."""
        return not self._loaded.is_set()

    @property
    def error(self) -> str | None:
        """Why no model can predict at present, or None while one can."""
        return self._error

    @property
    def version_error(self) -> str | None:
        """Which version of a model was refused, so that an older one serves; None where none was."""
        return self._watcher.error if self._watcher else None

    def page_sent(self) -> None:
        """Note that a canvas is on its way to a browser: the models may load once it is there."""
        if not self._wanted.is_set():
            threading.Timer(DELAY_AFTER_PAGE, self._wanted.set).start()

    def load_now(self) -> None:
        """Load without further delay."""
        self._wanted.set()

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the models are loaded, or cannot be."""
        self._loaded.wait(timeout)

    def predictor(self, timeout: float = 30) -> Predictor:
        """The predictor, waiting for it while it loads. Raises ModelMissing."""
        self.load_now()
        self.wait(timeout)
        if self._predictor is None:
            raise ModelMissing(self._error or "The model is missing.")
        return self._predictor

    def infos(self) -> dict[str, ModelInfo]:
        """What is known of each model that serves, or will once it is loaded. Raises ModelMissing."""
        if self.loading:
            return {model: read_weights(find_folder(model, self._settings.data_dir), model).info for model in MODELS}
        return {name: model.info for name, model in self.predictor().models.items()}

    def _run(self) -> None:
        gc.disable()  # the first answer comes after 3.5 s; with collections on the way, after 3.9 s
        try:
            self._wanted.wait(DELAY_AFTER_START)
            self._predictor = self._load_or_train()
            self._error = None
        except ModelMissing as error:
            self._error = str(error)
            log.error("%s", error)
        except Exception:
            # Whatever it was, nobody must wait for a model that will not come.
            self._error = "The models cannot be loaded; the app's log says why."
            log.exception("the models cannot be loaded")
        finally:
            self._loaded.set()
            gc.freeze()  # imported modules stay: a full collection takes no time, instead of 83 ms
            gc.enable()

    def _load_or_train(self) -> Predictor:
        try:
            predictor = self._load(self._settings)
        except WeightsMissing as error:
            log.warning("%s They are trained now.", error)
            self._train(error)
            predictor = self._load(self._settings)
        if self._watch is not None and not self._closing.is_set():
            self._watcher = self._watch(predictor)
        return predictor

    def _train(self, cause: WeightsMissing) -> None:
        """Train every model from scratch, which takes minutes; meanwhile `error` says how far it is."""
        self._loaded.set()
        gc.enable()
        folder = str(trained_folder(self._settings.data_dir))
        if not train_from_scratch(folder, str(self._settings.data_dir), self._report, self._closing):
            raise ModelMissing(self._error or str(cause)) from cause

    def _report(self, sentence: str) -> None:
        self._error = sentence


def load_shipped(settings: Settings) -> Predictor:
    """The models as they are in the project's folder, or trained by the app. Raises WeightsMissing, ModelMissing."""
    from serving.predictor import load_predictor  # torch: seconds to import

    return load_predictor({model: find_folder(model, settings.data_dir) for model in MODELS}, settings.torch_threads)


def watch(settings: Settings, database: Database, predictor: Predictor) -> Watcher:
    """A running watcher that has checked once: the active versions serve from the first prediction on."""
    from serving.watcher import Watcher  # torch, as above

    shipped = [read_weights(find_folder(model, settings.data_dir), model) for model in MODELS]
    watcher = Watcher(database, predictor, shipped, unserved_cards(settings.data_dir))
    if database.starting:
        database.wait_until_ready(DATABASE_TIMEOUT)
    with suppress(DatabaseAway):
        watcher.check()
    watcher.open()
    return watcher
