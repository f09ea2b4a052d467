"""What the masking test found. Apart from the test itself, so that storage can keep it without loading OpenCV."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MaskingVerdict:
    """Outcome of the masking test: whether masks can be trusted for this product, and the numbers behind it.

    `numbers` maps each measured quantity to its value, `failed` names the ranges it missed (empty when accepted).
    """

    accepted: bool
    numbers: dict[str, float] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
