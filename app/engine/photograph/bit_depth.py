"""How many of a file's bits say something: 12-bit cameras write their values into files of 16."""

from collections.abc import Iterable

from app.engine.options import FULL_BIT_DEPTH

USUAL_DEPTHS = (8, 10, 12, 14, FULL_BIT_DEPTH)
"""Of cameras. By the largest value alone, the first photograph with a highlight would need a bit more."""


def bit_depth(used_bits: Iterable[int | None]) -> int:
    """The smallest usual depth that holds all photographs together, each by the bits that its largest value needs (None
    for files of 8 bits, which have no other depth); all 16 where none tells."""
    most = max((bits for bits in used_bits if bits is not None), default=FULL_BIT_DEPTH)
    return next(depth for depth in USUAL_DEPTHS if depth >= most)
