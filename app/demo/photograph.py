"""Light and camera of the sample product: a surface in its frame becomes a photograph on a conveyor belt."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from app.demo.flange import SIDE_PX, Field, Surface, blend, part_coordinates, smooth_noise

PICTURE_SIDE_PX = SIDE_PX // 2

_PLATE_THICKNESS_PX = 44.0
_LIGHT_ELEVATION_RAD = np.deg2rad(52.0)
_SHADOW_STEP_PX = 3
_BELT = (0.026, 0.043, 0.047)


@dataclass(frozen=True)
class Shot:
    """How one picture is taken: the pose of the part (fine pixels, radians) and what the light does that moment."""

    turn_rad: float
    shift_x_px: float
    shift_y_px: float
    light_azimuth_rad: float
    exposure: float
    warmth: float


def random_shot(rng: np.random.Generator) -> Shot:
    """The small spread of poses and light that a guided conveyor and a fixed lamp leave."""
    return Shot(
        turn_rad=float(np.deg2rad(rng.uniform(-2.0, 2.0))),
        shift_x_px=float(rng.uniform(-10.0, 10.0)),
        shift_y_px=float(rng.uniform(-10.0, 10.0)),
        light_azimuth_rad=float(np.deg2rad(rng.uniform(-128.0, -118.0))),
        exposure=float(rng.uniform(0.94, 1.06)),
        warmth=float(rng.uniform(-0.015, 0.015)),
    )


def place(field: Field, shot: Shot) -> Field:
    """A field of the part's frame, moved and turned into the picture's frame; zeros come in from outside."""
    centre = (SIDE_PX - 1) / 2
    matrix = cv2.getRotationMatrix2D((centre, centre), -float(np.rad2deg(shot.turn_rad)), 1.0)
    matrix[:, 2] += np.asarray((shot.shift_x_px, shot.shift_y_px))
    return cv2.warpAffine(field, matrix, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR).astype(np.float32)


def photograph(surface: Surface, shot: Shot, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The picture, `PICTURE_SIDE_PX` square, × 3 uint8 RGB; `rng` decides the belt and the sensor noise."""
    solid = place(surface.solid, shot)
    height = place(surface.height, shot)
    stepped = blend(np.full_like(height, -_PLATE_THICKNESS_PX), height, solid)
    shadow = _cast_shadow(stepped, shot.light_azimuth_rad)
    occlusion = _occlusion(stepped)
    metal = _lit_metal(surface, height, shot, 1.0 - 0.75 * shadow, occlusion)
    belt = _lit_belt(rng) * (occlusion * (1.0 - 0.72 * shadow))[..., None]
    return _develop(blend(belt.astype(np.float32), metal, solid), shot, rng)


def _cast_shadow(height: Field, azimuth_rad: float) -> Field:
    """0 lit … 1 shaded, by walking from every pixel toward the lamp over the height field."""
    towards = np.cos(azimuth_rad), np.sin(azimuth_rad)
    rise_per_px = float(np.tan(_LIGHT_ELEVATION_RAD))
    shaded = np.zeros_like(height)
    for distance in range(_SHADOW_STEP_PX, 75, _SHADOW_STEP_PX):
        shift = np.asarray([[1.0, 0.0, -distance * towards[0]], [0.0, 1.0, -distance * towards[1]]])
        blocker = cv2.warpAffine(height, shift, (SIDE_PX, SIDE_PX), borderMode=cv2.BORDER_REPLICATE)
        shaded = np.maximum(shaded, np.clip((blocker - height - distance * rise_per_px) / 6.0, 0.0, 1.0))
    return cv2.GaussianBlur(shaded, (0, 0), 4.0).astype(np.float32)


