"""What do false alarms that people told bring, once they are references?

    python -m benchmarks.feedback DATA_ROOT [--objects hazelnut transistor ...] [--references 4] [--share 0.2]
        [--smaller-edge 448]

DATA_ROOT is laid out as MVTec AD. Of each object, a few good photographs are references; the other good ones are put
into an order drawn by lot. The first half of them, 100 at most, are inspected, and the threshold is set by hand where
`--share` of them are `not_ok`: it stays so. These false alarms are called good, all defective parts bad; then an
improvement is proposed and taken. The other half says what that brings. Over HTTP, with a real server, the embedded
backbone and the defaults. Everything is sent twice, and what happens is compared with the flips that were told.
"""

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.machine import measured_with, say
from benchmarks.served import server

PACKAGES = ("torch", "openvino", "faiss-cpu")
MOST_TOLD = 100
Answers = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Parts:
    """Photographs of an object: references, good parts that are told, further good ones, defective ones."""

    references: Sequence[Path]
    told: Sequence[Path]
    further: Sequence[Path]
    bad: Sequence[Path]

    @classmethod
    def of(cls, folder: Path, references: int) -> "Parts":
        train = sorted((folder / "train" / "good").iterdir())
        rest = train[references:] + sorted((folder / "test" / "good").iterdir())
        random.Random(0).shuffle(rest)
        told = min(MOST_TOLD, len(rest) // 2)
        bad = [path for each in sorted((folder / "test").iterdir()) if each.name != "good" for path in each.iterdir()]
        return cls(train[:references], rest[:told], rest[told:], sorted(bad))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_root", type=Path)
    parser.add_argument("--objects", nargs="+", help="without: every folder")
    parser.add_argument("--references", type=int, default=4)
    parser.add_argument("--share", type=float, default=0.2, help="of the told good parts that are not_ok")
    parser.add_argument("--smaller-edge", type=int, default=448, help="px")
    chosen = parser.parse_args()
    say(measured_with(PACKAGES))
    held = f"the threshold is held where {chosen.share:.0%} of the told parts are not_ok"
    say(f"{chosen.references} references, {chosen.smaller_edge} px; {held}")
    settings = {"keep_pictures": "all", "smaller_edge": chosen.smaller_edge}
    names = chosen.objects or sorted(each.name for each in chosen.data_root.iterdir() if each.is_dir())
    with tempfile.TemporaryDirectory() as kept:
        address = server(Path(kept), {"BACKBONE": "embedded"})
        with address as base_url, httpx2.Client(base_url=base_url, timeout=600) as client:
            for name in names:
                client.put(f"/products/{name}", json={"settings": settings}).raise_for_status()
                _object(client, name, Parts.of(chosen.data_root / name, chosen.references), chosen.share)


def _object(client: httpx2.Client, name: str, parts: Parts, share: float) -> None:
    product = f"/products/{name}"
    files = [("images", path.read_bytes()) for path in parts.references]
    client.post(f"{product}/references", files=files).raise_for_status()
    _fix_threshold(client, product, parts.told, share)
    before = [_inspected(client, product, paths) for paths in (parts.told, parts.further, parts.bad)]
    for answers, truth in ((before[0], "good"), (before[2], "bad")):
        for each in answers:
            if truth == "bad" or each["verdict"] != "ok":
                path = f"/inspections/{each['inspection_id']}/feedback"
                client.post(path, json={"truth": truth}).raise_for_status()
    started = time.perf_counter()
    proposal = _proposed(client, product)
    took_s = time.perf_counter() - started
    path = f"{product}/improvements/{proposal['number']}/activate?fewer_found=true"
    client.post(path).raise_for_status()
    after = [_inspected(client, product, paths) for paths in (parts.told, parts.further, parts.bad)]
    reasons = dict(Counter(each["reason"] for each in proposal["left_out"]))
    say(f"{name}: {proposal['added_count']} references added, left out {reasons or 'none'}; proposed in {took_s:.0f} s")
    for what, was, became in zip(("told good", "further good", "defective"), before, after, strict=True):
        say(f"  {what}, not_ok: {_rejected(was)} before, {_rejected(became)} after, of {len(was)}")
    say(f"  {_compared(proposal, before, after)}")


def _fix_threshold(client: httpx2.Client, product: str, told: Sequence[Path], share: float) -> None:
    scores = sorted(each["score"] for each in _inspected(client, product, told))
    limit = scores[len(scores) - round(share * len(scores)) - 1]
    version = client.get(product).raise_for_status().json()["bank_version"]
    settings = {"threshold": {"value": limit, "bank_version": version}}
    client.patch(product, json={"settings": settings}).raise_for_status()


def _inspected(client: httpx2.Client, product: str, paths: Sequence[Path]) -> Answers:
    path = f"{product}/inspect?heatmap=none"
    return [client.post(path, content=each.read_bytes()).raise_for_status().json() for each in paths]


def _proposed(client: httpx2.Client, product: str) -> dict[str, Any]:
    location = client.post(f"{product}/improvements").raise_for_status().headers["Location"]
    while (job := client.get(location).raise_for_status().json())["state"] in ("queued", "running"):
        time.sleep(0.5)
    if job["state"] != "succeeded":
        raise SystemExit(f"{product}: {job['error']}")
    path = f"{product}/improvements/{job['proposed']['number']}"
    told: dict[str, Any] = client.get(path).raise_for_status().json()
    return told


def _rejected(answers: Answers) -> int:
    return sum(each["verdict"] == "not_ok" for each in answers)


def _compared(proposal: dict[str, Any], before: Sequence[Answers], after: Sequence[Answers]) -> str:
    """Whether the flips that were told are what happened. Those of the inspections that fixed the threshold are of the
    same photographs, and are left out."""
    pairs = [pair for some, others in zip(before, after, strict=True) for pair in zip(some, others, strict=True)]
    sent = {was["inspection_id"] for was, _ in pairs}
    told = {each["inspection_id"]: (each["before"], each["after"]) for each in proposal["flips"]}
    told = {name: change for name, change in told.items() if name in sent}
    changes = {was["inspection_id"]: (was["verdict"], became["verdict"]) for was, became in pairs}
    happened = {name: change for name, change in changes.items() if change[0] != change[1]}
    same = "exactly what happened" if told == happened else f"but {len(happened)} happened: {told} is not {happened}"
    return f"{len(told)} flips were told, {same}"


if __name__ == "__main__":
    main()
