"""The calibration set: held-out images set the threshold, of the bank that serves, and are never lost."""

import hashlib
import time
from collections.abc import Callable

import numpy as np
import pytest

from app.engine.heatmap import encode_png
from app.engine.photograph.image_file import decode_image
from app.engine.verdict.calibration import conformal
from app.errors import (
    CalibrationImageNotFound,
    Conflict,
    ImageTruncated,
    InvalidRequest,
    InvalidSettings,
    NoReferences,
    TooManyImages,
)
from app.service.calibration import ahead as calibration_ahead
from app.service.calibration import calibration_set as calibration_images
from app.service.calibration import measurer as calibration_measurer
from app.service.calibration.calibration_set import CalibrationView
from app.service.calibration.problem import problem
from app.service.inspection.request import InspectionRequest
from app.service.inspection.result import InspectionResult
from app.service.service import Service
from app.service.uploads.checked_upload import Upload
from app.settings import Settings
from app.storage.disk import DiskBlobs
from tests.api.photographs import photograph
from tests.api.tiny_service import tiny_service
from tests.evaluate.trees import part
from tests.service.conftest import upload

PRODUCT = "flange"
PLAIN = InspectionRequest(heatmap=None)
HELD_OUT = range(100, 119)


@pytest.fixture
def registered(service: Service) -> Service:
    service.products.create(PRODUCT, {"masking": "off", "rotation": "off"})
    service.references.add(PRODUCT, [upload(seed) for seed in range(1, 5)])
    return service


def inspected(service: Service, seed: int) -> InspectionResult:
    return service.inspection.inspect(PRODUCT, photograph(seed), PLAIN)


def added(service: Service, seeds: range = HELD_OUT, *, is_good: bool = True) -> CalibrationView:
    return service.calibration.add(PRODUCT, [upload(seed) for seed in seeds], is_good=is_good)


def scores_of(view: CalibrationView) -> list[float]:
    """Of the images that were measured, in the order of the set."""
    return [view.images[each.sha256].score for each in view.product.calibration.images if each.sha256 in view.images]


def undecidable(view: CalibrationView) -> dict[str | None, tuple[str, ...]]:
    """The flags of the good images that set no threshold, by file name."""
    images = [each for each in view.product.calibration.images if each.is_good and each.sha256 in view.images]
    flags = {each.filename: view.images[each.sha256].undecidable for each in images}
    return {name: each for name, each in flags.items() if each}


def copied(data: bytes, by: int = 1) -> Upload:
    """The same photograph in another file: a bit darker, as another encoder may have it."""
    pixels = decode_image(data, 10**6).pixels
    return Upload(encode_png(np.asarray(pixels - np.minimum(pixels, by), np.uint8)))


def upload_name(seed: int) -> str:
    return hashlib.sha256(photograph(seed)).hexdigest()


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_held_out_images_set_the_threshold_by_the_scores_of_an_inspection(registered: Service) -> None:
    scores = [inspected(registered, seed).score for seed in HELD_OUT]
    view = added(registered)
    expected = conformal(scores, 0.05)
    assert view.calibration is not None
    assert (view.calibration.state, view.calibration.source) == ("calibrated", "calibrated")
    assert view.calibration.threshold == expected
    assert scores_of(view) == scores
    judgement = inspected(registered, 7).judgement
    assert (judgement.state, judgement.threshold, judgement.promise) == ("calibrated", expected.value, expected)
    assert registered.products.view(PRODUCT).calibration.state == "calibrated"


def test_too_few_images_for_alpha_leave_the_provisional_threshold(registered: Service) -> None:
    view = added(registered, range(100, 118))
    assert view.calibration is not None
    assert view.calibration.state == registered.products.view(PRODUCT).calibration.state == "provisional"
    assert (view.product.calibration.good, view.needed, view.allowed_alpha) == (18, 19, 0.0527)
    assert "add 1 more, or set alpha to 0.0527" in str(problem(view))
    registered.products.change(PRODUCT, {"alpha": 0.06})
    assert inspected(registered, 7).judgement.state == "calibrated"


def test_bad_images_are_counted_and_set_nothing(registered: Service) -> None:
    before = added(registered).calibration
    view = added(registered, range(200, 204), is_good=False)
    assert view.calibration is not None
    assert before is not None
    assert view.calibration.threshold == before.threshold
    found = [inspected(registered, seed).judgement.verdict == "not_ok" for seed in range(200, 204)]
    assert (view.detection.found, view.detection.bad) == (sum(found), 4)


