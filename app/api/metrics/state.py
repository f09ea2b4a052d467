"""What the service says of itself at the moment of a scrape, as metrics: one row for each number."""

import platform
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Generic, TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from app.api.lanes import Lane, Lanes
from app.engine.device.faiss_torch import faiss, torch
from app.service.readiness import Readiness
from app.storage.pictures.pictures import PicturesState
from app.storage.records.writer import WriterState
from app.version import service_version

Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True)
class Figure(Generic[Seen]):
    """A number of what is seen. `counts`: it only grows, from the start of the process; `_total` is put to its name."""

    name: str
    told: str
    read: Callable[[Seen], float]
    counts: bool = False

    def metric(self, seen: Seen) -> Metric:
        family = CounterMetricFamily if self.counts else GaugeMetricFamily
        return family(self.name, self.told, value=float(self.read(seen)))


FIGURES: tuple[Figure[Readiness], ...] = (
    Figure("inspector_ready", "1 while the service can inspect and is not stopping.", lambda seen: seen.ready),
    Figure(
        "inspector_store_reachable", "1 while the store answers; loaded banks inspect without.",
        lambda seen: seen.store_reachable,
    ),
    Figure("inspector_engine_waiting", "Pieces of work that queue for the backbone.", lambda seen: seen.waiting),
    Figure("inspector_banks_loaded", "Memory banks in memory.", lambda seen: seen.banks.loaded),
    Figure("inspector_banks_loaded_bytes", "What they take.", lambda seen: seen.banks.loaded_bytes),
    Figure(
        "inspector_banks_held_bytes", "What banks take that were dropped and are still in use.",
        lambda seen: seen.banks.held_bytes,
    ),
    Figure("inspector_banks_budget_bytes", "The most that banks may take.", lambda seen: seen.banks.budget_bytes),
    Figure("inspector_banks_pinned", "Banks that are not dropped to make room.", lambda seen: seen.banks.pinned),
    Figure("inspector_banks_loading", "Loads of banks that wait or run.", lambda seen: seen.banks.loading),
    Figure("inspector_bank_loads", "Banks that came into memory.", lambda seen: seen.banks.loads, counts=True),
    Figure("inspector_bank_evictions", "Banks dropped to make room.", lambda seen: seen.banks.evictions, counts=True),
    Figure(
        "inspector_products_drifted", "Products whose newest inspections no longer look as the good images did.",
        lambda seen: seen.drifted,
    ),
)  # fmt: skip


RECORDS: tuple[Figure[WriterState], ...] = (
    Figure("inspector_records_away", "1 while records cannot be written; inspections go on.", lambda seen: seen.away),
    Figure(
        "inspector_records_spool_bytes", "Records that wait on the disk for their database.",
        lambda seen: seen.spool_bytes,
    ),
    Figure(
        "inspector_records_lost", "Records that neither the database nor the disk took.", lambda seen: seen.lost,
        counts=True,
    ),
    Figure(
        "inspector_records_commit_seconds", "How long the commit of now has lasted; 0 without one.",
        lambda seen: seen.commit_s,
    ),
)  # fmt: skip

PICTURES: tuple[Figure[PicturesState], ...] = (
    Figure("inspector_pictures_kept_bytes", "What pictures of inspections take.", lambda seen: seen.kept_bytes),
    Figure(
        "inspector_pictures_removed", "Inspections whose pictures the limits removed.", lambda seen: seen.removed,
        counts=True,
    ),
    Figure(
        "inspector_pictures_lost", "Inspections whose pictures could not be written.", lambda seen: seen.lost,
        counts=True,
    ),
)  # fmt: skip


class StateCollector(Collector):
    """Asks the service and its lanes at each scrape. Nothing before `follow`, which the start calls."""

    def __init__(self) -> None:
        self._readiness: Callable[[], Readiness] | None = None
        self._lanes: Lanes | None = None

    def follow(self, readiness: Callable[[], Readiness], lanes: Lanes) -> None:
        """Tell of these from now on."""
        self._readiness, self._lanes = readiness, lanes

    def collect(self) -> Iterator[Metric]:
        """The metrics of this moment."""
        if self._readiness is None or self._lanes is None:
            return
        seen = self._readiness()
        yield from (figure.metric(seen) for figure in FIGURES)
        if seen.records is not None:
            yield from (figure.metric(seen.records) for figure in RECORDS)
        if seen.pictures is not None:
            yield from (figure.metric(seen.pictures) for figure in PICTURES)
        yield from _of_lanes(self._lanes)
        yield from _of_build(seen)


def _of_lanes(lanes: Lanes) -> Iterable[Metric]:
    occupied = GaugeMetricFamily("inspector_lane_occupied", "Requests that wait or run in a lane.", labels=["lane"])
    places = GaugeMetricFamily("inspector_lane_places", "Requests that may: one more is 503.", labels=["lane"])
    for field in fields(lanes):
        lane: Lane = getattr(lanes, field.name)
        occupied.add_metric([field.name], lane.occupied)
        places.add_metric([field.name], lane.limit)
    return occupied, places


def _of_build(seen: Readiness) -> Iterable[Metric]:
    build = {
        "version": service_version(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "faiss": str(faiss.__version__),
    }
    backbone = {
        "name": seen.backbone.name,
        "engine": seen.backbone.engine,
        "precision": seen.backbone.precision,
        "device": seen.device,
    }
    yield InfoMetricFamily("inspector_build", "Versions of the service and of what its numbers depend on.", build)
    yield InfoMetricFamily("inspector_backbone", "What extracts patch features, and where.", backbone)
