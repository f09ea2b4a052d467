"""The metrics of one application: its own registry, the events that it counts, and how they are written out."""

from collections.abc import Callable, Iterator
from typing import get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from app.api.lanes import Lanes
from app.api.metrics.products import ProductLabels
from app.api.metrics.state import StateCollector
from app.errors import InspectorError
from app.service.inspection.result import InspectionResult
from app.service.readiness import Readiness
from app.service.verdicts.verdict import Flag, Verdict

REQUEST_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300)
STAGE_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE, OTHER_METHOD = "none", "other"
VERDICTS, FLAGS = get_args(Verdict), get_args(Flag)


class Metrics:
    """Counts requests and inspections; safe for many threads. What callers send is never a label."""

    def __init__(self, most_products: int) -> None:
        """`most_products`: so many get numbers of their own, the rest together; 0: none."""
        # A second series for each, with the time of its making, which nobody asks for.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = registry = CollectorRegistry()
        self._state = StateCollector()
        registry.register(self._state)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        self._requests = Histogram(
            "inspector_http_request_duration_seconds", "Requests, from their headers to the end of the answer.",
            ["method", "route", "status"], registry=registry, buckets=REQUEST_BUCKETS_S,
        )  # fmt: skip
        self._errors = Counter("inspector_http_errors", "Answers that tell a problem.", ["code"], registry=registry)
        self._inspections = Counter("inspector_inspections", "Inspected images.", ["verdict"], registry=registry)
        self._flags = Counter("inspector_inspection_flags", "Flags of inspected images.", ["flag"], registry=registry)
        self._stages = Histogram(
            "inspector_inspection_stage_seconds", "What each stage of an inspection took.",
            ["stage"], registry=registry, buckets=STAGE_BUCKETS_S,
        )  # fmt: skip
        self._begin_at_0()
        self._labels = ProductLabels(most_products)
        if most_products:
            self._add_products()

    def _begin_at_0(self) -> None:
        """What begins with 1 has not increased, in Prometheus's eyes."""
        for code in sorted({kind.code for kind in _kinds(InspectorError)}):
            self._errors.labels(code)
        for verdict in VERDICTS:
            self._inspections.labels(verdict)
        for flag in FLAGS:
            self._flags.labels(flag)

    def _add_products(self) -> None:
        self._product_inspections = Counter(
            "inspector_product_inspections", "Inspected images of a product.", ["product", "verdict"],
            registry=self._registry,
        )  # fmt: skip
        self._product_flags = Counter(
            "inspector_product_flags", "Flags of a product's inspected images.", ["product", "flag"],
            registry=self._registry,
        )  # fmt: skip

    def follow(self, readiness: Callable[[], Readiness], lanes: Lanes) -> None:
        """Tell of this service from now on."""
        self._state.follow(readiness, lanes)

    def answered(self, method: str, route: str | None, status: int, took_s: float, code: str | None) -> None:
        """Count a request. `route`: the template, None where none was found; `code`: of the problem it was told."""
        method = method if method in METHODS else OTHER_METHOD
        self._requests.labels(method, route or NO_ROUTE, f"{status // 100}xx").observe(took_s)
        if code is not None:
            self._errors.labels(code).inc()

    def inspected(self, result: InspectionResult) -> None:
        """Count an inspected image."""
        self._inspections.labels(result.judgement.verdict).inc()
        for flag in result.flags:
            self._flags.labels(flag).inc()
        for stage, took_ms in result.timings_ms.items():
            self._stages.labels(stage).observe(took_ms / 1000)
        if (product := self._labels.of(result.product_id)) is not None:
            self._product_inspections.labels(product, result.judgement.verdict).inc()
            for flag in result.flags:
                self._product_flags.labels(product, flag).inc()

    def exposition(self) -> bytes:
        """All metrics of this moment, in Prometheus's text format."""
        return generate_latest(self._registry)


def _kinds(kind: type[InspectorError]) -> Iterator[type[InspectorError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)
