from dataclasses import replace

import pytest

from app.engine.verdict.detection import Detection
from app.service.improvements.document import Evaluation, Flip, Side
from app.service.improvements.improvements import Improvement
from app.storage.records.record import Truth
from tests.storage.samples import manifest

SIDE = Side(0.5, "calibrated", "calibrated", None, Detection(found=3, undecidable=1, bad=5))
FLIP = Flip("one", "0" * 64, None, 1, "bad", "not_ok", "ok", 0.6, 0.4, is_added=False)


def proposal(after: Side = SIDE, flips: tuple[Flip, ...] = ()) -> Improvement:
    evaluation = Evaluation("", (), (), SIDE, after, 1, 1, 0, flips)
    return Improvement("flange", "open", manifest(2), evaluation)


@pytest.mark.parametrize(("threshold", "rises"), [(0.4, False), (0.5, False), (0.5000001, True), (None, False)])
def test_a_threshold_rises_where_it_is_higher(threshold: float | None, rises: bool) -> None:
    assert proposal(replace(SIDE, threshold=threshold)).raises_threshold is rises


def test_a_bad_calibration_image_that_would_pass_is_not_outweighed_by_another() -> None:
    better = replace(SIDE, detection=Detection(5, 0, 5))
    evaluation = replace(proposal(better).evaluation, bad_images_passing=("0" * 64,))
    assert not proposal(better).finds_fewer
    assert replace(proposal(better), evaluation=evaluation).finds_fewer


@pytest.mark.parametrize(("truth", "fewer"), [("bad", True), ("good", False), (None, False)])
def test_one_that_would_pass_is_not_outweighed_by_another_that_would_be_found(truth: Truth | None, fewer: bool) -> None:
    found = replace(FLIP, inspection_id="two", before="ok", after="not_ok")
    assert proposal(flips=(replace(FLIP, truth=truth), found)).finds_fewer is fewer
