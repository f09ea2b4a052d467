"""A table before it is set as Markdown or HTML."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """`texts` counts the leading columns of words; the others hold numbers. `ends_in_mean`: the last row sums up."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1
    ends_in_mean: bool = False
