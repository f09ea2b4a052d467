"""Jobs in JSON: what a batch without references may ask for, and what is told of a job."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas.heatmaps import ScaleBody
from app.api.schemas.inspections import ImageBody
from app.engine.options import Masking, Profile, ZeroShotAggregation
from app.service.jobs.zero_shot_run import ZeroShotRequest
from app.storage.jobs import Job, JobKind, JobStage, JobState, ScoredImage


class ZeroShotQuery(BaseModel):
    """How a batch is scored and its heatmaps are drawn."""

    smaller_edge: int = Field(default=672, ge=112, le=1344, description="Smaller edge that images are scaled to, px.")
    masking: Masking = Field(
        default="off",
        description="Mask the background: `auto` if the first image passes the masking test, `on` untested.",
    )
    aggregation: ZeroShotAggregation = Field(
        default="quantile",
        description="Of a patch's distances to the other images: the mean of the smallest 0.1 %, or MuSc's mean.",
    )
    backbone: str = Field(
        default="default", min_length=1, max_length=100, description="`default` or a registered name."
    )
    profile: Profile = "robust"
    style: Literal["heat", "overlay", "gray16"] = Field(
        default="heat", description="Palette, laid over the image, or 16-bit grey."
    )

    def request(self) -> ZeroShotRequest:
        return ZeroShotRequest(**self.model_dump())


class ProgressBody(BaseModel):
    """Steps done, of how many, and what is being done."""

    model_config = ConfigDict(from_attributes=True)

    done: int
    total: int
    stage: JobStage


class JobErrorBody(BaseModel):
    """Why a job failed. `code` and `detail` are those of a problem."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    detail: str


class JobHeatmapBody(BaseModel):
    """Where a heatmap (PNG) is to be had; `colormap` is null for 16-bit grey."""

    href: str
    width: int
    height: int
    scale: ScaleBody
    colormap: str | None


class ScoredImageBody(BaseModel):
    """One image of the batch, `index` its place there. `score` is the image score, unrounded."""

    index: int
    filename: str | None
    score: float
    flags: list[str] = Field(
        description=(
            "`duplicate`: the same file was sent more than once; it counts once. `near_duplicate`: another image shows "
            "all but the same; the two are not compared with each other, unless most of the batch looks alike. Of a "
            "mask: `mask_untested`, `mask_untrusted`, `mask_empty`. `edge_unseen`: the profile cuts an edge off."
        )
    )
    image: ImageBody
    heatmap: JobHeatmapBody

    @classmethod
    def of(cls, scored: ScoredImage, job_path: str) -> Self:
        heatmap = JobHeatmapBody(
            href=f"{job_path}/heatmaps/{scored.index}.png",
            width=scored.heatmap_width,
            height=scored.heatmap_height,
            scale=ScaleBody(min=0.0, max=scored.heatmap_scale_max),
            colormap=scored.colormap,
        )
        return cls(
            index=scored.index,
            filename=scored.filename,
            score=scored.score,
            flags=list(scored.flags),
            image=ImageBody(width=scored.width, height=scored.height, sha256=scored.sha256),
            heatmap=heatmap,
        )


class ProposedBody(BaseModel):
    """The proposal that a job has made: GET /products/{product_id}/improvements/{number}."""

    model_config = ConfigDict(from_attributes=True)

    product_id: str
    number: int


class JobBody(BaseModel):
    """A job. `error` is null unless it has failed. Before it has succeeded, `results` (of a batch) are empty and
    `proposed` (of an improvement) is null."""

    job_id: str
    kind: JobKind
    state: JobState
    progress: ProgressBody
    created_at: str
    updated_at: str
    error: JobErrorBody | None
    results: list[ScoredImageBody]
    proposed: ProposedBody | None

    @classmethod
    def of(cls, job: Job, job_path: str) -> Self:
        """`job_path`: where the job is to be had, under which its heatmaps lie."""
        return cls(
            job_id=job.job_id,
            kind=job.kind,
            state=job.state,
            progress=ProgressBody.model_validate(job.progress),
            created_at=job.created_at,
            updated_at=job.updated_at,
            error=JobErrorBody.model_validate(job.error) if job.error else None,
            results=[ScoredImageBody.of(each, job_path) for each in job.results],
            proposed=ProposedBody.model_validate(job.proposed) if job.proposed else None,
        )
