"""A process that registers references and acknowledges each: `python -m tests.storage.writer ROOT PRODUCT NAME COUNT`.

It writes `ready`, then `ack VERSION SHA256` after each registration.
"""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from app.storage.disk import DiskBlobs, DiskCatalog
from tests.storage.samples import register

PROJECT = Path(__file__).parents[2]


def start_writer(
    root: Path, name: str, count: int, product_id: str = "flange", under: tuple[str, ...] = ()
) -> "subprocess.Popen[str]":
    """Start the process, `under` another command if given; the caller waits for its end."""
    command = [*under, sys.executable, "-B", "-m", "tests.storage.writer", str(root), product_id, name, str(count)]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(root: Path, product_id: str, name: str, count: int) -> None:
    catalog, blobs = DiskCatalog(root), DiskBlobs(root)
    _write("ready")
    for number in range(count):
        upload = f"{name} {number}".encode()
        version = register(catalog, blobs, product_id, upload)
        _write(f"ack {version} {sha256(upload).hexdigest()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
