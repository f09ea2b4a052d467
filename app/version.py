"""The version of this program."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "anomalydino-inspector"


@cache
def service_version() -> str:
    """Version of the installed package; `uninstalled` when it runs from a bare checkout."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "uninstalled"
