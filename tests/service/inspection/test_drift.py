"""Drift is flagged on answers and told of the product, and a new bank version begins anew."""

import numpy as np
import pytest

from app.engine.heatmap import encode_png
from app.engine.verdict.drift import WINDOW
from app.service.inspection.request import InspectionRequest
from app.service.service import Service
from app.service.uploads.checked_upload import Upload
from tests.evaluate.trees import part

PRODUCT = "disc"
PLAIN = InspectionRequest(heatmap=None)


def inspected(service: Service, seed: int, gain: float = 1.0) -> tuple[str, ...]:
    picture = np.clip(part(seed) * gain, 0, 255).astype(np.uint8)
    return service.inspection.inspect(PRODUCT, encode_png(picture), PLAIN).flags


@pytest.fixture
def watched(service: Service) -> Service:
    service.products.create(PRODUCT, {"masking": "off", "rotation": "off"})
    service.references.add(PRODUCT, [Upload(encode_png(part(seed))) for seed in range(8)])
    return service


def test_good_parts_do_not_drift(watched: Service) -> None:
    flags = [inspected(watched, 100 + number) for number in range(WINDOW + 8)]
    assert not any("drift" in each for each in flags)
    seen = watched.products.view(PRODUCT).drift
    assert (seen.images, seen.drifts) == (WINDOW, ())


def test_less_light_is_flagged_within_the_window(watched: Service) -> None:
    for number in range(WINDOW):
        inspected(watched, 100 + number)
    flags = [inspected(watched, 200 + number, gain=0.6) for number in range(WINDOW)]
    first = next(number for number, each in enumerate(flags) if "drift" in each)
    assert WINDOW // 2 - 1 <= first < WINDOW
    told = {each.quantity: each for each in watched.products.view(PRODUCT).drift.drifts}
    assert told["brightness"].limits.low is not None
    assert told["brightness"].median < told["brightness"].limits.low


def test_another_bank_version_begins_anew(watched: Service) -> None:
    for number in range(WINDOW):
        inspected(watched, 100 + number, gain=0.6)
    assert watched.products.view(PRODUCT).drift.drifts
    watched.references.add(PRODUCT, [Upload(encode_png(part(50)))])
    assert watched.products.view(PRODUCT).drift.images == 0


def test_a_confirmed_image_does_not_begin_the_window_anew(watched: Service) -> None:
    watched.products.change(PRODUCT, {"commissioning": True})
    for number in range(3):
        inspected(watched, 100 + number)
    watched.calibration.add(PRODUCT, [Upload(encode_png(part(300)))], is_good=True)
    inspected(watched, 104)
    assert watched.products.view(PRODUCT).drift.images == 4


def test_a_product_has_drifted_while_its_newest_inspections_say_so(watched: Service) -> None:
    for number in range(WINDOW):
        inspected(watched, 100 + number, gain=0.6)
    assert watched.readiness().drifted == 1
    watched.references.add(PRODUCT, [Upload(encode_png(part(50)))])
    inspected(watched, 200)
    assert watched.readiness().drifted == 0
