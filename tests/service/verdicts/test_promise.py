"""What is promised is promised of parts that get a verdict: only photographs that would get one set thresholds."""

import pytest

from app.engine.heatmap import encode_png
from app.service.calibration.calibration_set import CalibrationView
from app.service.calibration.problem import problem
from app.service.inspection.request import InspectionRequest
from app.service.service import Service
from app.service.uploads.checked_upload import Upload
from tests.evaluate.trees import part
from tests.service.calibration.test_calibration import undecidable
from tests.service.inspection.test_inspection import disc

PLAIN = InspectionRequest(heatmap=None)


def promised(view: CalibrationView) -> tuple[float, int, int]:
    """The threshold, how many good photographs set it, and how many more would get no verdict."""
    assert view.calibration is not None
    assert view.calibration.threshold is not None
    threshold = view.calibration.threshold
    return threshold.value, threshold.good_images, threshold.undecidable


def added(service: Service, images: dict[str, bytes], *, is_good: bool = True) -> CalibrationView:
    return service.calibration.add("disc", [Upload(data, name) for name, data in images.items()], is_good=is_good)


@pytest.fixture
def masked(service: Service) -> Service:
    """A product whose background is masked; three good images are enough to calibrate it."""
    service.products.create("disc", {"masking": "on", "alpha": 0.25})
    service.references.add("disc", [Upload(disc(radius)) for radius in (28, 29, 30, 31)])
    return service


@pytest.fixture
def parts(service: Service) -> Service:
    """As above, without a mask, calibrated by four drawn parts."""
    service.products.create("disc", {"masking": "off", "rotation": "off", "alpha": 0.2})
    service.references.add("disc", [Upload(encode_png(part(seed))) for seed in range(5)])
    added(service, {f"{seed}.png": encode_png(part(seed)) for seed in range(10, 14)})
    return service


def spotted(seed: int) -> bytes:
    picture = part(seed)
    picture[66:78, 74:86] = (250, 250, 30)
    return encode_png(picture)


def test_an_image_whose_mask_is_untrusted_sets_no_threshold(masked: Service) -> None:
    before = added(masked, {f"{radius}.png": disc(radius) for radius in (27, 32, 33)})
    view = added(masked, {"tiny.png": disc(10)})
    assert promised(view) == (promised(before)[0], 3, 1)
    assert undecidable(view) == {"tiny.png": ("mask_untrusted",)}
    assert "1 image of 4 called good would get no verdict (tiny.png: mask_untrusted)" in str(problem(view))
    judged = masked.inspection.inspect("disc", disc(10), PLAIN)
    assert judged.judgement.verdict == "not_decidable"
    assert judged.judgement.promise is not None
    assert judged.judgement.promise.undecidable_share == 0.25


def test_images_that_get_no_verdict_do_not_make_up_the_number_that_alpha_needs(masked: Service) -> None:
    view = added(masked, {"27.png": disc(27), "32.png": disc(32), "tiny.png": disc(10), "dot.png": disc(3)})
    assert view.calibration is not None
    assert (view.calibration.state, view.good, view.needed) == ("provisional", 2, 3)
    assert "add 1 more" in str(problem(view))
    assert masked.products.view("disc").calibration.state == "provisional"


def test_a_mask_that_the_settings_switch_off_decides_no_more(masked: Service) -> None:
    added(masked, {"27.png": disc(27), "32.png": disc(32), "tiny.png": disc(10)})
    masked.products.change("disc", {"masking": "off"})
    flags = undecidable(masked.calibration.view("disc"))
    assert all("mask_untrusted" not in each for each in flags.values())


def test_a_reference_that_the_others_would_not_decide_sets_no_provisional_threshold(masked: Service) -> None:
    tiny = masked.references.add("disc", [Upload(disc(10), "tiny.png")]).received[0]
    view = masked.calibration.view("disc")
    assert view.calibration is not None
    known = view.calibration.references
    assert "mask_untrusted" in known[tiny].undecidable
    decided = [each.score for each in known.values() if not each.undecidable]
    assert promised(view) == (max(decided), len(decided), 5 - len(decided))
    assert "would get no verdict from the others" in str(problem(view))
    assert "tiny.png" in str(problem(view))


def test_a_wrong_image_is_left_out_where_one_reference_does_not_tell_what_the_product_is(service: Service) -> None:
    service.products.create("disc", {"masking": "off", "rotation": "off", "alpha": 0.25})
    service.references.add("disc", [Upload(encode_png(part(1)))])
    before = added(service, {f"{seed}.png": encode_png(part(seed)) for seed in range(10, 14)})
    view = added(service, {"other.png": disc(20)})
    assert undecidable(view) == {"other.png": ("unlike_references",)}
    assert promised(view) == (promised(before)[0], 4, 1)


def test_a_bad_image_is_found_by_its_verdict(parts: Service) -> None:
    detection = added(parts, {"spot.png": spotted(20), "other.png": disc(20)}, is_good=False).detection
    assert (detection.found, detection.undecidable, detection.bad) == (1, 1, 2)
    assert detection.detection_rate_95 is not None


def test_of_a_threshold_of_ones_own_no_detection_is_promised(parts: Service) -> None:
    added(parts, {"spot.png": spotted(20)}, is_good=False)
    parts.products.change("disc", {"threshold": {"value": 0.01, "bank_version": 1}})
    detection = parts.calibration.view("disc").detection
    assert (detection.found, detection.bad, detection.detection_rate_95) == (1, 1, None)


def test_that_no_bad_image_is_found_is_a_problem(parts: Service) -> None:
    assert problem(parts.calibration.view("disc")) is None
    view = added(parts, {"as good.png": encode_png(part(30))}, is_good=False)
    assert "Of 1 bad image none lies above the threshold" in str(problem(view))
    assert view.detection.found == 0


def test_one_good_image_that_lies_far_above_the_others_is_a_problem(parts: Service) -> None:
    view = added(parts, {"spot.png": spotted(20)})
    assert undecidable(view) == {}
    assert "One image called good (spot.png) sets the threshold" in str(problem(view))
