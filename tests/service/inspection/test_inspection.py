"""Inspecting photographs against the bank of their product."""

import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from app.engine.photograph.preprocess import UnseenEdge
from app.errors import NoReferences, ProductNotFound
from app.service.accelerator.engine_thread import Priority
from app.service.inspection.request import HeatmapRequest, InspectionRequest
from app.service.inspection.result import InspectionResult
from app.service.service import Service
from app.service.uploads.checked_upload import Upload
from app.settings import Settings
from tests.api.photographs import photograph
from tests.api.tiny_service import tiny_service
from tests.service.conftest import upload

PLAIN = InspectionRequest(heatmap=None)


def disc(radius_px: int) -> bytes:
    """A bright disc on a dark ground, 160x128 px, as PNG."""
    picture = np.random.default_rng(radius_px).integers(20, 30, (128, 160, 3)).astype(np.uint8)
    cv2.circle(picture, (80, 64), radius_px, (210, 220, 230), -1)
    return cv2.imencode(".png", picture)[1].tobytes()


def test_the_same_photograph_twice_gives_the_same_bytes(service: Service) -> None:
    service.references.add("flange", [upload(1)])
    first, second = (service.inspection.inspect("flange", photograph(2), InspectionRequest()) for _ in range(2))
    assert first.heatmap is not None
    assert (first.score, first.heatmap) == (second.score, second.heatmap)


def test_a_reference_scores_nothing_against_its_own_unrotated_bank(service: Service) -> None:
    service.products.create("flange", {"rotation": "off", "masking": "off"})
    service.references.add("flange", [upload(1)])
    assert service.inspection.inspect("flange", photograph(1), PLAIN).score == pytest.approx(0, abs=1e-5)
    assert service.inspection.inspect("flange", photograph(2), PLAIN).score > 1e-3


def test_adding_references_never_raises_a_score(service: Service) -> None:
    service.products.create("flange", {"masking": "off"})
    scores = []
    for seed in range(1, 5):
        service.references.add("flange", [upload(seed)])
        scores.append(service.inspection.inspect("flange", photograph(99), PLAIN).score)
    assert scores == sorted(scores, reverse=True)


def test_no_threshold_is_invented(service: Service) -> None:
    service.references.add("flange", [upload(1)])
    result = service.inspection.inspect("flange", photograph(2), PLAIN)
    judgement = result.judgement
    assert (judgement.threshold, judgement.state, judgement.verdict) == (None, "none", "not_decidable")
    assert "uncalibrated" in result.flags


@pytest.mark.parametrize(("radius_px", "untrusted"), [(30, False), (29, False), (56, True), (4, True)])
def test_a_mask_unlike_those_of_the_references_is_not_trusted_and_flagged(
    service: Service, radius_px: int, untrusted: bool
) -> None:
    service.products.create("disc", {"masking": "on"})
    service.references.add("disc", [Upload(disc(30))])
    result = service.inspection.inspect("disc", disc(radius_px), PLAIN)
    assert ("mask_untrusted" in result.flags) == untrusted
    assert (result.foreground_fraction == 1) == untrusted


def test_an_unknown_product_and_one_without_references_are_told_apart(service: Service) -> None:
    with pytest.raises(ProductNotFound):
        service.inspection.inspect("flange", photograph(1), PLAIN)
    service.products.create("flange")
    with pytest.raises(NoReferences, match="Register photographs"):
        service.inspection.inspect("flange", photograph(1), PLAIN)


def test_an_older_version_can_be_asked_for(service: Service) -> None:
    service.products.create("flange", {"masking": "off", "rotation": "off"})
    service.references.add("flange", [upload(1)])
    service.references.add("flange", [upload(2)])
    pinned = service.inspection.inspect("flange", photograph(2), InspectionRequest(heatmap=None, bank_version=1))
    assert pinned.bank_version == 1
    assert pinned.score > service.inspection.inspect("flange", photograph(2), PLAIN).score


