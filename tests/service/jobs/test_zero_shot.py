"""Batches without references, from uploads to results."""

import time
from dataclasses import replace
from hashlib import sha256

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.detector import patch_features
from app.engine.heatmap import HeatmapStyle
from app.engine.masking.verdict import MaskingVerdict
from app.engine.options import Profile, Statistic, ZeroShotAggregation
from app.engine.photograph.image_file import decode_image
from app.engine.photograph.preprocess import preprocess
from app.engine.types import Mask, PatchFeatures
from app.engine.verdict.scoring import image_score
from app.engine.zero_shot import ZeroShotBatch
from app.errors import BankTooLarge, ImageTooSmall, ImageTruncated, InvalidRequest, InvalidSettings, TooManyImages
from app.service.accelerator.extraction import Rotated
from app.service.jobs import zero_shot_run
from app.service.jobs.zero_shot_run import ZeroShotRequest, batch_scale
from app.service.service import Service
from app.service.uploads.checked_upload import Upload
from app.settings import Settings
from app.storage.jobs import Job
from tests.api.photographs import photograph
from tests.api.tiny_backbone import TINY, tiny_backbone
from tests.api.tiny_service import tiny_service
from tests.service.conftest import upload

REQUEST = ZeroShotRequest(smaller_edge=112)
BATCH = [upload(seed) for seed in range(5)]


def encoded(pixels: NDArray[np.generic], suffix: str, *options: int) -> Upload:
    return Upload(cv2.imencode(suffix, np.asarray(pixels, np.uint8), options)[1].tobytes())


def compressed(seed: int, quality: int) -> Upload:
    """The photograph of `upload` as a JPEG."""
    return encoded(decode_image(photograph(seed), 10**6).pixels[:, :, ::-1], ".jpg", cv2.IMWRITE_JPEG_QUALITY, quality)


def moved(patches: int) -> Upload:
    """One part as it may lie: its patches are the same, its photographs are not."""
    return encoded(np.roll(decode_image(photograph(1), 10**6).pixels, 16 * patches, axis=1), ".png")


ALIKE = [moved(patches) for patches in (0, 3, 6)]


def finished(service: Service, uploads: list[Upload], request: ZeroShotRequest = REQUEST) -> Job:
    job = service.zero_shot.submit(uploads, request)
    deadline = time.monotonic() + 60
    while not job.finished:
        assert time.monotonic() < deadline, job
        time.sleep(0.01)
        job = service.jobs.job(job.job_id)
    assert job.error is None
    return job


def features(data: bytes) -> PatchFeatures:
    return patch_features(tiny_backbone(), [preprocess(decode_image(data, 10**6).pixels, 112, TINY, "whole")])[0]


def picture(service: Service, job: Job, index: int) -> NDArray[np.generic]:
    png = service.jobs.heatmap(job.job_id, index)
    return np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED))


@pytest.mark.parametrize("aggregation", ["quantile", "musc"])
def test_scores_are_those_of_the_method(service: Service, aggregation: ZeroShotAggregation) -> None:
    job = finished(service, BATCH, replace(REQUEST, aggregation=aggregation))
    batch = ZeroShotBatch([features(each.data) for each in BATCH], "cpu")
    for place, scored in enumerate(job.results):
        distances = batch.distances(place, aggregation)
        expected = image_score(distances, np.ones(len(distances), bool), Statistic())
        assert scored.score == pytest.approx(expected, abs=1e-5)


def test_results_stand_in_the_order_of_the_batch_and_tell_what_was_sent(service: Service) -> None:
    job = finished(service, BATCH)
    assert [scored.index for scored in job.results] == [0, 1, 2, 3, 4]
    assert [scored.filename for scored in job.results] == [each.filename for each in BATCH]
    assert [scored.sha256 for scored in job.results] == [sha256(each.data).hexdigest() for each in BATCH]
    assert {(scored.width, scored.height, scored.flags) for scored in job.results} == {(160, 128, ())}
    assert job.progress.done == job.progress.total == 15


