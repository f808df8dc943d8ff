"""Swaps the models that serve to the versions that are active in the database, within a second or two of a change.

A version is loaded and checked beside the one that serves, and then takes its place. A damaged one is refused, and the
last good one goes on serving.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from learning.card import ModelCard
from learning.registry import MODELS
from learning.weights import ModelMissing, Weights
from serving.predictor import Predictor, load_version
from storage import model_store, trainings
from storage.database import Database, DatabaseAway
from storage.model_store import NoSuchVersion

VersionKey = tuple[str, int, str]  # a model, a version's number, and its checksum

RETRY_INTERVAL = 30.0  # seconds until a refused version is tried again
POLL_INTERVAL = 1.0  # seconds between two looks without an announcement: one can be missed

log = logging.getLogger(__name__)


class Watcher:
    """A thread that keeps a predictor up to date, and stores the `shipped` weights in the database.

    `unserved`: the cards of trainings that made no weights to serve; they are stored as well.
    """

    def __init__(
        self,
        database: Database,
        predictor: Predictor,
        shipped: Sequence[Weights],
        unserved: Sequence[ModelCard] = (),
    ) -> None:
        self._database, self._predictor = database, predictor
        self._shipped, self._unserved = list(shipped), unserved
        self._registered = False
        self._refused: dict[VersionKey, tuple[float, str]] = {}
        self._stored: dict[str, list[tuple[int, str]]] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="version-watcher", daemon=True)

    def open(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def close(self) -> None:
        """End, within a second or so."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def ship(self, weights: Weights) -> None:
        """Store the project's weights of one more model, soon."""
        self._shipped.append(weights)
        self._registered = False

    @property
    def refusals(self) -> list[str]:
        """Which versions were passed over, the active one of a model first, and why: in sentences."""
        found = []
        for model, versions in self._stored.items():
            keys = [(model, version, sha256) for version, sha256 in versions]
            if keys[0] in self._refused:
                found += [self._passed_over(key) for key in keys if key in self._refused]
        return found

    def _passed_over(self, key: VersionKey) -> str:
        model, version, _ = key
        serving = self._predictor.models.get(model)
        instead = f"version {serving.info.version} serves" if serving else "no other can serve"
        return f"Version {version} of {model} was passed over, and {instead}. {self._refused[key][1]}"

    def check(self) -> None:
        """Swap to the active versions, where others serve. Raises DatabaseAway."""
        if not self._registered:
            for weights in tuple(self._shipped):
                model_store.register_shipped(self._database, weights)
            for card in self._unserved:
                trainings.register(self._database, card)
            self._registered = True
        # A model of a later release, before a step back to this one, is nothing that can serve here.
        stored = {name: each for name, each in model_store.serving(self._database).items() if name in MODELS}
        self._stored = stored
        for model, versions in stored.items():
            self._follow(model, versions)

    def _follow(self, model: str, versions: list[tuple[int, str]]) -> None:
        """Serve the first intact version: the active one, or the latest of those that served before it."""
        for version, sha256 in versions:
            serving = self._predictor.models.get(model)
            if serving and (serving.info.version, serving.info.sha256) == (version, sha256):
                return
            if self._tried_recently((model, version, sha256)):
                continue
            try:
                loaded = load_version(model_store.load(self._database, model, version))
            except (ModelMissing, NoSuchVersion) as error:
                if (model, version, sha256) not in self._refused:
                    log.error("version %d of %s is refused: %s", version, model, error)
                self._refused[model, version, sha256] = time.monotonic(), str(error)
            else:
                self._refused.pop((model, version, sha256), None)
                self._predictor.serve(loaded)
                log.info("version %d of %s serves", version, model)
                return

    def _tried_recently(self, version: VersionKey) -> bool:
        return version in self._refused and time.monotonic() - self._refused[version][0] < RETRY_INTERVAL

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                for _ in model_store.changes(self._database, POLL_INTERVAL):
                    if self._closing.is_set():
                        return
                    self.check()
            except DatabaseAway:
                self._registered = False  # another database may come back
            except Exception:
                # Whatever it was, this replica must not serve an old version forever.
                log.exception("the version watcher failed; it goes on")
            self._closing.wait(POLL_INTERVAL)
