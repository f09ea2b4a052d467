"""Words for numbers."""


def counted(number: int, noun: str) -> str:
    """`1 bank`, `2 banks`: for nouns whose plural takes an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
