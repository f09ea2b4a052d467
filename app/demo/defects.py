"""The defects of the sample product: each takes a sound surface and gives the spoilt one and where it is spoilt.

Every mask lies in the frame of the part, `SIDE_PX` square, bool. Positions are fine pixels from the part's centre.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from app.demo.flange import (
    HALF_PLATE_PX,
    SCREW_CENTRES,
    SEAT_RADIUS_PX,
    SIDE_PX,
    Field,
    Surface,
    blend,
    coverage,
    distance_to_plate_edge,
    part_coordinates,
    smooth_noise,
    without_screw,
)

Spoilt: TypeAlias = tuple[Surface, NDArray[np.bool_]]
Points: TypeAlias = list[tuple[float, float]]
Defect: TypeAlias = Callable[[Surface, np.random.Generator], Spoilt]


def scratch_across_plate(surface: Surface, rng: np.random.Generator) -> Spoilt:
    """A long scoring and its shorter companion, down the left of the plate and over the boss."""
    strokes: list[Points] = [
        [(-345, -120), (-270, -10), (-205, 120), (-168, 190)],
        [(-318, -40), (-262, 50), (-232, 112)],
    ]
    return _scored(surface, strokes, rng)


def scratch_along_edge(surface: Surface, rng: np.random.Generator) -> Spoilt:
    """Two scrapes across the grain near the right edge."""
    strokes: list[Points] = [[(300, -178), (322, -60), (318, 40), (296, 150)], [(346, -70), (352, 10), (342, 95)]]
    return _scored(surface, strokes, rng)


def dent(surface: Surface, rng: np.random.Generator) -> Spoilt:
    """A round blow on the boss: a dull hollow with a raised rim."""
    x, y = part_coordinates()
    radius = np.hypot(x - 205.0, (y + 92.0) * 1.2) + 3.5 * smooth_noise(rng, 14.0, 14.0)
    hollow = -24.0 * np.exp(-((radius / 31.0) ** 2)) + 3.0 * np.exp(-(((radius - 50.0) / 13.0) ** 2))
    bruise = np.exp(-((radius / 32.0) ** 2))
    albedo = surface.albedo * (1.0 - 0.6 * bruise)[..., None]
    gloss = surface.gloss * (1.0 - 0.8 * bruise)
    return replace(surface, height=surface.height + hollow, albedo=albedo, gloss=gloss), radius < 57.0


def rust_stain(surface: Surface, rng: np.random.Generator) -> Spoilt:
    """A ragged brown bloom on the upper part of the plate."""
    x, y = part_coordinates()
    ragged = 24.0 * smooth_noise(rng, 20.0, 20.0) + 5.0 * smooth_noise(rng, 5.0, 5.0)
    distance = np.hypot((x + 40.0) / 1.5, y + 312.0) - 40.0 + ragged * 0.55
    near = np.hypot((x + 40.0) / 1.5, y + 312.0) < 78.0
    bloom = coverage(distance.astype(np.float32), 30.0) * near
    speckle = np.clip(0.78 + 0.18 * smooth_noise(rng, 2.5, 2.5), 0.3, 1.0)
    weight = (bloom * speckle).astype(np.float32)
    albedo = blend(surface.albedo, (0.19, 0.075, 0.026), weight)
    height = surface.height + 0.35 * weight * smooth_noise(rng, 2.0, 2.0)
    return replace(surface, height=height, albedo=albedo, gloss=surface.gloss * (1.0 - 0.92 * weight)), bloom > 0.25


def missing_screw(surface: Surface, rng: np.random.Generator) -> Spoilt:
    """The upper right screw was never put in."""
    del rng
    centre = SCREW_CENTRES[1]
    x, y = part_coordinates()
    return without_screw(surface, centre), np.hypot(x - centre[0], y - centre[1]) < SEAT_RADIUS_PX


def chipped_edge(surface: Surface, rng: np.random.Generator) -> Spoilt:
    """A piece broken out of the lower edge, with a rough grey fracture round the gap."""
    x, y = part_coordinates()
    ragged = 6.0 * smooth_noise(rng, 22.0, 22.0) + 1.5 * smooth_noise(rng, 5.0, 5.0)
    distance = (np.hypot((x - 150.0) / 1.45, y - HALF_PLATE_PX - 4.0) - 44.0 + ragged).astype(np.float32)
    gone, fracture = coverage(distance, 2.0), coverage(distance - 15.0, 4.0)
    roughness = smooth_noise(rng, 2.2, 2.2)
    slope = np.clip((distance - 15.0) / 15.0, -1.0, 0.0)
    albedo = blend(surface.albedo, (0.30 + 0.05 * roughness[..., None]) * np.ones(3, np.float32), fracture)
    spoilt = replace(
        surface,
        height=blend(surface.height, (14.0 * slope + 0.9 * roughness).astype(np.float32), fracture),
        albedo=albedo,
        gloss=surface.gloss * (1.0 - 0.8 * fracture),
        solid=surface.solid * (1.0 - gone),
    )
    return spoilt, (fracture > 0.5) & (distance_to_plate_edge(x, y) < 0.0)


def crack(surface: Surface, rng: np.random.Generator) -> Spoilt:
    """A forked crack from the bore through the boss toward the lower left screw."""
    trunk = _jagged([(-112, 122), (-150, 178), (-205, 212), (-232, 238)], rng)
    fork = _jagged([(-150, 178), (-152, 228), (-140, 268), (-148, 300)], rng)
    gap = np.maximum(_stroke(trunk, 5.0), _stroke(fork, 3.0)) * surface.solid
    lifted = cv2.GaussianBlur(gap, (0, 0), 5.0).astype(np.float32)
    spoilt = replace(
        surface,
        height=surface.height - 14.0 * gap + 2.0 * lifted,
        albedo=blend(surface.albedo, (0.012, 0.011, 0.011), gap),
        gloss=surface.gloss * (1.0 - gap),
    )
    return spoilt, _widened(gap)


def foreign_fibre(surface: Surface, rng: np.random.Generator) -> Spoilt:
    """A loose blue cloth fibre lying on the plate and the boss."""
    del rng
    path: Points = [
        (95, 345),
        (150, 300),
        (222, 312),
        (262, 250),
        (232, 196),
        (180, 206),
        (176, 246),
        (240, 262),
        (330, 212),
    ]
    body = _stroke(_curve(path), 8.0, softness_px=1.5)
    round_top = cv2.GaussianBlur(body, (0, 0), 2.0)
    ground = cv2.GaussianBlur(surface.height, (0, 0), 3.0)
    spoilt = replace(
        surface,
        height=blend(surface.height, (ground + 7.0 + 6.0 * round_top).astype(np.float32), body),
        albedo=blend(surface.albedo, (0.035, 0.075, 0.24), body),
        gloss=surface.gloss * (1.0 - body),
    )
    return spoilt, _widened(body)


def _scored(surface: Surface, strokes: list[Points], rng: np.random.Generator) -> Spoilt:
    """Grooves with a burr on either side, bare bright metal inside, of uneven depth."""
    groove = np.maximum.reduce([_stroke(_curve(points), 6.0) for points in strokes])
    groove = groove * np.clip(0.85 + 0.25 * smooth_noise(rng, 12.0, 12.0), 0.3, 1.0)
    burr = cv2.GaussianBlur(groove, (0, 0), 4.0) - 0.5 * groove
    spoilt = replace(
        surface,
        height=(surface.height - 6.0 * groove + 5.0 * burr).astype(np.float32),
        albedo=blend(surface.albedo, (0.95, 0.95, 0.96), (0.75 * groove).astype(np.float32)),
        gloss=surface.gloss,
    )
    return spoilt, _widened(groove)


def _stroke(points: Points, width_px: float, softness_px: float = 1.0) -> Field:
    """Coverage of a line through `points`, 0 … 1."""
    canvas = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    fraction_bits = 4
    corners = (np.asarray(points) + (SIDE_PX - 1) / 2) * 2**fraction_bits
    pixels = np.round(corners).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(canvas, [pixels], False, 255, round(width_px), cv2.LINE_AA, fraction_bits)
    return (cv2.GaussianBlur(canvas, (0, 0), softness_px) / 255.0).astype(np.float32)


def _curve(points: Points, steps: int = 24) -> Points:
    """A Catmull-Rom spline through `points`."""
    padded = np.asarray([points[0], *points, points[-1]], np.float64)
    t = np.linspace(0.0, 1.0, steps, endpoint=False)[:, None]
    pieces = []
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        bend = 2 * before - 5 * start + 4 * end - after
        twist = 3 * (start - end) + after - before
        pieces.append(start + 0.5 * t * (end - before + t * (bend + t * twist)))
    return [(float(x), float(y)) for x, y in np.concatenate([*pieces, padded[-1:]])]


def _jagged(points: Points, rng: np.random.Generator) -> Points:
    """The polyline through `points` in short steps, each thrown a little to the side; the ends stay."""
    dense = np.asarray(_curve(points, steps=5))
    dense[1:-1] += rng.normal(0.0, 3.5, (len(dense) - 2, 2))
    return [(float(x), float(y)) for x, y in dense]


def _widened(stroke: Field) -> NDArray[np.bool_]:
    """A thin stroke as an annotator would paint it: two fine pixels beyond its visible border."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    return cv2.dilate((stroke > 0.3).astype(np.uint8), kernel).astype(np.bool_)