def test_the_image_that_is_unlike_the_others_scores_highest(service: Service) -> None:
    job = finished(service, [*ALIKE[:2], upload(7), ALIKE[2]])
    scores = [scored.score for scored in job.results]
    assert max(scores) == scores[2] > 10 * scores[0]


def test_all_heatmaps_of_a_batch_are_on_one_scale(service: Service) -> None:
    job = finished(service, BATCH)
    batch = ZeroShotBatch([features(each.data) for each in BATCH], "cpu")
    largest = [float(batch.distances(place, "quantile").max()) for place in range(5)]
    [scale_max] = {scored.heatmap_scale_max for scored in job.results}
    assert scale_max == pytest.approx(2 * float(np.median(largest)), rel=1e-4)


def test_one_defect_does_not_move_the_scale() -> None:
    good, bad = np.array([0.1, 0.2], np.float32), np.array([0.1, 0.9], np.float32)
    assert batch_scale([good, good, bad]) == pytest.approx(0.4)


def test_a_batch_without_a_scale_of_its_own_has_that_of_the_backbone(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zero_shot_run, "batch_scale", lambda _distances: batch_scale([np.zeros(3, np.float32)] * 3))
    assert {scored.heatmap_scale_max for scored in finished(service, BATCH).results} == {TINY.heat_scale}


@pytest.mark.parametrize("aggregation", ["quantile", "musc"])
@pytest.mark.parametrize("copies", [1, 2, 6])
def test_files_that_were_sent_again_change_no_score_and_are_flagged(
    service: Service, aggregation: ZeroShotAggregation, copies: int
) -> None:
    request = replace(REQUEST, aggregation=aggregation)
    once = [scored.score for scored in finished(service, BATCH, request).results]
    again = finished(service, [*BATCH, *BATCH[2:3] * copies], request).results
    assert [scored.score for scored in again] == [*once, *once[2:3] * copies]
    assert [scored.flags for scored in again] == [(), (), ("duplicate",), (), (), *[("duplicate",)] * copies]


@pytest.mark.parametrize("shots", [1, 2, 6])
def test_near_duplicates_are_flagged_and_do_not_judge_each_other(service: Service, shots: int) -> None:
    near = [compressed(7, quality) for quality in range(90, 90 + shots)]
    results = finished(service, [*ALIKE, upload(7), *near]).results
    assert [scored.flags for scored in results] == [()] * 3 + [("near_duplicate",)] * (1 + shots)
    [alone] = [scored.score for scored in finished(service, [*ALIKE, upload(7)]).results[3:]]
    assert results[3].score == alone
    assert min(scored.score for scored in results[3:]) > 5 * max(scored.score for scored in results[:3])


@pytest.mark.parametrize("batch", [[upload(1)] * 3, [upload(1), compressed(1, 95)]])
def test_a_batch_that_shows_one_photograph_only_is_refused(service: Service, batch: list[Upload]) -> None:
    with pytest.raises(InvalidRequest, match="show all but the same"):
        service.zero_shot.submit(batch, REQUEST)


@pytest.mark.parametrize(
    ("style", "shape", "colormap"), [("overlay", (112, 140, 3), "inferno"), ("gray16", (112, 140), None)]
)
def test_a_heatmap_is_of_the_size_and_style_asked_for(
    service: Service, style: HeatmapStyle, shape: tuple[int, ...], colormap: str | None
) -> None:
    job = finished(service, BATCH[:2], replace(REQUEST, style=style))
    assert picture(service, job, 1).shape == shape
    assert (job.results[1].heatmap_height, job.results[1].heatmap_width) == shape[:2]
    assert job.results[1].colormap == colormap


