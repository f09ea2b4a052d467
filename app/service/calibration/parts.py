"""What sets thresholds and judges by them, put together."""

from app.service.accelerator.accelerator import Accelerator
from app.service.accelerator.engine_thread import Priority
from app.service.banks.parts import BankParts
from app.service.calibration.ahead import CalibrationAhead
from app.service.calibration.calibration import CalibrationService
from app.service.calibration.commissioning import Commissioner
from app.service.calibration.intake import CalibrationIntake, Confirmed
from app.service.calibration.knowledge import CalibrationKnowledge
from app.service.calibration.measurer import CalibrationMeasurer
from app.service.limits import Limits
from app.service.uploads.photographs import Photographs
from app.storage.open import OpenStore


class CalibrationParts:
    """What is known of good parts' scores, and the calibration images behind it."""

    def __init__(
        self,
        store: OpenStore,
        accelerator: Accelerator,
        banks: BankParts,
        photographs: Photographs,
        confirmed: Confirmed,
        limits: Limits,
    ) -> None:
        blobs, max_pixels = store.blobs, limits.max_image_pixels
        self.knowledge = CalibrationKnowledge(blobs)
        self.commissioner = Commissioner(blobs)
        now, later = (
            CalibrationMeasurer(blobs, accelerator.backbones, accelerator.pieces(priority), max_pixels)
            for priority in (Priority.REGISTRATION, Priority.JOB)
        )
        intake = CalibrationIntake(blobs, accelerator.backbones, photographs, confirmed, max_pixels)
        self.ahead = CalibrationAhead(store.catalog, blobs, banks.service, banks.serving, intake, now)
        self.service = CalibrationService(
            store.catalog,
            blobs,
            banks.service,
            banks.serving,
            self.knowledge,
            intake,
            now,
            later,
            limits.max_images_per_request,
        )
