"""A process that registers references and acknowledges each.

    python -m tests.storage.writer KIND ROOT REDIS_URL PRODUCT NAME COUNT SEGMENT_BYTES

It writes `ready`, then `ack VERSION SHA256` after each registration.
"""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import cast

from tests.storage.samples import register
from tests.storage.store_at import Kind, StoreAt

PROJECT = Path(__file__).parents[2]


def start_writer(
    store: StoreAt,
    name: str,
    count: int,
    product_id: str = "flange",
    *,
    segment_bytes: int = 0,
    under: tuple[str, ...] = (),
) -> "subprocess.Popen[str]":
    """Start the process, `under` another command if given; the caller waits for its end."""
    arguments = (store.kind, str(store.root), store.redis_url, product_id, name, str(count), str(segment_bytes))
    command = [*under, sys.executable, "-B", "-m", "tests.storage.writer", *arguments]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(store: StoreAt, product_id: str, name: str, count: int, segment_bytes: int) -> None:
    opened = store.open()
    _write("ready")
    for number in range(count):
        upload = f"{name} {number}".encode()
        version = register(opened.catalog, opened.blobs, product_id, upload, segment_bytes)
        _write(f"ack {version} {sha256(upload).hexdigest()}")


if __name__ == "__main__":
    kind, root, redis_url, product, name, count, segment_bytes = sys.argv[1:]
    main(StoreAt(cast("Kind", kind), Path(root), redis_url), product, name, int(count), int(segment_bytes))
