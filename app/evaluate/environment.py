"""Where something was measured: commit, versions, processor."""

import os
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("torch", "faiss-gpu", "faiss-cpu", "numpy", "opencv-python-headless", "pillow", "timm", "scikit-learn")
TELLING_FLAGS = ("avx2", "fma", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


def environment(device: str) -> dict[str, str]:
    """What a reader needs in order to repeat a measurement, by name."""
    return {
        "inspector": version("anomalydino-inspector"),
        "commit": commit(),
        "device": device,
        "processor": processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "python": platform.python_version(),
        **versions(PACKAGES),
    }


def versions(packages: Sequence[str]) -> dict[str, str]:
    """Of those packages that are installed."""
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The commit of the checkout that this code runs from, `+` where files were changed; `unknown` elsewhere."""
    described = _git("describe", "--always", "--dirty=+", "--exclude=*")
    return described if described and _git("rev-parse", "--show-toplevel") == str(ROOT) else "unknown"


def _git(*command: str) -> str:
    try:
        done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


def processor() -> str:
    """The processor's name, and those of its abilities that matter here."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    flags = [flag for flag in TELLING_FLAGS if flag in facts.get("flags", "").split()]
    return (
        f"{facts.get('model name', platform.machine())} "
        f"(family {facts.get('cpu family', '?')}, model {facts.get('model', '?')}; {' '.join(flags)})"
    )
