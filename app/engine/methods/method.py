"""What tells one detection method from another: everything else is the same for all."""

from collections.abc import Callable
from dataclasses import dataclass

from app.engine.backbone.backbone import Backbone
from app.engine.bank.index import Metric
from app.engine.options import Fit, MethodName, StatisticName


@dataclass(frozen=True, slots=True)
class Method:
    """By how images are fitted, which tells the profile (`fit_of`): `features_of`, the backbone with the patch features
    that the method makes of it (InvalidSettings: it cannot of these layers), and `metric` of its banks. `statistics`:
    those that it knows, its own first. `largest_distance`: none is larger, None where there is no such limit.
    `weighs`: whether the image score is the largest distance times its weight, by the same.
    """

    name: MethodName
    features_of: Callable[[Backbone, Fit], Backbone]
    metric: Callable[[Fit], Metric]
    statistics: tuple[StatisticName, ...]
    largest_distance: float | None
    weighs: Callable[[Fit], bool]
