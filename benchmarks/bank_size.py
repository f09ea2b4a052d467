"""What an inspection's search costs in banks of 8,192 to 4.2 million rows, and whether it answers as an exact search.

    python -m benchmarks.bank_size DATA [MOST_ROWS]

DATA: a folder of photographs, with `train/good` and folders in `test`, such as that of one object of a data set. Up to
60 good ones with rotations make rows with the embedded backbone at 448 px; a bank of more rows than these has jittered
copies of them (0.01 in each number, at unit length again), which is said. Prints, for each size: CPU time of the search
of one photograph's patches (median of five), what it is of one in 8,192 rows, alone and together with the backbone's
pass; memory of the bank; CPU time of putting its rows into lists and of a load with these; how many patches were
searched exactly; the largest difference of the image score from the exact one, and photographs whose regions differ, at
a threshold that leaves a twentieth of the patches. Of banks of up to `INSPECTOR_EXACT_ROWS` rows, the service searches
all rows.
"""

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.assembly import limit_threads, load_backbone
from app.engine.bank.bank import MemoryBank, Segment
from app.engine.bank.certified import Deciding
from app.engine.bank.index import Rows
from app.engine.bank.lists import Assigned, Centres, Lists, assigned, drawn_rows, list_count
from app.engine.bank.rows import unit_length
from app.engine.detector import patch_features, reference_segment
from app.engine.options import Preprocessing, RowPrecision, Statistic
from app.engine.photograph.image_file import decode_image
from app.engine.photograph.preprocess import preprocess
from app.engine.types import Grid, Image
from app.engine.verdict.scoring import deciding_count, image_score
from app.service.limits import EXACT_ROWS
from app.settings import load_settings
from app.weights.registry import load_registry
from benchmarks.machine import measured_with, say

SIZES: tuple[tuple[int, RowPrecision], ...] = (
    (8_192, "float32"), (16_384, "float32"), (32_768, "float32"), (131_072, "float32"), (524_288, "float32"),
    (1_048_576, "float32"), (1_048_576, "float16"), (4_194_304, "float16"),
)  # fmt: skip
REFERENCES, TESTS, COMPARED_WITH_EXACT = 60, 12, 2
JITTER, PART, TOGETHER = 0.01, 32_768, 2**23
COLUMNS = (
    "rows", "in memory", "search, ms of CPU", "of 8,192 rows", "with the pass", "MiB", "lists, s", "load, s",
    "searched exactly", "score off by", "other regions", "median too large",
)  # fmt: skip
PACKAGES = ("torch", "faiss-gpu", "numpy")
PREPROCESSING = Preprocessing(448, "on", fit="whole")
STATISTIC = Statistic("mean_top1p")


def cpu_s(step: Callable[[], object], rounds: int = 5) -> float:
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        step()
        taken.append(time.process_time() - started)
    return float(np.median(taken))


def photographs(folder: Path) -> Iterator[Image]:
    for path in sorted(folder.iterdir()):
        yield decode_image(path.read_bytes(), 10**9).pixels


def parts_of(rows: NDArray[np.float16], count: int) -> list[Segment]:
    """`count` rows: drawn ones of these, then jittered copies of all of them, a part at a time."""
    dice, found = np.random.default_rng(0), []
    order = dice.permutation(len(rows))
    for start in range(0, count, PART):
        numbers = np.arange(start, min(start + PART, count))
        values = rows[order[numbers % len(rows)]].astype(np.float32)
        values[numbers >= len(rows)] += JITTER * dice.standard_normal(
            (int((numbers >= len(rows)).sum()), rows.shape[1]), dtype=np.float32
        )
        found.append(Segment(unit_length(values), np.ones(len(values), bool), (0.0,), Grid(1, len(values))))
    return found


def lists_of(parts: list[Segment]) -> Lists:
    total = sum(len(part.rows) for part in parts)
    count, starts = list_count(total), np.arange(0, total, PART)
    drawn = drawn_rows(total, count)
    sample = np.empty((len(drawn), parts[0].rows.shape[1]), np.float32)
    for part, start in zip(parts, starts, strict=True):
        here = (drawn >= start) & (drawn < start + len(part.rows))
        sample[here] = unit_length(part.rows[drawn[here] - start])
    centres, step = Centres(sample, count), TOGETHER // count
    while centres.unfinished:
        centres.improve(step)
    pieces = [part.rows[start : start + step] for part in parts for start in range(0, len(part.rows), step)]
    return Lists(centres.values, Assigned.joined([assigned(piece, centres.values) for piece in pieces]))


