"""The part of the sample product: a brushed bearing flange with four black socket screws, as a surface to be lit.

Lengths are in fine pixels: the part is drawn on a square of `SIDE_PX`, twice the side of the finished picture.
"""

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Field: TypeAlias = NDArray[np.floating[Any]]

SIDE_PX = 1024
HALF_PLATE_PX = 390.0
CORNER_RADIUS_PX = 90.0
BOSS_RADIUS_PX = 268.0
BORE_RADIUS_PX = 165.0
SCREW_OFFSET_PX = 292.0
HEAD_RADIUS_PX = 53.0
SEAT_RADIUS_PX = 64.0
SCREW_CENTRES = tuple((x, y) for y in (-SCREW_OFFSET_PX, SCREW_OFFSET_PX) for x in (-SCREW_OFFSET_PX, SCREW_OFFSET_PX))

_ALUMINIUM = (0.44, 0.445, 0.455)
_BLACK_OXIDE = (0.045, 0.045, 0.049)
_BRASS = (0.50, 0.29, 0.06)
_SHADED_THREAD = (0.035, 0.034, 0.033)


@dataclass(frozen=True)
class Surface:
    """The part seen from above in its own frame, every field `SIDE_PX` × `SIDE_PX`, float32.

    `height` is in fine pixels above the plate's face; `albedo` (× 3) is linear RGB; `gloss` is the share of directed
    reflection, 0 … 1; `grain` (× 2) is the unit direction of the brushing; `solid` is 1 on the part and 0 beside it.
    """

    height: Field
    albedo: Field
    gloss: Field
    grain: Field
    solid: Field


def part_coordinates() -> tuple[Field, Field]:
    """x to the right and y downward from the centre of the part, in fine pixels."""
    axis = np.arange(SIDE_PX, dtype=np.float32) - np.float32((SIDE_PX - 1) / 2)
    x, y = np.meshgrid(axis, axis)
    return x, y


def coverage(signed_distance: Field, softness_px: float = 1.5) -> Field:
    """1 inside (negative distance), 0 outside, a ramp of `softness_px` on the outline."""
    return np.asarray(np.clip(0.5 - signed_distance / softness_px, 0.0, 1.0), np.float32)