def _occlusion(height: Field) -> Field:
    """1 in the open, less in hollows, where the surroundings hide part of the room's light."""
    small = cv2.resize(height, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    wide = cv2.resize(cv2.GaussianBlur(small, (0, 0), 7.0), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_LINEAR)
    near = cv2.GaussianBlur(height, (0, 0), 6.0)
    depth = 0.018 * np.clip(wide - height, 0.0, None) + 0.02 * np.clip(near - height, 0.0, None)
    return np.exp(-depth).astype(np.float32)


def _lit_metal(surface: Surface, height: Field, shot: Shot, lit: Field, occlusion: Field) -> Field:
    """Linear RGB of the part: diffuse light, the streak of brushed metal, and the room mirrored in its edges."""
    slope_y, slope_x = np.gradient(cv2.GaussianBlur(height, (0, 0), 1.0))
    normal = _unit(np.stack([-slope_x, -slope_y, np.ones_like(height)], axis=-1))
    towards_lamp = _directions_to_lamp(shot)
    half_way = _unit(towards_lamp + np.asarray((0.0, 0.0, 1.0), np.float32))
    facing = np.clip(np.sum(normal * towards_lamp, axis=-1), 0.0, 1.0)
    streak = _brushed_streak(surface, normal, half_way, shot)
    glint = np.clip(np.sum(normal * half_way, axis=-1), 0.0, 1.0) ** 40
    gloss = place(surface.gloss, shot)
    room = 0.5 - 0.32 * np.tanh(2.5 * (normal[..., 1] + 0.45 * normal[..., 0]))
    diffuse = occlusion * (0.14 + 0.24 * room) + 0.25 * facing * lit
    albedo = place(surface.albedo, shot)
    mirrored = gloss * (0.25 + 0.75 * lit) * (1.15 * streak * (0.02 + albedo.mean(axis=-1)) + 0.13 * glint)
    return np.asarray(albedo * diffuse[..., None] + mirrored[..., None], np.float32)


def _directions_to_lamp(shot: Shot) -> Field:
    """Unit vectors × 3 to a lamp near enough for its direction to change over the picture."""
    x, y = part_coordinates()
    reach = 1500.0
    across, up = reach * np.cos(_LIGHT_ELEVATION_RAD), reach * np.sin(_LIGHT_ELEVATION_RAD)
    lamp_x, lamp_y = across * np.cos(shot.light_azimuth_rad), across * np.sin(shot.light_azimuth_rad)
    return _unit(np.stack([lamp_x - x, lamp_y - y, np.full_like(x, up)], axis=-1))


def _brushed_streak(surface: Surface, normal: Field, half_way: Field, shot: Shot) -> Field:
    """Kajiya and Kay's highlight of fine parallel grooves (SIGGRAPH 1989): strongest across the grain."""
    grain = place(surface.grain, shot)
    cos, sin = np.cos(shot.turn_rad), np.sin(shot.turn_rad)
    along_x = grain[..., 0] * cos - grain[..., 1] * sin
    along_y = grain[..., 0] * sin + grain[..., 1] * cos
    along_z = -(along_x * normal[..., 0] + along_y * normal[..., 1]) / normal[..., 2]
    tangent = _unit(np.stack([along_x, along_y, along_z], axis=-1))
    alignment = np.sum(tangent * half_way, axis=-1)
    return np.asarray(np.clip(1.0 - alignment**2, 0.0, 1.0) ** 26, np.float32)


def _unit(vectors: Field) -> Field:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6), np.float32)


def _lit_belt(rng: np.random.Generator) -> Field:
    """Linear RGB of a dark woven belt with some wear, another stretch of it in every picture."""
    x, y = part_coordinates()
    phase_x, phase_y = rng.uniform(0.0, 2.0 * np.pi, 2)
    weave = np.sin((x + y) * 0.42 + phase_x) * np.sin((x - y) * 0.42 + phase_y)
    tone = 1.0 + 0.16 * weave + 0.10 * smooth_noise(rng, 1.6, 1.6) + 0.07 * smooth_noise(rng, 45.0, 90.0)
    return np.asarray(np.clip(tone, 0.3, None)[..., None] * np.asarray(_BELT), np.float32)


def _develop(linear: Field, shot: Shot, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Lens, sensor and tone curve: blur, vignette, white balance, shot noise, and the sRGB-like gamma."""
    x, y = part_coordinates()
    vignette = 1.0 - 0.16 * (x**2 + y**2) / (2.0 * (SIDE_PX / 2) ** 2)
    balance = np.asarray((1.0 + shot.warmth, 1.0, 1.0 - shot.warmth), np.float32) * np.float32(shot.exposure)
    exposed = cv2.GaussianBlur(linear * vignette[..., None] * balance, (0, 0), 1.1)
    binned = cv2.resize(exposed, (PICTURE_SIDE_PX, PICTURE_SIDE_PX), interpolation=cv2.INTER_AREA)
    grain = cv2.GaussianBlur(rng.standard_normal((PICTURE_SIDE_PX, PICTURE_SIDE_PX, 3), dtype=np.float32), (0, 0), 0.5)
    noisy = binned + grain * (0.0012 + 0.011 * np.sqrt(np.clip(binned, 0.0, None)))
    shouldered = 1.0 - np.exp(-1.5 * np.clip(noisy, 0.0, None))
    return np.asarray(np.clip(255.0 * shouldered ** (1.0 / 2.2) + 0.5, 0.0, 255.0), np.uint8)
