"""What a result was measured with: commit, versions, processor."""

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
TELLING_FLAGS = ("avx2", "fma", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


def measured_with(packages: Sequence[str]) -> str:
    """Lines for the head of a result."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"commit {_commit()}; Python {platform.python_version()}, {versions}\n"
        f"{_processor()}; {len(os.sched_getaffinity(0))} cores usable"
    )


def _commit() -> str:
    asked = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    flags = [flag for flag in TELLING_FLAGS if flag in facts.get("flags", "").split()]
    return (
        f"{facts.get('model name', platform.machine())} "
        f"(family {facts.get('cpu family', '?')}, model {facts.get('model', '?')}; {' '.join(flags)})"
    )


def say(line: str = "") -> None:
    """One line of the result, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