def test_images_of_different_shapes_make_a_batch(service: Service) -> None:
    wide = Upload(photograph(3, width=320, height=120), "wide.png")
    assert [scored.width for scored in finished(service, [wide, upload(1)]).results] == [320, 160]


def test_an_applied_mask_is_flagged_as_untested(service: Service) -> None:
    job = finished(service, BATCH, replace(REQUEST, masking="on"))
    assert {scored.flags for scored in job.results} == {("mask_untested",)}


def test_auto_masks_the_batch_as_the_test_on_its_first_image_finds(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def verdict(rotations: list[Rotated], *_: object) -> tuple[MaskingVerdict, list[Mask]]:
        seen.append(rotations)
        return MaskingVerdict(accepted), []

    monkeypatch.setattr(zero_shot_run, "tested_masks", verdict)
    scores = {}
    for accepted in (True, False):
        job = finished(service, BATCH, replace(REQUEST, masking="auto"))
        scores[accepted] = [scored.score for scored in job.results]
        assert all(("mask_untrusted" in scored.flags) >= (not accepted) for scored in job.results)
        assert not any("mask_untested" in scored.flags for scored in job.results)
        assert job.progress.done == job.progress.total
    assert [len(rotations) for rotations in seen] == [8, 8]
    assert np.array_equal(seen[0][0].features.values, features(BATCH[0].data).values)
    assert scores[False] == [scored.score for scored in finished(service, BATCH).results]
    assert scores[True] != scores[False]


@pytest.mark.parametrize(
    ("profile", "flags"), [("robust", ("mask_untrusted",)), ("paper", ("mask_untested", "mask_empty"))]
)
def test_an_empty_mask_lets_no_image_pass_unless_the_paper_is_followed(
    service: Service, monkeypatch: pytest.MonkeyPatch, profile: Profile, flags: tuple[str, ...]
) -> None:
    monkeypatch.setattr(zero_shot_run, "foreground_mask", lambda each, *_: np.zeros(each.geometry.grid.patches, bool))
    job = finished(service, BATCH, replace(REQUEST, masking="on", profile=profile))
    assert {scored.flags for scored in job.results} == {flags}
    assert all((scored.score > 0) == (profile == "robust") for scored in job.results)


@pytest.mark.parametrize(
    ("data", "error"),
    [(b"", InvalidRequest), (photograph(2)[:-50], ImageTruncated), (photograph(2, width=16, height=8), ImageTooSmall)],
)
def test_a_bad_image_is_named_and_nothing_is_queued(
    service: Service, data: bytes, error: type[InvalidRequest], settings: Settings
) -> None:
    with pytest.raises(error, match=r"Image 2 \(bad\.png\)"):
        service.zero_shot.submit([upload(1), Upload(data, "bad.png")], REQUEST)
    assert not list(settings.data_dir.glob("jobs/*"))


@pytest.mark.parametrize(("count", "error"), [(0, InvalidRequest), (1, InvalidRequest), (65, TooManyImages)])
def test_a_batch_has_two_images_at_least_and_not_too_many(
    service: Service, count: int, error: type[InvalidRequest]
) -> None:
    with pytest.raises(error):
        service.zero_shot.submit(list(map(upload, range(count))), REQUEST)


def test_an_unknown_backbone_is_refused(service: Service) -> None:
    with pytest.raises(InvalidSettings, match="not in the registry"):
        service.zero_shot.submit(BATCH, replace(REQUEST, backbone="dinov9"))


def test_a_batch_whose_features_do_not_fit_is_refused_with_the_limit(settings: Settings) -> None:
    service = tiny_service(settings.model_copy(update={"bank_cache_bytes": 2 * 80 * TINY.width * 4}))
    with pytest.raises(BankTooLarge, match="240 patches") as refusal:
        service.zero_shot.submit(BATCH[:3], REQUEST)
    assert refusal.value.limit == 2 * 80 * TINY.width * 4
    assert finished(service, BATCH[:2]).state == "succeeded"
    service.close()
