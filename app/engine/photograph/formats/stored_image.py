"""What a file holds, before it is turned upright and brought to 8 bits; and the limit on how much may be read."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.engine.types import Size
from app.errors import ImageTooLarge

Samples: TypeAlias = NDArray[np.unsignedinteger[Any]]
"""uint8, or uint16 where more than 8 bits may be set."""


@dataclass(frozen=True, slots=True)
class StoredImage:
    """`samples`: H×W×3 RGB or H×W grey, of `bits` each; `orientation`: EXIF's, 1..8."""

    samples: Samples
    bits: int = 8
    orientation: int = 1


def require_pixels(size: Size, max_pixels: int) -> None:
    """ImageTooLarge for more pixels than `max_pixels`."""
    pixels = size.width * size.height
    if pixels > max_pixels:
        raise ImageTooLarge(
            f"The image has {size.width}x{size.height} = {pixels} pixels; at most {max_pixels} are accepted. "
            "Scale it down, or raise INSPECTOR_MAX_IMAGE_PIXELS.",
            limit=max_pixels,
        )
