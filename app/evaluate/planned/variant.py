"""One way of doing an evaluation: what is chosen before anything is measured."""

from dataclasses import dataclass
from typing import Literal

from app.engine.options import Preprocessing, Profile, ZeroShotAggregation, fit_of

Mode = Literal["few-shot", "zero-shot"]
RotationChoice = Literal["on", "off", "table"]
MaskingChoice = Literal["auto", "on", "off", "table"]


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of doing it: everything that is chosen but the object, the shots and the seed.

    `table` leaves rotation or masking to the built-in table of the data set, object by object. `statistic` is written
    `mean_top1p`, `max`, `mean_topk:K` or `percentile:Q`, with `,foreground` where masked patches are left out.
    `aggregation` is that of batched zero-shot, None otherwise.
    """

    mode: Mode
    backbone: str
    smaller_edge: int
    rotation: RotationChoice
    masking: MaskingChoice
    profile: Profile
    statistic: str
    precision: str
    aggregation: ZeroShotAggregation | None = None

    @property
    def preprocessing(self) -> Preprocessing:
        """Of the test images and of the references, at every angle that is asked for."""
        return Preprocessing(self.smaller_edge, fit=fit_of(self.profile))

    @property
    def label(self) -> str:
        """The variant in one line."""
        how = [f"zero-shot {self.aggregation}"] if self.mode == "zero-shot" else [f"rotation {self.rotation}"]
        ending = [f"masking {self.masking}", self.profile, self.statistic, self.precision]
        return ", ".join([self.backbone, f"{self.smaller_edge} px", *how, *ending])
