"""Batched zero-shot: images without references, each judged by the others of its batch."""

from collections.abc import Sequence

from app.engine.backbone.spec import BackboneSpec
from app.engine.hygiene import Duplicates, duplicates
from app.errors import BankTooLarge, InvalidRequest, TooManyImages
from app.service.accelerator.backbones import Backbones
from app.service.accelerator.pieces import Pieces
from app.service.jobs.jobs import JobService
from app.service.jobs.zero_shot_run import STEPS_PER_IMAGE, ZeroShotRequest, ZeroShotRun
from app.service.limits import Limits
from app.service.uploads.checked_upload import CheckedUpload, Upload, checked_upload
from app.storage.jobs import Job, JobHeatmaps

FLOAT32_BYTES = 4


class ZeroShotService:
    """Takes on batches as jobs."""

    def __init__(
        self, jobs: JobService, heatmaps: JobHeatmaps, backbones: Backbones, pieces: Pieces, limits: Limits
    ) -> None:
        self._jobs = jobs
        self._heatmaps = heatmaps
        self._backbones = backbones
        self._pieces = pieces
        self._limits = limits

    def submit(self, uploads: Sequence[Upload], request: ZeroShotRequest) -> Job:
        """Score a batch, later: all of it, or nothing where an image cannot be read.

        The uploads are kept in memory as they came until the job has ended.

        Raises:
            InvalidRequest and what is below it: fewer than two images that differ, too much or something unreadable was
                sent; the message names the image.
            Overloaded, Draining, NotReady, StorageFull, StorageUnavailable.
        """
        self._jobs.require_room()
        self._require_number(len(uploads))
        backbone = self._backbones.get(request.backbone, request.preprocessing)
        checked = [self._checked(each, place, request, backbone.spec) for place, each in enumerate(uploads)]
        self._require_size(checked, backbone.spec)
        found = _duplicates(checked)
        return self._jobs.submit(
            "zero-shot",
            STEPS_PER_IMAGE * len(checked),
            lambda under_way: ZeroShotRun(
                checked,
                found,
                request,
                backbone,
                self._pieces,
                self._heatmaps,
                self._limits.max_image_pixels,
                under_way,
            ).results(),
        )

    def _checked(self, upload: Upload, place: int, request: ZeroShotRequest, spec: BackboneSpec) -> CheckedUpload:
        return checked_upload(
            upload,
            place,
            max_pixels=self._limits.max_image_pixels,
            preprocessing=request.preprocessing,
            patch_size=spec.patch_size,
        )

    def _require_number(self, count: int) -> None:
        if count < 2:
            raise InvalidRequest(
                "A batch needs two images or more, as form fields `images`: each is judged by the others. The more of "
                "them show good parts, the better."
            )
        if count > self._limits.max_images_per_request:
            raise TooManyImages(
                f"{count} images were sent; at most {self._limits.max_images_per_request} make a batch. Send fewer.",
                limit=self._limits.max_images_per_request,
            )

    def _require_size(self, checked: Sequence[CheckedUpload], spec: BackboneSpec) -> None:
        patches = sum(each.geometry.grid.patches for each in checked)
        size_bytes, limit = FLOAT32_BYTES * spec.width * patches, self._limits.bank_cache_bytes
        if size_bytes > limit:
            raise BankTooLarge(
                f"The features of the batch's {patches} patches take {size_bytes} bytes; at most {limit} are held. "
                "Send fewer images, lower smaller_edge, or raise INSPECTOR_BANK_CACHE_BYTES, on a GPU "
                "INSPECTOR_GPU_BANK_CACHE_BYTES.",
                limit=limit,
            )


def _duplicates(checked: Sequence[CheckedUpload]) -> list[Duplicates]:
    found = duplicates([each.photograph for each in checked], [each.sha256 for each in checked])
    if any(not each.others for each in found):
        raise InvalidRequest(
            f"All {len(checked)} images of the batch show all but the same, so that none can say what is unusual about "
            "another. Send photographs of several parts, each part once."
        )
    return found
