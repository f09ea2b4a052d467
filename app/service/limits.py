"""What one process takes on."""

from dataclasses import dataclass, field

from app.engine.options import RowPrecision

EXACT_ROWS = 4096
"""Half of one reference with rotations at 448 px: in 8,192 rows a search by lists takes little more than half of the
time of one of all rows."""


@dataclass(frozen=True, slots=True)
class RowsHeld:
    """How the rows of new bank versions lie in host memory, and up to how many of them all are searched by each
    inspection."""

    exact_rows: int = EXACT_ROWS
    precision: RowPrecision = "float32"


@dataclass(frozen=True, slots=True)
class Batching:
    """How many images of inspections a backbone may take in one pass, and how long a pass may wait for those that are
    on their way, s."""

    largest: int = 1
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process takes on: image size, images a registration or batch, kept versions, memory for banks, jobs;
    which share of the engine's time is for what is no inspection, once that waits; and how old may be what it knows of
    the version that serves, s (0: it asks the store each time); how banks lie in memory; how inspections share
    passes."""

    max_image_pixels: int
    max_images_per_request: int
    keep_versions: int
    bank_cache_bytes: int
    max_jobs: int
    background_share: float = 0.2
    pointer_max_age_s: float = 0.0
    rows_held: RowsHeld = field(default_factory=RowsHeld)
    batching: Batching = field(default_factory=Batching)