def smooth_noise(rng: np.random.Generator, sigma_x_px: float, sigma_y_px: float) -> Field:
    """Gaussian noise of zero mean and unit deviation, correlated over the given lengths."""
    shrink_x, shrink_y = _shrink(sigma_x_px), _shrink(sigma_y_px)
    noise = rng.standard_normal((SIDE_PX // shrink_y, SIDE_PX // shrink_x), dtype=np.float32)
    sigma_x, sigma_y = sigma_x_px / shrink_x, sigma_y_px / shrink_y
    blurred = cv2.GaussianBlur(noise, (0, 0), sigma_x, sigmaY=sigma_y, borderType=cv2.BORDER_REFLECT)
    full = cv2.resize(blurred, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_LINEAR)
    return np.asarray((full - full.mean()) / full.std(), np.float32)


def _shrink(sigma_px: float) -> int:
    """The power of two by which noise of this length may be drawn smaller and still be smooth when enlarged."""
    return 1 << max(0, int(np.log2(sigma_px / 2.5)))


def distance_to_plate_edge(x: Field, y: Field) -> Field:
    """Signed distance to the rounded square of the plate, negative inside."""
    inner = HALF_PLATE_PX - CORNER_RADIUS_PX
    qx, qy = np.abs(x) - inner, np.abs(y) - inner
    outside = np.hypot(np.maximum(qx, 0.0), np.maximum(qy, 0.0))
    return (outside + np.minimum(np.maximum(qx, qy), 0.0) - CORNER_RADIUS_PX).astype(np.float32)


def blend(below: Field, above: Field | tuple[float, float, float] | float, weight: Field) -> Field:
    """`above` laid over `below` with `weight` (H × W, 0 … 1); works for fields with and without colour channels."""
    weight = weight[..., None] if below.ndim == 3 else weight
    return (below + (np.asarray(above, np.float32) - below) * weight).astype(np.float32, copy=False)


def brushed_flange(rng: np.random.Generator) -> Surface:
    """A sound part; `rng` decides the brushing and how far each screw is turned, which differ from part to part."""
    x, y = part_coordinates()
    surface = _with_index_mark(_machined_plate(x, y, rng), x, y)
    turns_rad = rng.uniform(0.0, np.pi / 3, 4)
    turn_rad = turns_rad[2 * (y > 0) + (x > 0)]
    dx, dy = x - np.copysign(SCREW_OFFSET_PX, x), y - np.copysign(SCREW_OFFSET_PX, y)
    return _with_screw(_with_seat(surface, dx, dy), dx, dy, turn_rad)


def without_screw(surface: Surface, centre: tuple[float, float]) -> Surface:
    """The same part with the open brass thread insert that shows when the screw at `centre` is gone."""
    x, y = part_coordinates()
    radius = np.hypot(x - centre[0], y - centre[1])
    seated = _with_seat(surface, x - centre[0], y - centre[1])
    insert, hole = coverage(radius - 54.0, 3.0), coverage(radius - 27.0)
    brass = (1.0 + 0.15 * np.sin(radius * 1.1))[..., None] * np.asarray(_BRASS, np.float32)
    return replace(
        seated,
        height=blend(blend(seated.height, -9.0, insert), -46.0, hole),
        albedo=blend(blend(seated.albedo, brass, insert), _SHADED_THREAD, hole),
        gloss=blend(seated.gloss, 0.05, hole),
    )


def _machined_plate(x: Field, y: Field, rng: np.random.Generator) -> Surface:
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    edge = distance_to_plate_edge(x, y)
    turned = coverage(radius - BOSS_RADIUS_PX)
    straight_grain = 0.65 * smooth_noise(rng, 90.0, 0.9) + 0.35 * smooth_noise(rng, 30.0, 2.2)
    grain_noise = blend(straight_grain, _turned_noise(rng), turned)
    chamfers = -9.0 * _ramp(edge, -10.0) ** 2 - 8.0 * _ramp(BORE_RADIUS_PX - radius, -9.0) ** 2
    boss = 14.0 * (1.0 - _ramp(radius - BOSS_RADIUS_PX, -8.0))
    groove = -4.0 * coverage(np.abs(radius - 222.0) - 5.0, 4.0)
    tone = 1.0 + 0.085 * grain_noise + 0.02 * smooth_noise(rng, 60.0, 60.0)
    linear = np.stack([np.ones_like(x), np.zeros_like(x)], axis=-1)
    circular = np.stack([-np.sin(angle), np.cos(angle)], axis=-1)
    return Surface(
        height=(chamfers + boss + groove + 0.07 * grain_noise).astype(np.float32),
        albedo=tone[..., None] * np.asarray(_ALUMINIUM, np.float32),
        gloss=np.ones_like(x),
        grain=blend(linear.astype(np.float32), circular.astype(np.float32), turned),
        solid=coverage(edge) * coverage(BORE_RADIUS_PX - radius),
    )


def _ramp(distance: Field, start: float) -> Field:
    """0 up to `start`, rising to 1 at distance 0, and 1 beyond."""
    return np.asarray(np.clip(1.0 - distance / start, 0.0, 1.0), np.float32)


def _turned_noise(rng: np.random.Generator) -> Field:
    """Brushing that runs round the bore, as a lathe leaves it."""
    streaks = smooth_noise(rng, 0.8, 110.0)
    half_angle = np.linspace(0.0, np.pi, SIDE_PX, endpoint=False, dtype=np.float32)[:, None]
    # Each of the two has a seam where its ends meet, and weighs nothing there.
    streaks = np.sin(half_angle) * streaks + np.abs(np.cos(half_angle)) * np.roll(streaks, SIDE_PX // 2, axis=0)
    centre = ((SIDE_PX - 1) / 2, (SIDE_PX - 1) / 2)
    flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    return cv2.warpPolar(streaks, (SIDE_PX, SIDE_PX), centre, float(SIDE_PX), flags).astype(np.float32)


def _with_seat(surface: Surface, dx: Field, dy: Field) -> Surface:
    """A flat counterbore, turned bright, in place of whatever is round the points where dx = dy = 0."""
    radius, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
    seat = coverage(radius - SEAT_RADIUS_PX, 5.0)
    rings = 0.06 * np.sin(radius * 1.1)
    albedo = (np.float32(0.86) + rings)[..., None] * np.asarray(_ALUMINIUM, np.float32)
    circular = np.stack([-np.sin(angle), np.cos(angle)], axis=-1).astype(np.float32)
    return replace(
        surface,
        height=blend(surface.height, -12.0, seat),
        albedo=blend(surface.albedo, albedo, seat),
        gloss=blend(surface.gloss, 0.7, seat),
        grain=blend(surface.grain, circular, seat),
    )


def _with_screw(surface: Surface, dx: Field, dy: Field, turn_rad: NDArray[np.float64]) -> Surface:
    """A black socket head screw with a rounded rim and a hexagon socket turned by `turn_rad` (H × W)."""
    radius = np.hypot(dx, dy)
    head = coverage(radius - HEAD_RADIUS_PX)
    flats = [turn_rad + k * np.pi / 3 for k in range(3)]
    to_flats = [np.abs(dx * np.cos(angle) + dy * np.sin(angle)) for angle in flats]
    to_socket = (np.maximum.reduce(to_flats) - 23.0).astype(np.float32)
    socket = coverage(to_socket, 3.0)
    top = 16.0 - 9.0 * _ramp(radius - HEAD_RADIUS_PX, -12.0) ** 2 - 3.0 * _ramp(-to_socket, -4.0)
    black = np.broadcast_to(np.asarray(_BLACK_OXIDE, np.float32), surface.albedo.shape)
    return replace(
        surface,
        height=blend(surface.height, blend(top.astype(np.float32), -20.0, socket), head),
        albedo=blend(surface.albedo, blend(black, _SHADED_THREAD, socket), head),
        gloss=blend(surface.gloss, 0.9 * (1.0 - socket), head),
    )


def _with_index_mark(surface: Surface, x: Field, y: Field) -> Surface:
    """Two bars milled below the boss, which tell the fitter how to turn the part."""
    distance = np.maximum(np.abs(np.abs(x) - 14.0) - 5.0, np.abs(y - 330.0) - 26.0)
    milled = coverage(distance, 3.0)
    return replace(
        surface,
        height=blend(surface.height, -6.0, milled),
        albedo=blend(surface.albedo, (0.13, 0.13, 0.135), 0.8 * milled),
        gloss=surface.gloss * (1.0 - 0.8 * milled),
    )
