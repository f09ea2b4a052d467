"""Verdicts: only what is known of good parts is said."""

import cv2
import numpy as np
import pytest

from app.engine.bank.bank import MemoryBank
from app.engine.detector import patch_features
from app.engine.heatmap import encode_png
from app.engine.options import Statistic
from app.engine.photograph.image_file import decode_image
from app.engine.photograph.preprocess import preprocess
from app.engine.types import Image
from app.engine.verdict.scoring import image_score
from app.opened_store import opened_store
from app.service.inspection.request import InspectionRequest
from app.service.inspection.result import InspectionResult
from app.service.service import Service
from app.service.uploads.checked_upload import Upload
from app.settings import Settings
from app.storage.segments import stored_segment
from tests.api.photographs import photograph
from tests.api.tiny_backbone import tiny_backbone
from tests.evaluate.trees import part
from tests.service.conftest import upload
from tests.service.inspection.test_inspection import disc

PLAIN = InspectionRequest(heatmap=None)


def looked_at(
    service: Service, image: bytes, references: int, settings: dict[str, object] | None = None
) -> InspectionResult:
    service.products.create("flange", {"masking": "off"} | (settings or {}))
    service.references.add("flange", [upload(seed) for seed in range(1, references + 1)])
    return service.inspection.inspect("flange", image, PLAIN)


@pytest.mark.parametrize("references", [1, 2])
def test_one_or_two_references_decide_nothing(service: Service, references: int) -> None:
    result = looked_at(service, photograph(9), references)
    assert (result.judgement.state, result.judgement.threshold) == ("none", None)
    assert (result.judgement.verdict, result.judgement.score_normalized) == ("not_decidable", None)
    assert "uncalibrated" in result.flags
    assert service.products.view("flange").calibration.state == "none"


def test_the_threshold_is_the_largest_score_of_a_left_out_reference(service: Service, settings: Settings) -> None:
    result = looked_at(service, photograph(9), 4, {"statistic": {"name": "max"}})
    manifest = service.banks.active("flange")
    assert manifest is not None
    blobs, scores = opened_store(settings).blobs, []
    parts = [stored_segment(blobs, "flange", entry.segment) for entry in manifest.references]
    for left, entry in enumerate(manifest.references):
        bank = MemoryBank([part for other, part in enumerate(parts) if other != left], "cpu")
        image = decode_image(blobs.get("flange", "references", entry.sha256), 10**7).pixels
        backbone = tiny_backbone()
        [features] = patch_features(backbone, [preprocess(image, 112, backbone.spec, "whole")])
        everything = np.ones(features.geometry.grid.patches, bool)
        distances, _ = bank.nearest(parts[left].upright)
        scores.append(image_score(distances, everything, Statistic("max")))
    threshold = result.judgement.threshold
    assert threshold is not None
    assert threshold == pytest.approx(max(scores), abs=1e-6)
    assert result.judgement.promise is not None
    assert result.judgement.promise.expected_false_alarm_rate == 1 / 5
    assert service.products.view("flange").calibration.state == "provisional"


@pytest.fixture
def discs(service: Service) -> Service:
    """With a product of five drawn discs."""
    service.products.create("disc", {"masking": "off", "rotation": "off"})
    service.references.add("disc", [Upload(encode_png(part(seed))) for seed in range(1, 6)])
    return service


def test_a_good_part_is_ok_and_a_defective_one_is_not(discs: Service) -> None:
    spotted = part(9)
    spotted[66:78, 74:86] = (250, 250, 30)
    good, spoilt = (
        discs.inspection.inspect("disc", encode_png(picture), PLAIN).judgement for picture in (part(1), spotted)
    )
    assert (good.verdict, spoilt.verdict) == ("ok", "not_ok")
    assert good.score_normalized is not None
    assert spoilt.score_normalized is not None
    assert good.score_normalized < 1 < spoilt.score_normalized


def test_an_image_of_something_else_is_not_decided(discs: Service) -> None:
    result = discs.inspection.inspect("disc", photograph(1), PLAIN)
    assert result.judgement.verdict == "not_decidable"
    assert "unlike_references" in result.flags


