"""How many rows of a bank are kept, as it is written on the command line and in reports."""

from app.engine.options import Coreset
from app.errors import InvalidSettings

WHOLE = "none"
WRITTEN = "none, a share of the rows (0.1) or their number (5000)"


def coreset_rule(written: str) -> Coreset | None:
    """`none` (None), a share between 0 and 1, or a number of rows.

    Raises:
        InvalidSettings: it is written otherwise.
    """
    if written == WHOLE:
        return None
    try:
        rows = int(written) if written.isascii() and written.isdigit() else 0
        share = float(written)
    except ValueError:
        rows, share = 0, 0.0
    if rows > 0:
        return Coreset(rows=rows)
    if 0 < share < 1:
        return Coreset(share=share)
    raise InvalidSettings(f"--coreset {written!r}: write {WRITTEN}.")
