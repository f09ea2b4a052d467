"""What is known of references and calibration images is what an inspection would say of them, whatever the method."""

from typing import Any

import pytest

from app.engine.verdict.left_out_scores import UNLIKE_RATIO
from app.service.inspection.request import InspectionRequest
from app.service.service import Service
from tests.service.conftest import upload

WAYS: list[dict[str, Any]] = [
    {"method": method, "profile": profile, "masking": masking}
    for method in ("anomalydino", "patchcore")
    for profile, masking in (("robust", "on"), ("robust", "off"), ("paper", "off"))
]
FIXTURED: list[dict[str, Any]] = [
    {"method": method, "profile": "robust", "masking": masking, "rotation": "off", "search": {"near": 4}}
    for method, masking in (("anomalydino", "on"), ("patchcore", "off"))
]


def named(way: dict[str, Any]) -> str:
    return "-".join(str(each) for each in way.values())


def inspected(service: Service, product_id: str, seed: int) -> float:
    return service.inspection.inspect(product_id, upload(seed).data, InspectionRequest(heatmap=None)).score


@pytest.mark.parametrize("way", WAYS + FIXTURED, ids=named)
def test_a_left_out_reference_scores_as_an_inspection_by_the_others(service: Service, way: dict[str, Any]) -> None:
    for product_id, seeds in {"all": (1, 2, 3, 4), "others": (1, 2, 3)}.items():
        service.products.create(product_id, way)
        service.references.add(product_id, [upload(seed) for seed in seeds])
    left_out = service.references.entries("all")[3].sha256
    known = service.products.view("all").calibration.references[left_out]
    assert known.score == pytest.approx(inspected(service, "others", 4), rel=1e-5)


@pytest.mark.parametrize("way", WAYS + FIXTURED, ids=named)
@pytest.mark.parametrize("coreset", [None, {"share": 0.2}])
def test_a_calibration_image_scores_as_an_inspection_of_it(
    service: Service, way: dict[str, Any], coreset: dict[str, float] | None
) -> None:
    service.products.create("flange", way | {"coreset": coreset})
    service.references.add("flange", [upload(seed) for seed in (1, 2, 3)])
    service.calibration.add("flange", [upload(5)], is_good=True)
    [known] = service.products.view("flange").calibration.images.values()
    assert known.score == pytest.approx(inspected(service, "flange", 5), rel=1e-5)


def test_what_shows_something_else_is_told_by_the_metric_of_the_bank(service: Service) -> None:
    found = {}
    for way in WAYS:
        product_id = "-".join(way.values())
        service.products.create(product_id, way)
        service.references.add(product_id, [upload(1)])
        found[product_id] = service.products.view(product_id).calibration.shown.unlike_ratio
    assert {name for name, ratio in found.items() if ratio < UNLIKE_RATIO} == {
        "patchcore-robust-on",
        "patchcore-robust-off",
    }
