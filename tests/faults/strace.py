"""Running a writer under `strace`, to see its system calls or to let one of them fail."""

import shutil
import subprocess

import pytest


def _works() -> bool:
    if shutil.which("strace") is None:
        return False
    return (
        subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode == 0
    )


needs_strace = pytest.mark.skipif(
    not _works(), reason="strace is absent or may not trace here: install it (apt-get install strace)"
)
