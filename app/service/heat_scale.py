"""The hot end of a bank's colour scale (ALGORITHM 5.4)."""

from collections.abc import Sequence

import numpy as np

from app.engine.bank import MemoryBank, Segment
from app.engine.spread import evenly_spaced
from app.service.engine_thread import EngineThread, Priority

REFERENCES_COMPARED = 8
"""The scale needs the order of magnitude, not every pair; more would make each registration slower than the last."""


def compared_references(count: int) -> list[int]:
    """Positions of the references that the scale is made from."""
    return evenly_spaced(count, REFERENCES_COMPARED)


def heat_scale(
    segments: Sequence[Segment], engine: EngineThread, device: str, *, foreground_only: bool
) -> float | None:
    """Twice the largest leave-one-out patch distance between the segments; None for fewer than two.

    Each one's unrotated patches, or only those of its foreground, are searched among all the others' rows, one segment
    a piece.
    """
    if len(segments) < 2:
        return None
    banks = [engine.run(Priority.REGISTRATION, MemoryBank, [part], device) for part in segments]
    largest = 0.0
    for own, part in enumerate(segments):
        queries = part.upright[part.foreground] if foreground_only else part.upright
        if not len(queries):
            continue
        others = [bank for other, bank in enumerate(banks) if other != own]
        nearest, _ = engine.run(Priority.REGISTRATION, others[0].nearest, queries)
        for bank in others[1:]:
            distances, _ = engine.run(Priority.REGISTRATION, bank.nearest, queries)
            nearest = np.minimum(nearest, distances)
        largest = max(largest, float(nearest.max()))
    return 2 * largest if largest > 0 else None
