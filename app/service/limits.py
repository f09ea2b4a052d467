"""What one process takes on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process takes on: image size, images a registration or batch, kept versions, memory for banks, jobs;
    which share of the engine's time is for what is no inspection, once that waits; and how old may be what it knows of
    the version that serves, s (0: it asks the store each time)."""

    max_image_pixels: int
    max_images_per_request: int
    keep_versions: int
    bank_cache_bytes: int
    max_jobs: int
    background_share: float = 0.2
    pointer_max_age_s: float = 0.0
