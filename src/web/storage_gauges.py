"""For Prometheus: how much the database takes, and how much the disk has left."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from settings import Settings
from storage.database import Database, DatabaseAway
from storage.disk import database_bytes, space

SIZING_TIMEOUT = 1.0  # seconds that a scrape waits for the database


class DatabaseSize:
    """The database's size, asked for on a thread of its own so that no scrape waits for the database."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database-size")
        self._asking: Future[None] | None = None
        self._known: int | None = None

    def of(self, database: Database) -> int | None:
        """The size in bytes, that of the last time if asking takes long; None while the database is away."""
        if self._asking is None or self._asking.done():
            self._asking = self._thread.submit(self._ask, database)
        wait([self._asking], SIZING_TIMEOUT)
        return self._known

    def _ask(self, database: Database) -> None:
        try:
            self._known = database_bytes(database)
        except DatabaseAway:
            self._known = None


_size = DatabaseSize()


def storage_gauges(settings: Settings, database: Database) -> Iterator[Metric]:
    """The gauges; what is not known is absent."""
    disk, taken = space(settings.data_dir), _size.of(database)
    if disk is not None:
        free = "Bytes that are left on the disk of DATA_DIR."
        yield GaugeMetricFamily("digit_reader_disk_free_bytes", free, disk.free)
        yield GaugeMetricFamily("digit_reader_disk_size_bytes", "The size of that disk, in bytes.", disk.size)
    if taken is not None:
        yield GaugeMetricFamily("digit_reader_database_bytes", "The database's size, in bytes.", taken)