class Trial:
    """A bank of one size, and the queries (each Q×D) of some photographs."""

    def __init__(self, parts: list[Segment], precision: RowPrecision, queries: list[Rows]) -> None:
        self._queries = queries
        started = time.process_time()
        self.lists = lists_of(parts) if sum(len(part.rows) for part in parts) > EXACT_ROWS else None
        self.lists_s = time.process_time() - started
        started = time.process_time()
        self._bank = MemoryBank(parts, "cpu", precision=precision, lists=self.lists)
        self.load_s = time.process_time() - started
        self.size_bytes = self._bank.size_bytes

    def search_s(self) -> float:
        return float(np.median([cpu_s(partial(self._searched, queries)) for queries in self._queries]))

    def _searched(self, queries: Rows, above: float | None = None) -> tuple[Rows, int]:
        if self.lists is None:
            return self._bank.nearest(queries)[0], len(queries)
        mask = np.ones(len(queries), bool)
        found = self._bank.decided(queries, Deciding(deciding_count(STATISTIC, mask), above))
        return found.values, int(found.exact.sum())

    def compared(self) -> tuple[float, float, int, float]:
        """Patches searched exactly (mean), the largest score difference, photographs with other regions, and the mean
        of how much too large a median is told, as a share."""
        counts, apart, other, medians = [], 0.0, 0, []
        for queries in self._queries[:COMPARED_WITH_EXACT]:
            mask = np.ones(len(queries), bool)
            exact, _ = self._bank.nearest(queries)
            above = float(np.quantile(exact, 0.95))
            values, count = self._searched(queries)
            counts.append(count)
            apart = max(apart, abs(image_score(values, mask, STATISTIC) - image_score(exact, mask, STATISTIC)))
            medians.append(float(np.median(values)) / float(np.median(exact)) - 1)
            in_region, _ = self._searched(queries, above)
            clear = np.abs(exact - above) > 1e-6
            other += bool(((in_region > above) != (exact > above))[clear].any())
        return float(np.mean(counts)), apart, other, float(np.mean(medians))


def main() -> None:
    folder, most = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else SIZES[-1][0]
    limit_threads(0)
    backbone = load_backbone(load_registry().spec("embedded"), load_settings(), "cpu")
    good = [image for image, _ in zip(photographs(folder / "train" / "good"), range(REFERENCES), strict=False)]
    rows = np.concatenate([reference_segment(image, PREPROCESSING, backbone).rows.astype(np.float16) for image in good])
    tests = [next(photographs(each)) for each in sorted((folder / "test").iterdir())][:TESTS]
    inputs = [preprocess(image, 448, backbone.spec, "whole") for image in tests]
    queries = [unit_length(patch_features(backbone, [each])[0].values) for each in inputs]
    pass_s = float(np.median([cpu_s(partial(patch_features, backbone, [each]), 3) for each in inputs]))
    say(measured_with(PACKAGES))
    say(f"{folder.name}: {len(good)} references, {len(rows):,} rows × {rows.shape[1]} (more: jittered copies); ")
    say(f"{len(queries)} photographs of {len(queries[0]):,} patches; one backbone pass: {1000 * pass_s:.0f} ms of CPU")
    say()
    say("| " + " | ".join(COLUMNS) + " |")
    say("|---" * len(COLUMNS) + "|")
    least = None
    for count, precision in SIZES:
        if count <= most:
            trial = Trial(parts_of(rows, count), precision, queries)
            taken = trial.search_s()
            least = least or taken
            exactly, apart, other, median = trial.compared()
            say(
                f"| {count:,} | {precision} | {1000 * taken:.0f} | {taken / least:.2f} | "
                f"{(taken + pass_s) / (least + pass_s):.2f} | {trial.size_bytes / 2**20:.0f} | {trial.lists_s:.0f} | "
                f"{trial.load_s:.1f} | {exactly:.0f} | {apart:.1e} | {other} | {100 * median:.2f} % |"
            )


if __name__ == "__main__":
    main()
