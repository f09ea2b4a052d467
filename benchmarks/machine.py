"""What a result was measured with: commit, versions, processor."""

import os
import platform
import sys
from collections.abc import Sequence

from app.evaluate.environment import commit, processor, versions


def measured_with(packages: Sequence[str]) -> str:
    """Lines for the head of a result."""
    listed = ", ".join(f"{name} {version}" for name, version in versions(packages).items())
    return (
        f"commit {commit()}; Python {platform.python_version()}, {listed}\n"
        f"{processor()}; {len(os.sched_getaffinity(0))} cores usable"
    )


def say(line: str = "") -> None:
    """One line of the result, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
