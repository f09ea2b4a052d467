"""Drawn images that the statistics of the embedded backbone are measured on: textures, shapes, light, camera.

Nothing here is a photograph or taken from one. An image is a function of its generator alone.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Rng = np.random.Generator
SUBPIXEL_BITS = 4


def drawn_image(rng: Rng, side_px: int) -> Plane:
    """side×side×3, RGB in 0..1 in steps of 1/255: two to four materials in overlapping shapes, lit and photographed."""
    materials = [_material(rng, side_px) for _ in range(int(rng.integers(2, 5)))]
    image = materials[0]
    count, smallest, largest = _crowd(rng, side_px)
    for _ in range(count):
        cover = _shape(rng, side_px, smallest, largest)[..., None]
        plain = np.broadcast_to(_colour(rng), image.shape)
        image = image * (1 - cover) + cover * (
            plain if rng.random() < 0.3 else materials[int(rng.integers(len(materials)))]
        )
    return _photographed(rng, _lit(rng, image))


def _crowd(rng: Rng, side_px: int) -> tuple[int, float, float]:
    """How many shapes, and their smallest and largest radius: a heap, a few parts, or a bare surface."""
    kind = rng.random()
    if kind < 0.3:
        return int(rng.integers(40, 250)), 6, side_px / 5
    return (int(rng.integers(1, 12)) if kind < 0.85 else 0), side_px / 14, side_px / 2.2


def _log_uniform(rng: Rng, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _colour(rng: Rng) -> Plane:
    tint = 0.12 * rng.random() ** 0.5 if rng.random() < 0.8 else 0.0
    return np.clip(rng.uniform(0.05, 0.95) + rng.normal(0, tint, 3), 0.02, 0.98).astype(np.float32)


def _material(rng: Rng, side_px: int) -> Plane:
    """side×side×3: a colour with a relief of small to large contrast, sometimes with specks of other colours."""
    base = _colour(rng)
    tint = rng.normal(0, 0.3, 3) if rng.random() < 0.5 else np.zeros(3)
    surface = base + _log_uniform(rng, 0.005, 0.2) * _relief(rng, side_px)[..., None] * (1 + tint)
    if rng.random() < 0.25:
        specks = _cloud(rng, side_px, rng.uniform(0.3, 1.5))
        surface = surface + _log_uniform(rng, 0.005, 0.1) * specks[..., None] * rng.normal(0, 1, 3)
    return surface.astype(np.float32)


def _relief(rng: Rng, side_px: int) -> Plane:
    kind = rng.random()
    if kind < 0.25:
        return _cloud(rng, side_px, rng.uniform(0.3, 1.6))
    if kind < 0.4:
        return _cloud(rng, side_px, rng.uniform(0.5, 1.5), rng.uniform(0, np.pi), rng.uniform(2, 6))
    if kind < 0.7:
        return _grain(rng, side_px)
    if kind < 0.8:
        return np.float32(0.6) * (_grain(rng, side_px) + _cloud(rng, side_px, rng.uniform(0.5, 1.5)))
    return _dots(rng, side_px) if kind < 0.9 else np.zeros((side_px, side_px), np.float32)


def _standardised(plane: NDArray[Any]) -> Plane:
    return np.asarray((plane - plane.mean()) / (plane.std() + 1e-6), np.float32)


def _filtered_noise(rng: Rng, spectrum: NDArray[Any]) -> Plane:
    side_px = spectrum.shape[0]
    white = np.fft.rfft2(rng.standard_normal((side_px, side_px)))
    return _standardised(np.fft.irfft2(white * spectrum, s=(side_px, side_px)))


def _frequencies(side_px: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.asarray(np.fft.fftfreq(side_px), np.float64)[:, None], np.asarray(np.fft.rfftfreq(side_px), np.float64)[
        None, :
    ]


def _cloud(rng: Rng, side_px: int, slope: float, angle: float = 0.0, stretch: float = 1.0) -> Plane:
    """Noise whose amplitude falls as frequency^−slope, drawn out along one direction where `stretch` > 1."""
    down, across = _frequencies(side_px)
    along = np.cos(angle) * across + np.sin(angle) * down
    off = stretch * (np.cos(angle) * down - np.sin(angle) * across)
    return _filtered_noise(rng, np.maximum(np.hypot(along, off), 1 / side_px) ** -slope)


def _grain(rng: Rng, side_px: int) -> Plane:
    """Noise of one octave or so, often of one direction, sometimes folded or flattened."""
    down, across = _frequencies(side_px)
    radius = np.hypot(down, across) + 1e-6
    centre, width = _log_uniform(rng, 0.01, 0.3), rng.uniform(0.15, 0.6)
    spectrum = np.exp(-(np.log(radius / centre) ** 2) / (2 * width**2)) / radius
    if rng.random() < 0.6:
        turn = np.angle(np.exp(2j * (np.arctan2(down, across) - rng.uniform(0, np.pi)))) / 2
        spectrum = spectrum * np.exp(-(turn**2) / (2 * rng.uniform(0.15, 0.8) ** 2))
    plane, kind = _filtered_noise(rng, spectrum), rng.random()
    if kind < 0.2:
        return np.abs(plane)
    return np.tanh(3 * plane) if kind < 0.35 else plane


def _dots(rng: Rng, side_px: int) -> Plane:
    plane, radius_px = np.zeros((side_px, side_px), np.float32), _log_uniform(rng, 2, 20)
    count = int(min(1500, rng.uniform(0.1, 0.8) * side_px**2 / (np.pi * radius_px**2)))
    for _ in range(count):
        size_px = radius_px * float(np.exp(rng.normal(0, 0.25)))
        _ellipse(plane, rng, rng.uniform(0, side_px, 2), size_px, rng.uniform(0.5, 1), rng.normal())
    return _standardised(plane)


def _ellipse(plane: Plane, rng: Rng, centre: NDArray[np.float64], radius_px: float, ratio: float, value: float) -> None:
    scale = 2**SUBPIXEL_BITS
    at = (int(centre[0] * scale), int(centre[1] * scale))
    axes = (int(radius_px * scale), int(radius_px * scale * ratio))
    cv2.ellipse(plane, at, axes, rng.uniform(0, 180), 0, 360, float(value), -1, cv2.LINE_AA, SUBPIXEL_BITS)


def _shape(rng: Rng, side_px: int, smallest_px: float, largest_px: float) -> Plane:
    """How much of each pixel the shape covers, 0..1: an ellipse, a polygon or a bar, sharp or soft."""
    cover, radius_px = np.zeros((side_px, side_px), np.float32), _log_uniform(rng, smallest_px, largest_px)
    centre, kind = rng.uniform(-0.1 * side_px, 1.1 * side_px, 2), rng.random()
    if kind < 0.4:
        _ellipse(cover, rng, centre, radius_px, rng.uniform(0.3, 1), 1.0)
    elif kind < 0.85:
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 9))))[:, None]
        reach = radius_px * rng.uniform(0.4, 1, angles.shape)
        corners = centre + reach * np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
        cv2.fillPoly(cover, [(corners * 2**SUBPIXEL_BITS).astype(np.int32)], 1.0, cv2.LINE_AA, SUBPIXEL_BITS)
    else:
        angle = rng.uniform(0, 2 * np.pi)
        reach = 3 * radius_px * np.array([np.cos(angle), np.sin(angle)])
        start, end = ((centre + reach * side).astype(int).tolist() for side in (-1, 1))
        cv2.line(cover, start, end, 1.0, max(1, int(radius_px / 8)), cv2.LINE_AA)
    return _blurred(cover, _log_uniform(rng, 0.5, 8)) if rng.random() < 0.4 else cover


def _blurred(plane: Plane, sigma_px: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma_px), np.float32)


def _lit(rng: Rng, image: Plane) -> Plane:
    side_px = image.shape[0]
    if rng.random() < 0.6:
        down, across = np.mgrid[0:side_px, 0:side_px].astype(np.float32) / side_px - 0.5
        angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.6)
        image = image * (1 + strength * (np.cos(angle) * across + np.sin(angle) * down))[..., None]
    if rng.random() < 0.4:
        image = image * (1 + rng.uniform(0, 0.15) * _cloud(rng, side_px, 2.5))[..., None]
    return image.astype(np.float32)


def _photographed(rng: Rng, image: Plane) -> Plane:
    """Out of focus by a little, grey now and then, noisy, and in 8 bits."""
    if rng.random() < 0.7:
        image = _blurred(image, _log_uniform(rng, 0.4, 2.5))
    if rng.random() < 0.3:
        image = image.mean(2, keepdims=True).repeat(3, 2)
    noisy = image + rng.normal(0, 1, image.shape) * _log_uniform(rng, 0.001, 0.03)
    return (np.round(np.clip(noisy, 0, 1) * 255) / 255).astype(np.float32)
