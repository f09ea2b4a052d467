"""The real service beside a line that never pauses: everything else gets done."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.service.inspection.request import InspectionRequest
from app.service.jobs.zero_shot_run import ZeroShotRequest
from app.service.service import Service
from app.service.uploads.checked_upload import Upload
from tests.api.photographs import photograph

CALLERS = 4
"""More than one, so that there is always an inspection that waits."""


@pytest.fixture
def busy(service: Service) -> Iterator[Service]:
    """The service while callers inspect the product `line` without pause. `calibrated` and `cold` have banks, too."""
    for product_id in ("line", "calibrated", "cold"):
        service.references.add(product_id, [Upload(photograph(0))])
    stopped: list[bool] = []

    def go_on() -> None:
        while not stopped:
            service.inspection.inspect("line", photograph(1), InspectionRequest(heatmap=None))

    with ThreadPoolExecutor(CALLERS) as pool:
        callers = [pool.submit(go_on) for _ in range(CALLERS)]
        yield service
        stopped.append(True)
    for caller in callers:
        caller.result()


def in_time(work: Callable[[], object]) -> object:
    """What the work gives; TimeoutError where it starves."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(work).result(60)
    finally:
        pool.shutdown(wait=False)


def test_a_reference_is_registered_beside_a_busy_line(busy: Service) -> None:
    in_time(lambda: busy.references.add("new", [Upload(photograph(2))]))
    assert busy.products.view("new").product.product_id == "new"


def test_a_bank_is_loaded_beside_a_busy_line(busy: Service) -> None:
    loads = busy.readiness().banks.loads
    in_time(lambda: busy.inspection.inspect("cold", photograph(1), InspectionRequest()))
    assert busy.readiness().banks.loads > loads


def test_calibration_images_are_measured_beside_a_busy_line(busy: Service) -> None:
    images = [Upload(photograph(seed)) for seed in (5, 6, 7)]
    in_time(lambda: busy.calibration.add("calibrated", images, is_good=True))
    assert len(busy.calibration.view("calibrated").images) == 3


def test_a_job_is_done_beside_a_busy_line(busy: Service) -> None:
    job = busy.zero_shot.submit([Upload(photograph(seed)) for seed in range(3)], ZeroShotRequest(smaller_edge=112))

    def wait() -> None:
        while not busy.jobs.job(job.job_id).finished:
            time.sleep(0.01)

    in_time(wait)
    assert busy.jobs.job(job.job_id).state == "succeeded"
