"""Loading the models in the background, after the first page: importing torch keeps Python busy for seconds."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from feedback.jobs import train_from_scratch
from learning.registry import DEFAULT_MODEL, MODELS
from learning.weights import (
    TRAIN,
    ModelInfo,
    ModelMissing,
    Weights,
    WeightsMissing,
    checksum,
    find_folder,
    read_weights,
    trained_folder,
    unserved_cards,
)
from settings import Settings
from storage import model_store
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

NO_WEIGHTS = f"There are no trained weights: to make them, {TRAIN}"

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
        predictor = self._predictor
        if predictor is None:
            return self._error
        return None if predictor.models else " ".join(predictor.reasons)

    @property
    def missing(self) -> dict[str, str]:
        """The models that cannot be asked while others can, each with a sentence that says why."""
        predictor = self._predictor
        return predictor.missing if predictor is not None and predictor.models else {}

    @property
    def default(self) -> str:
        """The model for whoever asks for none: the best of those that serve."""
        serving = self._predictor.models if self._predictor else {}
        return next(iter(serving), DEFAULT_MODEL)

    @property
    def passed_over(self) -> list[str]:
        """What was refused where something else serves in its place, each in sentences: files and versions."""
        refused = self._predictor.refused if self._predictor else {}
        serving = self._predictor.models if self._predictor else {}
        files = [
            f"The files of the {MODELS[name].display_name} model were passed over, and version "
            f"{serving[name].info.version} from the database serves. {why}"
            for name, why in refused.items()
            if name in serving
        ]
        return [*self.missing.values(), *files, *(self._watcher.refusals if self._watcher else [])]

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
        """The predictor, waiting for it while it loads. Raises ModelMissing where no model can predict."""
        self.load_now()
        self.wait(timeout)
        if self._predictor is None or not self._predictor.models:
            raise ModelMissing(self.error or "The model is missing.")
        return self._predictor

    def infos(self) -> dict[str, ModelInfo]:
        """What is known of each model that serves, or will once it is loaded. Raises ModelMissing for none at all."""
        if not self.loading:
            return {name: model.info for name, model in self.predictor().models.items()}
        found, missing = {}, list[ModelMissing]()
        for model in MODELS:
            try:
                found[model] = read_weights(find_folder(model, self._settings.data_dir), model).info
            except ModelMissing as error:
                missing.append(error)
        if not found:
            nothing = all(isinstance(each, WeightsMissing) for each in missing)
            raise ModelMissing(NO_WEIGHTS if nothing else " ".join(map(str, missing)))
        return found

    def _run(self) -> None:
        gc.disable()  # the first answer comes after 3.5 s; with collections on the way, after 3.9 s
        try:
            self._wanted.wait(DELAY_AFTER_START)
            predictor = self._load(self._settings)
            self._begin_to_watch(predictor)
            self._predictor = predictor
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
        if self._predictor is not None:
            self._make_good(self._predictor)

    def _begin_to_watch(self, predictor: Predictor) -> None:
        if self._watch is not None and not self._closing.is_set():
            self._watcher = self._watch(predictor)

    def _make_good(self, predictor: Predictor) -> None:
        """Log which files were refused, and train the models that have none and do not serve either."""
        for name, why in predictor.refused.items():
            log.error("%s: %s", name, why)
        lacking = [
            name
            for name, why in predictor.refused.items()
            if isinstance(why, WeightsMissing) and name not in predictor.models
        ]
        if len(lacking) == len(MODELS):
            self._train(predictor, lacking, "all")
        else:
            for name in lacking:
                self._train(predictor, [name], name)

    def _train(self, predictor: Predictor, names: Sequence[str], asked: str) -> None:
        """Train models from scratch, which takes minutes; meanwhile the pages say how far it is."""
        log.warning("there are no weights of %s: they are trained now", ", ".join(names))
        folder, data_dir = trained_folder(self._settings.data_dir), self._settings.data_dir

        def report(said: str) -> None:
            for name in names:
                predictor.report(name, said)

        report(NO_WEIGHTS)
        if not train_from_scratch(str(folder), str(data_dir), report, self._closing, asked):
            return
        for name in names:
            if name in predictor.models:
                continue  # a version from the database has come meanwhile
            predictor.load(folder, name)
            if self._watcher is not None and name in predictor.models:
                self._watcher.ship(read_weights(folder, name))


def load_shipped(settings: Settings) -> Predictor:
    """The models as they are in the project's folder, or trained by the app; those that are damaged are left out."""
    from serving.predictor import load_predictor  # torch: seconds to import

    return load_predictor({model: find_folder(model, settings.data_dir) for model in MODELS}, settings.torch_threads)


def watch(settings: Settings, database: Database, predictor: Predictor) -> Watcher:
    """A running watcher that has checked once: the active versions serve from the first prediction on."""
    from serving.watcher import Watcher  # torch, as above

    watcher = Watcher(database, predictor, _intact(settings, predictor), unserved_cards(settings.data_dir))
    if database.starting:
        database.wait_until_ready(DATABASE_TIMEOUT)
    with suppress(DatabaseAway):
        watcher.check()
    watcher.open()
    return watcher


def _intact(settings: Settings, predictor: Predictor) -> list[Weights]:
    """The files of the models that were loaded from them: what was refused is not stored in the database either."""
    found = []
    for name, model in predictor.models.items():
        with suppress(ModelMissing):
            weights = read_weights(find_folder(name, settings.data_dir), name)
            if checksum(weights.data) == model.info.sha256:
                found.append(weights)
    return found


def check_version(database: Database, model: str, version: int) -> None:
    """Find out, before it is promoted, whether a stored version could serve: its weights, its card, and a prediction.

    Raises ModelMissing where it could not, NoSuchVersion, DatabaseAway.
    """
    from serving.predictor import load_version  # torch, as above

    load_version(model_store.load(database, model, version))
