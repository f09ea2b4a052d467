"""What do registrations and loads of large banks take, in memory and in time, as the bank grows?

    python -m benchmarks.registration_memory [--most 512] [--edge 224] [--before CHECKOUT] [--most-before 128]

A server of its own on this machine (embedded backbone, one thread). Photographs drawn from the sample product, with
eight rotations, are registered in requests of sixteen; at each size eight more, one by one. Printed, by the number of
references: rows and their bytes in float32; seconds of computing for one of sixteen, and for one sent alone, the mean,
the median and the largest (that of a reference which is drawn to be compared with all others); and by how much the
memory of the process has grown at most since the first registration, of another product. No bank of the product is in
memory meanwhile. Then the finished bank is loaded by a new server: its bytes, by how much the process has grown at most
and afterwards, and seconds of computing. *Before*: the same by another checkout.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import httpx2
import numpy as np

from app.evaluate.environment import ROOT
from benchmarks.machine import measured_with, say
from benchmarks.served import SAMPLE, computed_ms, inspect_ms, part, process, reference

PACKAGES = ("torch", "openvino", "faiss-gpu", "numpy", "safetensors")
SIZES, TOGETHER, ALONE, SIDE = (16, 64, 128, 256, 512), 16, 8, 320
MB = 2**20


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--most", type=int, default=SIZES[-1])
    options.add_argument("--edge", type=int, default=224)
    options.add_argument("--before", type=Path)
    options.add_argument("--most-before", type=int, default=128)
    chosen = options.parse_args()
    say(measured_with(PACKAGES))
    runs = [("now", ROOT, chosen.most)]
    if chosen.before:
        runs.append(("before", chosen.before.resolve(), chosen.most_before))
    for name, code, most in runs:
        with tempfile.TemporaryDirectory() as folder:
            settings = {"BACKBONE": "embedded", "THREADS": "1", "SMALLER_EDGE": str(chosen.edge)}
            say(f"\n{name}, {chosen.edge} px")
            registered(Path(folder), settings, code, [size for size in SIZES if size <= most])
            for rows in ("float32", "float16"):
                loaded(Path(folder), {**settings, "BANK_ROWS": rows}, code)


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: its process, and a client of it."""

    pid: int
    client: httpx2.Client

    def register(self, first: int, count: int) -> float:
        """Photographs from the number `first` on, in one request; seconds of computing for each."""
        files = [("images", (f"{number}.jpg", drawn(number), "image/jpeg")) for number in range(first, first + count)]
        before = computed_ms(self.pid)
        self.client.post("/products/part/references", files=files).raise_for_status()
        return (computed_ms(self.pid) - before) / 1000 / count

    def memory(self, field: str) -> float:
        """`VmRSS`, or `VmHWM`, the most since the last `forget`; MiB. Linux only."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        [kib] = [int(line.split()[1]) for line in lines if line.startswith(field)]
        return kib / 1024

    def forget(self) -> None:
        """Count the largest memory from now on."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")


@contextmanager
def served(folder: Path, settings: dict[str, str], code: Path) -> Iterator[Served]:
    """A server that has registered and inspected, so that all libraries are in memory."""
    with (
        process(folder, settings, code) as (address, pid),
        httpx2.Client(base_url=address, timeout=3600, trust_env=False) as client,
    ):
        for number in range(2):
            client.post("/products/other/references", content=reference(number)).raise_for_status()
        inspect_ms(client, "other", part())
        yield Served(pid, client)


def registered(folder: Path, settings: dict[str, str], code: Path, sizes: list[int]) -> None:
    say(" references      rows   MiB   of 16, s   alone, mean s  median  largest   grown by, MiB")
    with served(folder, settings, code) as server:
        at_first, count, each = server.memory("VmRSS"), 0, 0.0
        server.forget()
        for size in sizes:
            while count < size:
                together = min(TOGETHER, size - count)
                each = server.register(count, together)
                count += together
            alone = [server.register(count + number, 1) for number in range(ALONE)]
            count += ALONE
            bank = server.client.get("/products/part/banks").raise_for_status().json()["banks"][0]
            size_mb = bank["rows"] * bank["width"] * 4 / MB
            grown = server.memory("VmHWM") - at_first
            say(
                f"{count:>11} {bank['rows']:>9} {size_mb:>5.0f} {each:>10.2f} {np.mean(alone):>15.2f} "
                f"{np.median(alone):>7.2f} {max(alone):>8.2f} {grown:>15.0f}"
            )


def loaded(folder: Path, settings: dict[str, str], code: Path) -> None:
    """The bank as a server with these settings makes it, loaded by the next one."""
    with served(folder, settings, code) as server:
        server.register(10_000 if settings["BANK_ROWS"] == "float16" else 20_000, 1)
    with served(folder, settings, code) as server:
        at_first, started = server.memory("VmRSS"), computed_ms(server.pid)
        held = server.client.get("/health/ready").json()["banks"]["loaded_bytes"]
        server.forget()
        server.client.post("/products/part/load").raise_for_status()
        taken_s = (computed_ms(server.pid) - started) / 1000
        size_mb = (server.client.get("/health/ready").json()["banks"]["loaded_bytes"] - held) / MB
        most, after = server.memory("VmHWM") - at_first, server.memory("VmRSS") - at_first
        say(
            f"load, {settings['BANK_ROWS']}: bank {size_mb:.0f} MiB, grown by {most:.0f} MiB at most "
            f"({most / size_mb:.2f} times), {after:.0f} MiB afterwards, {taken_s:.1f} s"
        )


def drawn(number: int) -> bytes:
    """A photograph of a sample part, turned, shifted and noisy; another number, another one."""
    dice = np.random.default_rng(number)
    pixels = cv2.imread(str(SAMPLE / "train" / "good" / f"reference_{1 + number % 4:02d}.jpg"))
    assert pixels is not None
    small = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    turned = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), dice.uniform(-20, 20), dice.uniform(0.9, 1.1))
    shifted = turned + np.array([[0, 0, dice.uniform(-20, 20)], [0, 0, dice.uniform(-20, 20)]])
    placed = cv2.warpAffine(small, shifted, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT)
    noisy = placed * dice.uniform(0.8, 1.1) + dice.normal(0, 4, placed.shape)
    return cv2.imencode(".jpg", np.clip(noisy, 0, 255).astype(np.uint8))[1].tobytes()


if __name__ == "__main__":
    main()
