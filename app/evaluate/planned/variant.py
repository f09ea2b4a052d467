"""One way of doing an evaluation: what is chosen before anything is measured."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self

from app.engine.options import Preprocessing, Profile, ZeroShotAggregation, fit_of
from app.evaluate.planned.coreset import WHOLE
from app.evaluate.planned.layers import OWN, layers

Mode = Literal["few-shot", "zero-shot"]
Method = Literal["anomalydino", "patchcore", "spade", "padim"]
RotationChoice = Literal["on", "off", "table"]
MaskingChoice = Literal["auto", "on", "off", "table"]


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of doing it: everything that is chosen but the object, the shots and the seed.

    `table` leaves rotation or masking to the built-in table of the data set, object by object. `statistic` is written
    `mean_top1p`, `max`, `mean_topk:K` or `percentile:Q`, with `,foreground` where masked patches are left out.
    `aggregation` is that of batched zero-shot, None otherwise. `layers` is written `own`, `4,8,12` or `mean:4,8,12`.
    `coreset` is written `none`, as a share or as a number of rows. Methods that score images in their own way have the
    statistic `own`.
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
    layers: str = OWN
    method: Method = "anomalydino"
    coreset: str = WHOLE

    @property
    def preprocessing(self) -> Preprocessing:
        """Of the test images and of the references, at every angle that is asked for."""
        chosen, join = layers(self.layers)
        return Preprocessing(self.smaller_edge, fit=fit_of(self.profile), layers=chosen, layers_join=join)

    @property
    def label(self) -> str:
        """The variant in one line."""
        how = [f"zero-shot {self.aggregation}"] if self.mode == "zero-shot" else [f"rotation {self.rotation}"]
        ending = [f"masking {self.masking}", self.profile, self.statistic, self.precision]
        network = "" if self.method == "anomalydino" else f"{self.method} "
        network += self.backbone if self.layers == OWN else f"{self.backbone} layers {self.layers}"
        network += "" if self.coreset == WHOLE else f" coreset {self.coreset}"
        return ", ".join([network, f"{self.smaller_edge} px", *how, *ending])

    @property
    def has_whole_bank(self) -> bool:
        """Whether its bank is the union of its references, patch by patch, and so are its distances."""
        return self.method == "anomalydino" and self.coreset == WHOLE

    def told(self) -> dict[str, Any]:
        """The choices by name, without those of a later release that are as they were before: so are rows named."""
        return {name: value for name, value in asdict(self).items() if name not in LATER or value != LATER[name]}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """The variant among other things told. KeyError where a choice is missing that there always was."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: told.get(name, LATER[name]) if name in LATER else told[name] for name in names})


LATER: dict[str, Any] = {"layers": OWN, "method": "anomalydino", "coreset": WHOLE}
"""Choices that rows of earlier releases do not name, and what they were."""
