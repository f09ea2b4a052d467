"""A few of many, spread evenly."""


def evenly_spaced(count: int, limit: int) -> list[int]:
    """At most `limit` (2 or more) of the positions 0..count−1, evenly spaced, the first and the last among them."""
    if count <= limit:
        return list(range(count))
    return [round(step * (count - 1) / (limit - 1)) for step in range(limit)]