def test_the_p_value_is_that_of_the_held_out_images(registered: Service) -> None:
    added(registered)
    scores = [inspected(registered, seed).score for seed in HELD_OUT]
    oddest = max(zip(scores, HELD_OUT, strict=True))[1]
    assert inspected(registered, oddest).judgement.p_value == pytest.approx(2 / 20)


def test_a_reference_cannot_calibrate(registered: Service) -> None:
    with pytest.raises(Conflict, match="is a reference"):
        added(registered, range(4, 9))
    assert registered.calibration.view(PRODUCT).product.calibration.images == ()


def test_a_calibration_image_cannot_become_a_reference(registered: Service) -> None:
    added(registered)
    with pytest.raises(Conflict, match=r"calibration image.*DELETE /products/flange/calibration/images/"):
        registered.references.add(PRODUCT, [upload(9), upload(100)])
    assert len(registered.references.entries(PRODUCT)) == 4


def test_before_a_registration_nothing_can_be_measured(service: Service) -> None:
    service.products.create(PRODUCT)
    with pytest.raises(NoReferences):
        added(service)
    assert service.calibration.view(PRODUCT).calibration is None


@pytest.mark.parametrize(
    ("uploads", "error"),
    [
        ([], InvalidRequest),
        ([upload(100), Upload(photograph(101)[:-50])], ImageTruncated),
        ([upload(1)] * 65, TooManyImages),
    ],
)
def test_all_images_are_taken_or_none(registered: Service, uploads: list[Upload], error: type[InvalidRequest]) -> None:
    with pytest.raises(error):
        registered.calibration.add(PRODUCT, uploads, is_good=True)
    assert registered.calibration.view(PRODUCT).product.calibration.images == ()


def test_a_set_has_a_limit(registered: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration_images, "MAX_CALIBRATION_IMAGES", 18)
    with pytest.raises(TooManyImages, match="at most 18"):
        added(registered)


def test_sending_an_image_again_only_changes_what_it_is_called(registered: Service) -> None:
    added(registered)
    view = added(registered, range(118, 119), is_good=False)
    assert [image.is_good for image in view.product.calibration.images] == [True] * 18 + [False]


