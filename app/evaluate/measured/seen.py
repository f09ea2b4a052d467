"""What a bank sees, as rows and pictures need it."""

from dataclasses import dataclass

from app.engine.bank.index import Metric
from app.engine.bank.left_out import LeftOut
from app.engine.types import Distances, Geometry, Mask
from app.evaluate.measured.costs import NO_COSTS, Costs


@dataclass(frozen=True, slots=True)
class Seen:
    """What a bank sees in the test images, in their order: the distances that are scored (0 off the foreground).

    And in its own references: its leave-one-out table, with the foreground fractions of each where masks apply.
    `scores` are the image scores of a method that scores in its own way, None of one whose scores are a statistic of
    the distances. `metric`: what the distances are.
    """

    distances: list[Distances]
    foregrounds: list[Mask]
    geometries: list[Geometry]
    left_out: list[LeftOut]
    fractions: list[list[float]] | None
    rotated: bool
    masked: bool
    costs: Costs = NO_COSTS
    scores: list[float] | None = None
    metric: Metric = "cosine"
