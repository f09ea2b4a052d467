"""Checks of a single photograph, by itself and beside the other references. Limits: measured in `docs/accuracy.md`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.engine.hygiene.finding import Finding
from app.engine.hygiene.sampling import FEWEST_BITS_LOST, MOSAIC_RATIO, mosaic_contrast
from app.engine.photograph.appearance import LEAST_DETAIL, Appearance
from app.engine.photograph.bit_depth import bit_depth
from app.engine.photograph.photometry import appearance, scaled_down
from app.engine.photograph.shape import SAME_SHAPE, aspect
from app.engine.types import Image, Size

LEAST_SHARPNESS = 0.25
"""Whatever the others are: all of them may be blurred."""

LEAST_SHARPNESS_RATIO = 0.5

CLIPPED_DARK, CLIPPED_LIGHT = 5, 250
MOST_CLIPPED = 0.5

DARKEST, LIGHTEST = 20.0, 235.0
BRIGHTNESS_FACTOR = 1.35
BRIGHTNESS_OTHERS = 6
"""With fewer others their range says too little: where the light differs from photograph to photograph, good ones
would be accused."""

RANGE_OTHERS = 8
"""A photograph may lie outside the range of so many others by as much as the range is wide; of fewer, by more."""

THUMBNAIL = 64
THUMBNAIL_SIGMA = 3.0
SAME_PHOTOGRAPH, NEAR_PHOTOGRAPH = 0.01, 0.04


@dataclass(frozen=True, slots=True)
class Photograph:
    """The numbers of a photograph that the checks compare.

    `dark`, `light`: shares of clipped pixels, 0..1. `thumbnail`: 64×64 grey, coarse shading removed, unit length (zeros
    where nothing is left). `bits`: of the samples in the file, of which `used_bits` are used (None: 8 of 8). `mosaic`:
    contrast of neighbours against that of pixels two apart.
    """

    size: Size
    appearance: Appearance
    dark: float
    light: float
    thumbnail: NDArray[np.float32]
    bits: int
    used_bits: int | None
    mosaic: float


def photograph(image: Image, bits: int = 8, used_bits: int | None = None) -> Photograph:
    """Measure a photograph (H×W×3 uint8 RGB), decoded from samples of so many bits."""
    scaled = scaled_down(image)
    return Photograph(
        size=Size(*image.shape[:2]),
        appearance=appearance(image),
        dark=float((scaled.max(axis=2) <= CLIPPED_DARK).mean()),
        light=float((scaled.min(axis=2) >= CLIPPED_LIGHT).mean()),
        thumbnail=_thumbnail(np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2GRAY), np.float32)),
        bits=bits,
        used_bits=used_bits,
        mosaic=mosaic_contrast(image),
    )


@dataclass(frozen=True, slots=True)
class SamePhotograph:
    """Which of the others a photograph is all but the same as: `distance` of the thumbnails (cosine), below `limit`."""

    other: int
    distance: float
    limit: float


def same_photographs(of: Photograph, others: Sequence[Photograph]) -> list[SamePhotograph]:
    """Those of the others that show the same, nearest first. In a fixture all are alike: then only a copy counts."""
    if not others:
        return []
    distances = 1 - np.array([float(np.vdot(of.thumbnail, each.thumbnail)) for each in others])
    limit = max(SAME_PHOTOGRAPH, min(NEAR_PHOTOGRAPH, float(np.median(distances)) / 4))
    near = [int(other) for other in distances.argsort(kind="stable") if distances[other] < limit]
    return [SamePhotograph(other, float(distances[other]), limit) for other in near]


def findings(of: Photograph, others: Sequence[Photograph]) -> list[Finding]:
    """What may be wrong with a photograph beside the other references (none: by itself)."""
    shows = _featureless(of) if of.appearance.is_featureless else _blurred(of, others)
    sampling = [*_bit_depth(of, others), *_mosaic(of)]
    return [
        *shows,
        *sampling,
        *_exposure(of, others, sampling),
        *_shape(of, others),
        *_near_duplicate(of, others),
    ]


def _thumbnail(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    small = cv2.resize(grey, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    detail = small - cv2.GaussianBlur(small, (0, 0), THUMBNAIL_SIGMA)
    norm = float(np.linalg.norm(detail))
    return np.asarray(detail / norm if norm > 1 else np.zeros_like(detail), np.float32)


def _featureless(of: Photograph) -> Iterator[Finding]:
    yield Finding(
        "featureless",
        "The photograph shows nothing: an even field, black, grey or white. Look at it, check lens cap, light and "
        "trigger, and take it again.",
        {"detail": of.appearance.detail or 0.0, "limit": LEAST_DETAIL},
    )


def _blurred(of: Photograph, others: Sequence[Photograph]) -> Iterator[Finding]:
    usual = float(np.median([each.appearance.sharpness for each in others])) if others else 0.0
    limit = max(LEAST_SHARPNESS, LEAST_SHARPNESS_RATIO * usual)
    if of.appearance.sharpness < limit:
        than = "" if limit == LEAST_SHARPNESS else ", much less sharp than the other references"
        yield Finding(
            "blurred",
            f"The photograph is blurred{than}. Check focus and shutter time, and take it again.",
            {"sharpness": of.appearance.sharpness, "limit": limit},
        )


def _bit_depth(of: Photograph, others: Sequence[Photograph]) -> Iterator[Finding]:
    """By all of the same depth together: one may be dark."""
    used = bit_depth([of.used_bits, *(each.used_bits for each in others if each.bits == of.bits)])
    if of.used_bits is not None and of.bits - used >= FEWEST_BITS_LOST:
        text = (
            f"Only {used} of {of.bits} bits are used. By bit_depth `auto` the references are scaled from the bits that "
            "they use together; what exceeds these in an inspection gets no verdict. Set bit_depth to the camera's."
        )
        yield Finding("bit_depth", text, {"bits": of.bits, "used_bits": used})


def _mosaic(of: Photograph) -> Iterator[Finding]:
    if of.mosaic > MOSAIC_RATIO:
        text = (
            "The photograph looks like the raw mosaic of a colour sensor taken as grey. Let the camera write colours."
        )
        yield Finding("bayer_mosaic", text, {"contrast": of.mosaic, "limit": MOSAIC_RATIO})


def _exposure(of: Photograph, others: Sequence[Photograph], sampling: Sequence[Finding]) -> Iterator[Finding]:
    """Where bits are unused, it is not the light."""
    darkest, lightest = _brightness_limits(others)
    numbers = {"brightness": of.appearance.brightness, "dark_share": of.dark, "light_share": of.light}
    limits = {"darkest": darkest, "lightest": lightest}
    dark = of.appearance.brightness < darkest or (of.dark > MOST_CLIPPED and not _usual([x.dark for x in others]))
    if dark and not any(each.kind == "bit_depth" for each in sampling):
        text = "The photograph is under-exposed. Give it the light and the exposure of the others, and take it again."
        yield Finding("under_exposed", text, numbers | limits)
    if of.appearance.brightness > lightest or (of.light > MOST_CLIPPED and not _usual([each.light for each in others])):
        text = "The photograph is over-exposed. Give it the light and the exposure of the others, and take it again."
        yield Finding("over_exposed", text, numbers | limits)


def _brightness_limits(others: Sequence[Photograph]) -> tuple[float, float]:
    """Well outside the range of the others, the more so the fewer they are, and far from their median."""
    if len(others) < BRIGHTNESS_OTHERS:
        return DARKEST, LIGHTEST
    logs = np.log([max(each.appearance.brightness, 1.0) for each in others])
    low, high, median = float(logs.min()), float(logs.max()), float(np.median(logs))
    margin, step = RANGE_OTHERS / len(others) * (high - low), float(np.log(BRIGHTNESS_FACTOR))
    darkest, lightest = (
        float(np.exp(min(low - margin, median - step))),
        float(np.exp(max(high + margin, median + step))),
    )
    return max(darkest, CLIPPED_DARK), min(lightest, CLIPPED_LIGHT)


def _usual(clipped: Sequence[float]) -> bool:
    """Whether such photographs are clipped as a rule: a part on a white ground is."""
    return len(clipped) > 0 and float(np.median(clipped)) > MOST_CLIPPED


def _shape(of: Photograph, others: Sequence[Photograph]) -> Iterator[Finding]:
    """Only where most of the others, and at least two, agree in size."""
    (size, count), *_ = Counter(each.size for each in others).most_common(1) or [(of.size, 0)]
    if count < max(2, len(others) // 2 + 1) or size == of.size:
        return
    numbers = {"width": of.size.width, "height": of.size.height, "usual_width": size.width, "usual_height": size.height}
    told = f"{of.size.width}x{of.size.height} px, most of the other references {size.width}x{size.height} px"
    if abs(aspect(of.size) / aspect(size) - 1) > SAME_SHAPE:
        text = f"The photograph has another shape: {told}. Cut it as the others are, or take it with the same camera."
        yield Finding("different_aspect", text, numbers)
    else:
        text = f"The photograph has another size: {told}. If it was scaled down, send the original."
        yield Finding("different_size", text, numbers)


def _near_duplicate(of: Photograph, others: Sequence[Photograph]) -> Iterator[Finding]:
    """`other` numbers the nearest of the others."""
    for same in same_photographs(of, others)[:1]:
        yield Finding(
            "near_duplicate",
            "The photograph is all but the same as another reference: it adds nothing, and makes the threshold too "
            "low. Leave one of the two out.",
            {"distance": same.distance, "limit": same.limit, "other": same.other},
        )
