"""The choices that change what the engine computes."""

from dataclasses import dataclass, field
from typing import Literal

Profile = Literal["robust", "paper"]
StatisticName = Literal["mean_top1p", "max", "mean_topk", "percentile"]
Rotation = Literal["on", "off"]
Masking = Literal["auto", "on", "off"]
Fit = Literal["crop", "whole"]
LayersJoin = Literal["concat", "mean"]
MethodName = Literal["anomalydino", "patchcore"]
ZeroShotAggregation = Literal["quantile", "musc"]

KeepPictures = Literal["none", "not_ok", "all"]
"""Of which inspections pictures are kept; `not_ok`: of those that were not called good, `not_decidable` ones too."""

RowPrecision = Literal["float32", "float16"]
"""How a bank's rows lie in host memory. They are compared in float32 either way."""

BitDepth = Literal["auto"] | int

FULL_BIT_DEPTH = 16
ROTATION_ANGLES_DEG: tuple[float, ...] = (0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0)


@dataclass(frozen=True, slots=True)
class Statistic:
    """How patch distances become the image score (ALGORITHM 5.2).

    `mean_top1p`: mean of the `int(0.01·N)` largest; `max`; `mean_topk`: mean of the `k` largest; `percentile`: the
    `q`-th percentile, 0..100. `foreground_only` leaves masked patches out instead of counting them as 0.
    """

    name: StatisticName = "mean_top1p"
    k: int | None = None
    q: float | None = None
    foreground_only: bool = False


@dataclass(frozen=True, slots=True)
class Coreset:
    """How many rows of a bank are searched: a `share` of them, 0..1, or a number of `rows`. One of the two is given."""

    share: float | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Near:
    """Only among the patches of the references at most `near` rows and columns of patches from the patch's own place;
    of references that were not rotated."""

    near: int


Search = Literal["anywhere"] | Near
"""Where in the references a patch may have its nearest neighbour."""


def fit_of(profile: Profile) -> Fit:
    """How a profile brings images to whole patches: `paper` as the authors do, `robust` so that all of them is seen."""
    return "crop" if profile == "paper" else "whole"


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What changes the features of a bank: a bank answers only to the preprocessing that made it.

    Of files with more than 8 bits, the upper 8 of the lower `bit_depth` bits are taken, or of all where the file has
    fewer. `fit`, how an image comes to whole patches: `crop` leaves the rest at the right and at the bottom out,
    `whole` resizes the image to them. Banks whose manifest does not tell were made by `crop`. `layers` of the backbone,
    counted from 1 and ascending, and how they are joined; None: the backbone's own, and so where a manifest does not
    tell. `method`: what is made of the backbone's layers, and how rows are compared; AnomalyDINO where a manifest does
    not tell.
    """

    smaller_edge: int = 448
    rotation: Rotation = "on"
    bit_depth: int = FULL_BIT_DEPTH
    fit: Fit = "crop"
    layers: tuple[int, ...] | None = None
    layers_join: LayersJoin = "concat"
    method: MethodName = "anomalydino"

    @property
    def angles_deg(self) -> tuple[float, ...]:
        return ROTATION_ANGLES_DEG if self.rotation == "on" else ROTATION_ANGLES_DEG[:1]


@dataclass(frozen=True, slots=True)
class ManualThreshold:
    """A threshold of the image score that a person has set, looking at the scores of one bank version."""

    value: float
    bank_version: int


@dataclass(frozen=True, slots=True)
class ProductSettings:
    """What the user chose for a product. `backbone` is a registry name or `default`; a `pinned` product's bank stays
    in memory. `alpha` is the share of good parts that a calibrated threshold may call bad, 0..1; `threshold` overrides
    every other. While `commissioning`, inspected images are kept so that a person can confirm them as good. `bit_depth`
    `auto` is decided by all references together. `layers` None: the backbone's own, of which none is joined anew.
    Without a `coreset` every row of the bank is searched; `search`: among which of them, by their place.
    `keep_pictures`: of which inspections photograph and heatmap are kept."""

    smaller_edge: int = 448
    rotation: Rotation = "on"
    masking: Masking = "auto"
    statistic: Statistic = field(default_factory=Statistic)
    profile: Profile = "robust"
    backbone: str = "default"
    pinned: bool = False
    alpha: float = 0.05
    threshold: ManualThreshold | None = None
    commissioning: bool = False
    bit_depth: BitDepth = "auto"
    layers: tuple[int, ...] | None = None
    layers_join: LayersJoin = "concat"
    coreset: Coreset | None = None
    search: Search = "anywhere"
    method: MethodName = "anomalydino"
    keep_pictures: KeepPictures = "not_ok"

    def preprocessing(self, auto_depth: int) -> Preprocessing:
        """`auto_depth`: the bits that the references need together."""
        depth = auto_depth if self.bit_depth == "auto" else self.bit_depth
        join = self.layers_join if self.layers else "concat"
        fit = fit_of(self.profile)
        return Preprocessing(self.smaller_edge, self.rotation, depth, fit, self.layers, join, self.method)
