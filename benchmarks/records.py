"""How long do a million records take to be read, and how much room?

    python -m benchmarks.records [--records 1000000] [--databases SQLite PostgreSQL]

SQLite, then a PostgreSQL of its own on this machine, filled through the service's own code with 60 days of 20 products
and 40 cameras (3 % `not_ok`, 1 % `not_decidable`, each part inspected as two products). Asked by the code behind
`GET /inspections`, `/parts` and `/products/{id}/statistics`, without HTTP, thrice each, of which the median counts:
pages of 100 by no filter, by each and by every two of them, with values that hold for many, few and no records, the
first page and one from deep within; parts; a month of a product. Then what records cost the writer, one commit each.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, text

from app.service.records.spans import spans
from app.storage.records.database import migrate, postgres_url, records_engine, sqlite_url
from app.storage.records.finding import Cursor, Wanted
from app.storage.records.reading import RecordReader
from app.storage.records.record import InspectionRecord, microseconds
from app.storage.records.writing import write_records
from benchmarks.machine import measured_with, say
from tests.postgres_server import postgres_server

PACKAGES = ("sqlalchemy", "psycopg")
DAYS, PRODUCTS, TOGETHER, PAGE, ROUNDS, SLOWEST, ALONE = 60, 20, 5000, 100, 3, 5, 200
DAY_US = 86_400_000_000
BEGAN = datetime(2026, 9, 21, tzinfo=UTC)
BEGAN_US = microseconds(BEGAN)
DEEP = Cursor(BEGAN_US + 30 * DAY_US, 2**40)
FILTERS: dict[str, list[dict[str, Any]]] = {
    "product": [{"product_id": "product-3"}],
    "products": [{"products": frozenset({"product-3", "product-8"})}, {"products": frozenset({"product-3", "none"})}],
    "part": [{"part_id": "SN-00000250"}],
    "station": [{"station_id": "camera-6"}, {"station_id": "camera-9"}],
    "verdict": [{"verdict": each} for each in ("ok", "not_ok", "not_decidable")],
    "flag": [{"flag": each} for each in ("drift", "unlike_references", "unrecorded", "mask_empty")],
    "bank": [{"bank_version": each} for each in (12, 1, 99)],
    "time": [
        {"from_us": BEGAN_US + 59 * DAY_US},
        {"to_us": BEGAN_US + DAY_US},
        {"from_us": BEGAN_US + 20 * DAY_US, "to_us": BEGAN_US + 50 * DAY_US},
    ],
    "score": [
        {"least_score": 0.2},
        {"least_score": 1.49},
        {"most_score": 0.1},
        {"least_score": 0.3, "most_score": 0.3001},
        {"least_score": 9.0},
    ],
}
STAGES_MS = {"receive": 1.2, "wait": 0.3, "bank": 0.1, "decode": 6.2, "preprocess": 1.9, "backbone": 31.0, "mask": 0.4,
             "search": 4.1, "score": 0.9, "heatmap": 0.3, "keep": 0.1}  # fmt: skip
REGION = {
    "box": {"x": 301, "y": 412, "width": 56, "height": 42}, "area_px": 1764, "peak": 0.7312459826469421,
    "peak_at": [329, 441],
    "nearest": {"reference": "9" * 64, "angle_deg": 45.0, "box": {"x": 315, "y": 427, "width": 28, "height": 28}},
}  # fmt: skip
LIKENESS = [
    {"quantity": name, "value": 0.9612371921539307, "low": 0.8312371921539307, "high": 1.2312371921539307}
    for name in ("size", "aspect", "detail", "contrast", "median_distance", "foreground_fraction")
]
PROMISE = {"good_images": 120, "expected_false_alarm_rate": 0.0099, "false_alarm_rate_95": 0.024, "undecidable": 0}


def records(count: int) -> Iterator[InspectionRecord]:
    """The oldest first, evenly over the days."""
    draw = random.Random(20261128)
    for number in range(count):
        product = draw.randrange(PRODUCTS)
        share = number / count
        score = draw.gauss(0.30, 0.05) if draw.random() > 0.03 else draw.uniform(0.5, 1.5)
        verdict = "not_decidable" if draw.random() < 0.01 else "not_ok" if score > 0.5 else "ok"
        timings = {name: round(taken * draw.uniform(0.9, 1.4), 2) for name, taken in STAGES_MS.items()}
        yield InspectionRecord(
            inspection_id=str(UUID(int=draw.getrandbits(128), version=4)),
            at_us=BEGAN_US + int(share * DAYS * DAY_US),
            product_id=f"product-{product}",
            verdict=verdict,
            score=score,
            threshold=0.5,
            calibration="calibrated",
            bank_version=1 + int(share * 12) + product % 2,
            backbone="dinov2_vits14",
            engine="openvino",
            precision="float32",
            sha256=f"{draw.getrandbits(256):064x}",
            width=1024,
            height=1024,
            flags=tuple(_flags(draw, verdict)),
            part_id=f"SN-{number // 2:08}",
            meas_id=f"M-{number}",
            station_id=f"camera-{2 * product + number % 2}",
            key_name="line (0a1b2c3d)",
            request_id=f"{draw.getrandbits(128):032x}",
            metadata={"order": f"2026-{number // 400:06}", "shift": number % 3, "rework": False},
            details={
                "score_normalized": 2 * score, "p_value": 0.4132231404958678, "threshold_source": "calibration",
                "promise": PROMISE, "likeness": LIKENESS, "regions": [REGION] * (2 if verdict == "not_ok" else 0),
                "foreground_fraction": 0.4130859375, "timings_ms": timings,
            },
        )  # fmt: skip


def _flags(draw: random.Random, verdict: str) -> Iterator[str]:
    if verdict == "not_decidable":
        yield "unlike_references"
    if draw.random() < 0.2:
        yield "drift"
    if draw.random() < 0.0005:
        yield "unrecorded"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=[*DATABASES])
    chosen = parser.parse_args()
    say(measured_with(PACKAGES))
    for name in chosen.databases:
        with tempfile.TemporaryDirectory() as kept, DATABASES[name](Path(kept)) as engine:
            _measured(name, engine, chosen.records)


@contextmanager
def _sqlite(folder: Path) -> Iterator[Engine]:
    engine = records_engine(sqlite_url(folder))
    yield engine
    engine.dispose()


@contextmanager
def _postgresql(_folder: Path) -> Iterator[Engine]:
    with postgres_server() as server:
        engine = records_engine(postgres_url(server.new_database()))
        yield engine
        engine.dispose()


DATABASES = {"SQLite": _sqlite, "PostgreSQL": _postgresql}


def _measured(name: str, engine: Engine, count: int) -> None:
    migrate(engine)
    started = time.perf_counter()
    _fill(engine, count)
    with engine.connect() as connection:
        say(f"{name} {_version(engine)}: {count} records in {time.perf_counter() - started:.0f} s, {TOGETHER} together")
        size = "pg_database_size(current_database())" if engine.name == "postgresql" else "page_count * page_size"
        tables = "" if engine.name == "postgresql" else " FROM pragma_page_count, pragma_page_size"
        say(f"  {connection.execute(text(f'SELECT {size}{tables}')).scalar_one() / count:.0f} bytes each, with indexes")
    reader = RecordReader(engine)
    pages = sorted(_pages(reader), reverse=True)
    say(f"  {len(pages)} pages, ms: median {median(took for took, _ in pages):.1f}, slowest {pages[0][0]:.1f}; those:")
    for took, asked in pages[:SLOWEST]:
        say(f"    {took:6.1f}  {asked}")
    parts = [f"SN-{number:08}" for number in random.Random(1).sample(range(count // 2), 100)]
    took_ms = [_ms(lambda part=part: _part(reader, part)) for part in parts]  # type: ignore[misc]
    say(f"  a part, ms: median {median(took_ms):.1f}, slowest of {len(parts)} {max(took_ms):.1f}")
    for bucket in ("hour", "day", "shift"):
        took = _median_ms(lambda by=bucket: _month(reader, by))  # type: ignore[misc]
        began = time.thread_time()
        _month(reader, bucket)
        own = 1000 * (time.thread_time() - began)
        say(f"  a month of a product by the {bucket}, ms: {took:.0f}; of this process's processor time {own:.0f}")
    _alone(engine)


def _fill(engine: Engine, count: int) -> None:
    some = list[InspectionRecord]()
    for each in records(count):
        some.append(each)
        if len(some) == TOGETHER:
            write_records(engine, some)
            some = []
    if some:
        write_records(engine, some)
    if engine.name == "postgresql":  # as it does by itself, a while later
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM ANALYZE"))


def _version(engine: Engine) -> str:
    with engine.connect() as connection:
        asked = "SHOW server_version" if engine.name == "postgresql" else "SELECT sqlite_version()"
        return str(connection.execute(text(asked)).scalar_one())


def _pages(reader: RecordReader) -> Iterator[tuple[float, str]]:
    """What each page took, ms, and what was asked."""
    asked: list[dict[str, Any]] = [{}, *(each for some in FILTERS.values() for each in some)]
    for first, second in combinations(FILTERS.values(), 2):
        asked += [one | other for one in first for other in second]
    for each in asked:
        for after in (None, DEEP):
            took = _median_ms(lambda: reader.page(Wanted(**each), PAGE, after))  # noqa: B023
            yield took, " ".join(["deep"] * (after is not None) + [f"{name}={_shown(each[name])}" for name in each])


def _shown(value: object) -> str:
    return "|".join(sorted(value)) if isinstance(value, frozenset) else str(value)


def _part(reader: RecordReader, part: str) -> None:
    """As `/parts` does."""
    reader.newest_of_part(part)
    reader.page(Wanted(part_id=part), 1000)


def _month(reader: RecordReader, bucket: Any) -> None:
    begins = BEGAN + timedelta(days=15)
    shifts = [time_of_day(hour) for hour in (6, 14, 22)]
    cut = spans(begins, begins + timedelta(days=30), bucket, UTC, shifts)
    limits = [(microseconds(each.begins), microseconds(each.ends)) for each in cut]
    reader.counted("product-3", [(limits[0][0], limits[-1][1]), *limits])


def _alone(engine: Engine) -> None:
    """Records of after the others, each in a commit of its own."""
    took = []
    for each in records(ALONE):
        later = replace(each, inspection_id=str(uuid4()), at_us=each.at_us + DAYS * DAY_US)
        took.append(_ms(lambda record=later: write_records(engine, [record])))  # type: ignore[misc]
    say(
        f"  one more record, committed alone, ms: median {median(took):.1f}, 95 % {sorted(took)[ALONE * 95 // 100]:.1f}"
    )


def _ms(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def _median_ms(call: Callable[[], object]) -> float:
    return median(_ms(call) for _ in range(ROUNDS))


if __name__ == "__main__":
    main()
