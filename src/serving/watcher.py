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
        self._database, self._predictor, self._shipped, self._unserved = database, predictor, shipped, unserved
        self._registered = False
        self._refused: dict[VersionKey, float] = {}
        self._active: set[VersionKey] = set()
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

    @property
    def error(self) -> str | None:
        """Which active version was refused, in a sentence; None while all of them serve."""
        refused = sorted(self._active & self._refused.keys())
        return (
            " ".join(
                f"Version {version} of {model} is damaged and was refused: the last good one serves."
                for model, version, _ in refused
            )
            or None
        )

    def check(self) -> None:
        """Swap to the active versions, where others serve. Raises DatabaseAway."""
        if not self._registered:
            for weights in self._shipped:
                model_store.register_shipped(self._database, weights)
            for card in self._unserved:
                trainings.register(self._database, card)
            self._registered = True
        # A model of a later release, before a step back to this one, is nothing that can serve here.
        stored = {name: each for name, each in model_store.serving(self._database).items() if name in MODELS}
        self._active = {(model, *versions[0]) for model, versions in stored.items()}
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
                self._refused[model, version, sha256] = time.monotonic()
            else:
                self._refused.pop((model, version, sha256), None)
                self._predictor.serve(loaded)
                log.info("version %d of %s serves", version, model)
                return

    def _tried_recently(self, version: VersionKey) -> bool:
        return time.monotonic() - self._refused.get(version, -RETRY_INTERVAL) < RETRY_INTERVAL

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