def test_images_that_were_measured_are_not_measured_again(registered: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    added(registered)

    def measured(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(calibration_measurer.CalibrationMeasurer, "row", measured)
    view = registered.calibration.remove(PRODUCT, upload_sha(registered, 100))
    assert len(scores_of(view)) == 18
    registered.calibration.measure(PRODUCT)


def upload_sha(service: Service, seed: int) -> str:
    return inspected(service, seed).sha256


@pytest.fixture
def no_time(registered: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    """Calibrated; nothing is measured before another version serves, nor afterwards by itself."""
    added(registered)
    monkeypatch.setattr(calibration_ahead, "MEASURED_WITHIN_S", 0.0)
    monkeypatch.setattr(registered.calibration, "follow", lambda _: None)
    return registered


def test_what_could_not_be_measured_in_time_is_told_by_a_flag(no_time: Service) -> None:
    no_time.references.add(PRODUCT, [upload(5)])
    result = inspected(no_time, 7)
    assert result.judgement.state == no_time.products.view(PRODUCT).calibration.state == "provisional"
    assert result.flags == ("calibration_reduced",)
    assert "19 images do not count: being measured in bank version 2" in str(problem(no_time.calibration.view(PRODUCT)))
    assert no_time.calibration.measure(PRODUCT).measured_in == 2
    assert inspected(no_time, 7).flags == ()


def test_the_next_start_measures_what_was_left_undone(no_time: Service, settings: Settings) -> None:
    no_time.references.add(PRODUCT, [upload(5)])
    another = tiny_service(settings)
    another.calibration.follow_all()
    until(lambda: another.products.view(PRODUCT).calibration.state == "calibrated")
    another.close()


def test_a_version_that_has_a_calibration_image_as_a_reference_leaves_only_that_one_out(registered: Service) -> None:
    registered.references.add(PRODUCT, [upload(100)])
    registered.banks.activate(PRODUCT, 1)
    added(registered, range(100, 120))
    registered.banks.activate(PRODUCT, 2)
    until(lambda: registered.calibration.view(PRODUCT).measured_in == 2)
    view = registered.calibration.view(PRODUCT)
    assert view.calibration is not None
    assert (view.calibration.state, len(view.calibration.good_scores)) == ("calibrated", 19)
    assert "1 image does not count: references of this bank version" in str(problem(view))
    assert view.good == 19
    registered.products.change(PRODUCT, {"alpha": 0.0477})
    view = registered.calibration.view(PRODUCT)
    assert (view.good, view.needed, view.allowed_alpha) == (19, 20, 0.05)


def test_a_wrong_image_called_good_is_told_and_does_not_widen_what_is_like_the_product(service: Service) -> None:
    service.products.create(PRODUCT, {"masking": "off", "rotation": "off", "alpha": 0.25})
    service.references.add(PRODUCT, [Upload(encode_png(part(seed))) for seed in range(5)])
    before = service.calibration.add(PRODUCT, [Upload(encode_png(part(seed))) for seed in range(10, 13)], is_good=True)
    assert problem(before) is None
    view = service.calibration.add(PRODUCT, [Upload(photograph(1), "wrong.png")], is_good=True)
    assert undecidable(view) == {"wrong.png": ("unlike_references",)}
    assert "1 image of 4 called good would get no verdict (wrong.png: unlike_references)" in str(problem(view))
    assert view.calibration is not None
    assert view.calibration.threshold is not None
    assert (view.calibration.threshold.good_images, view.calibration.threshold.undecidable_share) == (3, 0.25)
    result = inspected(service, 2)
    assert (result.judgement.verdict, "unlike_references" in result.flags) == ("not_decidable", True)


def test_a_copy_of_a_reference_or_of_another_image_is_told(registered: Service) -> None:
    of_reference, of_image = copied(photograph(1)), copied(photograph(100))
    view = registered.calibration.add(PRODUCT, [upload(100), of_image, of_reference], is_good=True)
    first, second, third = (image.sha256 for image in view.product.calibration.images)
    reference = registered.references.entries(PRODUCT)[0].sha256
    assert view.near_duplicates == {second: first, third: reference}
    assert "2 images are all but the same as a reference or an image before" in str(problem(view))
    assert registered.calibration.confirm(PRODUCT, first, is_good=False).near_duplicates == {third: reference}
    registered.references.remove(PRODUCT, reference)
    assert registered.calibration.view(PRODUCT).near_duplicates == {}


def test_copies_are_told_of_each_other_when_the_first_is_gone_and_the_later_one_when_it_comes_back(
    registered: Service,
) -> None:
    copies = [upload(100), copied(photograph(100)), copied(photograph(100), by=2)]
    view = registered.calibration.add(PRODUCT, copies, is_good=True)
    first, second, third = (image.sha256 for image in view.product.calibration.images)
    assert set(view.near_duplicates) == {second, third}
    assert registered.calibration.remove(PRODUCT, first).near_duplicates == {third: second}
    again = registered.calibration.add(PRODUCT, copies[:1], is_good=True).near_duplicates
    assert set(again) == {third, first}
    assert again[third] == second


def test_a_copy_that_becomes_a_reference_later_is_told_once_it_serves(registered: Service) -> None:
    added(registered)
    reference = registered.references.add(PRODUCT, [copied(photograph(100))]).received[0]
    until(lambda: registered.calibration.view(PRODUCT).near_duplicates == {upload_name(100): reference})


def test_a_bad_part_may_look_all_but_the_same(registered: Service) -> None:
    assert registered.calibration.add(PRODUCT, [copied(photograph(1))], is_good=False).near_duplicates == {}


def test_a_copy_is_told_after_a_restart_too(registered: Service, settings: Settings) -> None:
    added(registered)
    restarted = tiny_service(settings)
    view = restarted.calibration.add(PRODUCT, [copied(photograph(HELD_OUT[0]))], is_good=True)
    assert list(view.near_duplicates.values()) == [upload_name(HELD_OUT[0])]
    restarted.close()


def test_an_old_version_that_was_not_measured_has_the_threshold_of_its_references(registered: Service) -> None:
    registered.references.add(PRODUCT, [upload(5)])
    added(registered)
    old = registered.inspection.inspect(PRODUCT, photograph(7), InspectionRequest(heatmap=None, bank_version=1))
    assert (old.judgement.state, old.flags) == ("provisional", ("calibration_reduced",))


def test_a_lost_image_no_longer_counts_and_a_lost_table_is_made_again(registered: Service, settings: Settings) -> None:
    added(registered)
    blobs = DiskBlobs(settings.data_dir)
    blobs.collect(PRODUCT, "calibration", set(), grace_s=-1)
    blobs.collect(PRODUCT, "calibration-images", {upload_sha(registered, seed) for seed in range(100, 118)}, grace_s=-1)
    fresh = tiny_service(settings)
    assert inspected(fresh, 7).judgement.state == "provisional"
    assert len(scores_of(fresh.calibration.measure(PRODUCT))) == 18
    with pytest.raises(CalibrationImageNotFound, match="Send that photograph again"):
        fresh.calibration.image(PRODUCT, upload_sha(registered, 118))
    fresh.close()


def test_images_are_removed_one_by_one_or_all(registered: Service) -> None:
    added(registered)
    sha256 = upload_sha(registered, 103)
    assert registered.calibration.image(PRODUCT, sha256) == (photograph(103), "image/png")
    assert len(registered.calibration.remove(PRODUCT, sha256).product.calibration.images) == 18
    with pytest.raises(CalibrationImageNotFound, match="List them"):
        registered.calibration.remove(PRODUCT, sha256)
    assert registered.calibration.remove(PRODUCT, None).product.calibration.images == ()
    assert inspected(registered, 7).judgement.state == "provisional"


def test_a_product_keeps_its_set_when_its_settings_are_replaced(registered: Service) -> None:
    added(registered)
    registered.products.put(PRODUCT, {"masking": "off", "rotation": "off"})
    assert registered.products.view(PRODUCT).calibration.state == "calibrated"


def test_inspected_images_are_confirmed_while_commissioning(registered: Service) -> None:
    registered.products.change(PRODUCT, {"commissioning": True})
    for count, seed in enumerate(HELD_OUT):
        kept = inspected(registered, seed).commissioning
        assert kept is not None
        assert (kept.good, kept.needed) == (count, 19)
        registered.calibration.confirm(PRODUCT, kept.sha256, is_good=True)
    assert registered.products.view(PRODUCT).calibration.state == "calibrated"
    view = registered.calibration.confirm(PRODUCT, upload_sha(registered, 100), is_good=False)
    assert view.product.calibration.good == 18


def test_only_what_was_inspected_while_commissioning_can_be_confirmed(registered: Service) -> None:
    result = inspected(registered, 100)
    assert result.commissioning is None
    with pytest.raises(CalibrationImageNotFound, match="commissioning"):
        registered.calibration.confirm(PRODUCT, result.sha256, is_good=True)


def test_a_reference_that_is_inspected_cannot_be_confirmed(registered: Service) -> None:
    registered.products.change(PRODUCT, {"commissioning": True})
    assert inspected(registered, 2).commissioning is None


def test_a_manual_threshold_decides_and_is_stale_on_another_bank(registered: Service) -> None:
    score = inspected(registered, 7).score
    for value, verdict in ((score * 1.01, "ok"), (score * 0.99, "not_ok")):
        registered.products.change(PRODUCT, {"threshold": {"value": value, "bank_version": 1}})
        judgement = inspected(registered, 7).judgement
        assert (judgement.source, judgement.threshold, judgement.promise) == ("manual", value, None)
        assert (judgement.verdict, judgement.flags, judgement.state) == (verdict, (), "provisional")
    registered.references.add(PRODUCT, [upload(5)])
    assert inspected(registered, 7).judgement.flags == ("threshold_stale",)
    registered.products.change(PRODUCT, {"threshold": None})
    assert inspected(registered, 7).judgement.source == "provisional"


def test_a_manual_threshold_decides_with_one_reference_too(service: Service) -> None:
    service.products.create(PRODUCT, {"masking": "off"})
    service.references.add(PRODUCT, [upload(1)])
    service.products.change(PRODUCT, {"threshold": {"value": 0.0, "bank_version": 1}})
    judgement = inspected(service, 7).judgement
    assert (judgement.state, judgement.source, judgement.verdict) == ("none", "manual", "not_ok")


@pytest.mark.parametrize("change", [{"statistic": "max"}, {"masking": "on"}, {"profile": "paper"}])
def test_a_manual_threshold_does_not_outlive_what_its_score_means(
    registered: Service, change: dict[str, object]
) -> None:
    registered.products.change(PRODUCT, {"threshold": {"value": 0.3, "bank_version": 1}})
    with pytest.raises(InvalidSettings, match="Send `threshold` with it"):
        registered.products.change(PRODUCT, change)
    registered.products.change(PRODUCT, change | {"threshold": None})


@pytest.mark.parametrize("version", [2, 10**30])
def test_a_manual_threshold_names_a_version_that_there_is(registered: Service, version: int) -> None:
    with pytest.raises(InvalidSettings, match="the latest is 1"):
        registered.products.change(PRODUCT, {"threshold": {"value": 0.3, "bank_version": version}})
    with pytest.raises(InvalidSettings, match="the latest is 0"):
        registered.products.create("new", {"threshold": {"value": 0.3, "bank_version": 1}})