@pytest.mark.parametrize("references", [1, 5])
@pytest.mark.parametrize("grey", [0, 100, 255])
def test_an_image_that_shows_nothing_is_not_decided(service: Service, references: int, grey: int) -> None:
    service.products.create("disc", {"masking": "off"})
    service.references.add("disc", [Upload(encode_png(part(seed))) for seed in range(references)])
    service.products.change("disc", {"threshold": {"value": 2.0, "bank_version": 1}})
    noise = np.random.default_rng(0).normal(grey, 2, (144, 160, 3))
    result = service.inspection.inspect("disc", encode_png(np.clip(noise, 0, 255).astype(np.uint8)), PLAIN)
    assert (result.judgement.verdict, "unlike_references" in result.flags) == ("not_decidable", True)
    [contrast] = [each for each in result.judgement.likeness if each.quantity == "contrast"]
    assert contrast.low is not None
    assert contrast.value < contrast.low
    assert service.inspection.inspect("disc", encode_png(part(9)), PLAIN).judgement.verdict == "ok"


def test_an_untrusted_mask_leaves_the_verdict_open(service: Service) -> None:
    service.products.create("disc", {"masking": "on"})
    service.references.add("disc", [Upload(disc(radius)) for radius in (29, 30, 31)])
    assert service.inspection.inspect("disc", disc(30), PLAIN).judgement.verdict == "ok"
    result = service.inspection.inspect("disc", disc(4), PLAIN)
    assert "mask_untrusted" in result.flags
    assert not next(each for each in result.judgement.likeness if each.quantity == "foreground_fraction").fits
    assert result.judgement.verdict == "not_decidable"


def test_the_authors_masks_promise_nothing(service: Service) -> None:
    service.products.create("disc", {"masking": "on", "profile": "paper"})
    service.references.add("disc", [Upload(disc(radius)) for radius in (29, 30, 31)])
    assert service.inspection.inspect("disc", disc(30), PLAIN).judgement.state == "none"


def resized(picture: Image, width: int, height: int) -> bytes:
    return encode_png(np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8))


def test_another_size_is_told_with_the_verdict(discs: Service) -> None:
    result = discs.inspection.inspect("disc", resized(part(1), 144, 130), PLAIN)
    assert ("different_size" in result.flags, "different_aspect" in result.flags) == (True, False)
    assert next(each for each in result.judgement.likeness if each.quantity == "size").value == 130 / 144


@pytest.mark.parametrize(("width", "height", "quantity"), [(16, 14, "size"), (320, 144, "aspect"), (96, 160, "aspect")])
def test_a_thumbnail_or_another_shape_leaves_the_verdict_open(
    discs: Service, width: int, height: int, quantity: str
) -> None:
    judgement = discs.inspection.inspect("disc", resized(part(1), width, height), PLAIN).judgement
    assert judgement.verdict == "not_decidable"
    assert f"different_{quantity}" in judgement.flags
    assert not next(each for each in judgement.likeness if each.quantity == quantity).fits


@pytest.mark.parametrize("sigma", [0, 3])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_references_that_show_nothing_pass_nothing(service: Service, grey: int, sigma: float) -> None:
    fields = [np.random.default_rng(seed).normal(grey, sigma, (144, 160, 3)) for seed in range(4)]
    pictures = [np.clip(each, 0, 255).astype(np.uint8) for each in fields]
    pictures[0][0, 0] = grey // 2
    service.products.create("blank", {"masking": "off", "rotation": "off"})
    service.references.add("blank", [Upload(encode_png(each)) for each in pictures])
    for picture in (pictures[3], part(1)):
        result = service.inspection.inspect("blank", encode_png(picture), PLAIN)
        assert (result.judgement.verdict, "featureless_references" in result.flags) == ("not_decidable", True)


def test_a_statistic_that_no_defect_moves_leaves_the_verdict_open(service: Service) -> None:
    """With the masks made last, only an inspection can tell."""
    service.products.create("disc", {"masking": "on", "statistic": {"name": "percentile", "q": 92}})
    service.references.add("disc", [Upload(disc(radius)) for radius in (29, 30, 31)])
    result = service.inspection.inspect("disc", disc(30), PLAIN)
    assert (result.judgement.verdict, "statistic_degenerate" in result.flags) == ("not_decidable", True)


def test_a_threshold_of_nothing_passes_nothing(discs: Service) -> None:
    discs.products.change("disc", {"threshold": {"value": 0.0, "bank_version": 1}})
    result = discs.inspection.inspect("disc", encode_png(part(1)), PLAIN)
    assert result.score <= 1e-5
    assert (result.judgement.verdict, "statistic_degenerate" in result.flags) == ("not_decidable", True)
