"""Keeps the models that serve at the versions that the database calls active, within a second or two of a change.

A version is loaded and checked beside the one that serves, and then takes its place. One that is damaged is refused,
and the last good one serves on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

from serving.prediction import ModelMissing
from serving.predictor import Predictor, ServingModel, load_version
from storage import model_store
from storage.database import Database, DatabaseAway
from storage.model_store import NoSuchVersion

Named = tuple[str, int, str]  # a network, a version's number, and its checksum

AGAIN = 30.0  # seconds until a version that was refused is tried again
EVERY = 1.0  # seconds between two looks where nothing was announced: an announcement can be missed

log = logging.getLogger(__name__)


class Watcher:
    """A thread that looks after a predictor. `shipped` are the project's own weights and their cards, to be stored."""

    def __init__(
        self, database: Database, predictor: Predictor, shipped: Mapping[str, tuple[bytes, dict[str, Any]]]
    ) -> None:
        self._database, self._predictor, self._shipped = database, predictor, shipped
        self._registered = False
        self._refused: dict[Named, float] = {}
        self._active: set[Named] = set()
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
    def trouble(self) -> str | None:
        """Which active version was refused, in a sentence; None while all of them serve."""
        refused = sorted(self._active & self._refused.keys())
        return (
            " ".join(
                f"Version {version} of {model} is damaged and was refused: the last good one serves."
                for model, version, _ in refused
            )
            or None
        )

    def look(self) -> None:
        """Let the active versions serve, where they do not yet. Raises DatabaseAway."""
        if not self._registered:
            for model, (weights, card) in self._shipped.items():
                model_store.register_shipped(self._database, model, weights, card)
            self._registered = True
        stored = model_store.serving(self._database)
        self._active = {(model, *versions[0]) for model, versions in stored.items()}
        for model, versions in stored.items():
            self._follow(model, versions)

    def _follow(self, model: str, versions: list[tuple[int, str]]) -> None:
        """Serve the first version that is whole: the active one, or the latest of those that served before it."""
        for version, sha256 in versions:
            now = self._predictor.models.get(model)
            if now and (now.version, now.card.get("sha256")) == (version, sha256):
                return
            if self._tried_lately((model, version, sha256)):
                continue
            try:
                serving = self._load(model, version, sha256)
            except (ModelMissing, NoSuchVersion) as error:
                if (model, version, sha256) not in self._refused:
                    log.error("version %d of %s is refused: %s", version, model, error)
                self._refused[model, version, sha256] = time.monotonic()
            else:
                self._refused.pop((model, version, sha256), None)
                self._predictor.serve(serving)
                log.info("version %d of %s serves", version, model)
                return

    def _tried_lately(self, version: Named) -> bool:
        return time.monotonic() - self._refused.get(version, -AGAIN) < AGAIN

    def _load(self, model: str, version: int, sha256: str) -> ServingModel:
        weights, _, metrics = model_store.weights(self._database, model, version)
        return load_version(model, version, weights, sha256, metrics | {"size_bytes": len(weights)})

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                for _ in model_store.changes(self._database, EVERY):
                    if self._closing.is_set():
                        return
                    self.look()
            except DatabaseAway:
                self._registered = False  # another database may come back
            except Exception:
                # Whatever it was, this replica must not serve yesterday's model for ever.
                log.exception("the version watcher stumbled")
            self._closing.wait(EVERY)
