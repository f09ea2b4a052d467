"""What makes proposals and lets somebody take them, put together."""

from app.service.accelerator.accelerator import Accelerator
from app.service.accelerator.engine_thread import Priority
from app.service.banks.parts import BankParts
from app.service.improvements.comparison import Comparison
from app.service.improvements.false_alarms import FalseAlarmIntake
from app.service.improvements.improvements import ImprovementService
from app.service.improvements.proposing import Proposer
from app.service.inspection.again import Reinspection
from app.service.jobs.jobs import JobService
from app.service.limits import Limits
from app.service.records.pictures import PictureService
from app.service.references.parts import ReferenceParts
from app.storage.open import OpenStore
from app.storage.records.store import Records


class ImprovementParts:
    """The proposals of each product."""

    def __init__(
        self,
        store: OpenStore,
        accelerator: Accelerator,
        banks: BankParts,
        references: ReferenceParts,
        records: Records | None,
        pictures: PictureService,
        jobs: JobService,
        limits: Limits,
    ) -> None:
        catalog, blobs, backbones = store.catalog, store.blobs, accelerator.backbones
        pieces, max_pixels = accelerator.pieces(Priority.JOB), limits.max_image_pixels
        intake = FalseAlarmIntake(blobs, references.hygiene, references.photographs, pieces, pictures.of, max_pixels)
        comparison = Comparison(Reinspection(backbones, pieces, max_pixels), pictures.of)
        proposer = Proposer(
            catalog,
            blobs,
            backbones,
            banks.service,
            banks.builder,
            intake,
            comparison,
            limits.keep_versions,
        )
        self.service = ImprovementService(catalog, blobs, records, jobs, proposer, banks.builder, limits.keep_versions)