@pytest.mark.parametrize(("size", "expected"), [("map", (140, 112)), ("image", (160, 128)), (64, (80, 64))])
def test_the_heatmap_has_the_size_asked_for(service: Service, size: str | int, expected: tuple[int, int]) -> None:
    service.references.add("flange", [upload(1)])
    request = InspectionRequest(heatmap=HeatmapRequest("overlay", size))  # type: ignore[arg-type]
    drawn = service.inspection.inspect("flange", photograph(2), request).heatmap
    assert drawn is not None
    assert (drawn.width, drawn.height) == expected


def test_a_defect_at_the_very_edge_is_seen(service: Service) -> None:
    """160x128 px at a smaller edge of 112: the last 4 px of 140 were cropped off once, and 125 loses a fifth."""
    service.products.create("flange", {"rotation": "off", "masking": "off", "smaller_edge": 125})
    service.references.add("flange", [upload(1)])
    picture = cv2.imdecode(np.frombuffer(photograph(1), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    for strip in (np.s_[:, -8:], np.s_[-8:]):
        spoilt = picture.copy()
        spoilt[strip] = 255 - spoilt[strip]
        result = service.inspection.inspect("flange", cv2.imencode(".png", spoilt)[1].tobytes(), PLAIN)
        assert (result.unseen_edge, "edge_unseen" in result.flags) == (None, False)
        assert result.score > 1e-3


def test_the_authors_crop_is_told_in_pixels(service: Service) -> None:
    service.products.create("flange", {"profile": "paper", "masking": "off", "smaller_edge": 125})
    service.references.add("flange", [upload(1)])
    result = service.inspection.inspect("flange", photograph(2), InspectionRequest())
    assert (result.unseen_edge, "edge_unseen" in result.flags) == (UnseenEdge(2, 13), True)
    assert result.heatmap is not None
    assert result.heatmap.unseen_share > 0.1


def test_every_stage_is_timed(service: Service) -> None:
    service.references.add("flange", [upload(1)])
    timings_ms = service.inspection.inspect("flange", photograph(2), PLAIN).timings_ms
    stages = ["bank", "decode", "preprocess", "backbone", "mask", "search", "score", "heatmap", "keep"]
    assert list(timings_ms) == stages


def test_inspections_of_several_products_in_one_pass_score_as_each_does_alone(settings: Settings) -> None:
    """The largest difference that a batch may make, of a score, is 0.01 %."""
    service = tiny_service(settings.model_copy(update={"max_batch": 8}))
    names = [f"part-{number}" for number in range(6)]
    for number, name in enumerate(names):
        service.references.add(name, [upload(number)])
    alone = [service.inspection.inspect(name, photograph(50 + at), PLAIN) for at, name in enumerate(names)]
    assert {each.batch.size for each in alone} == {1}
    engine, go_on = service._accelerator.engine, threading.Event()
    with ThreadPoolExecutor(len(names)) as pool:
        engine.begin(Priority.INSPECTION, go_on.wait, 10)
        asked = [
            pool.submit(service.inspection.inspect, name, photograph(50 + at), PLAIN) for at, name in enumerate(names)
        ]
        while engine.waiting < len(names):
            threading.Event().wait(0.001)
        go_on.set()
    together = [each.result() for each in asked]
    told = service.readiness().batches
    service.close()
    assert {each.batch.size for each in together} == {6}
    assert [each.product_id for each in together] == names
    np.testing.assert_allclose([each.score for each in together], [each.score for each in alone], rtol=1e-4)
    assert (told.largest, told.images, told.mean_size) == (8, 12, 12 / 7)


def test_who_watches_is_told_of_each_result_as_long_as_he_does(service: Service) -> None:
    service.references.add("flange", [upload(1)])
    one: list[InspectionResult] = []
    other: list[InspectionResult] = []
    with service.inspection.told_to(one.append):
        first = service.inspection.inspect("flange", photograph(2), PLAIN)
        with service.inspection.told_to(other.append):
            second = service.inspection.inspect("flange", photograph(3), PLAIN)
    service.inspection.inspect("flange", photograph(4), PLAIN)
    assert (one, other) == ([first, second], [second])
