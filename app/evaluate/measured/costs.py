"""What a bank costs in time and memory."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Costs:
    """`ms_per_image`: from a prepared test image to its distances (forward pass and search, on average); `bank_bytes`:
    what is searched; `build_s`: forward passes of the references, and what is made of them. None where an earlier
    release measured it, or where there is no bank."""

    ms_per_image: float | None = None
    bank_bytes: float | None = None
    build_s: float | None = None


NO_COSTS = Costs()
COSTS: tuple[str, ...] = tuple(field.name for field in fields(Costs))
