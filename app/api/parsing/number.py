"""Numbers that callers send."""

LARGEST_NUMBER = 2**31 - 1
"""No version, revision or place in a batch is larger; longer numbers are refused before anything is done with them."""
