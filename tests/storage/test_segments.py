from dataclasses import replace

import numpy as np
import pytest

from app.engine.bank.bank import Segment
from app.engine.bank.index import Metric
from app.engine.bank.rows import unit_length
from app.engine.types import Grid
from app.errors import BankDamaged
from app.storage.segments import SegmentPrecision, decode_segment, encode_segment

ANGLES_DEG = (0.0, 45.0)
GRID = Grid(12, 16)


def segment(width: int = 384) -> Segment:
    generator = np.random.default_rng(7)
    rows = unit_length(generator.normal(size=(len(ANGLES_DEG) * GRID.patches, width)).astype(np.float32))
    return Segment(rows, generator.random(GRID.patches) > 0.5, ANGLES_DEG, GRID)


def distances(queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
    nearest: np.ndarray = 1 - (queries.astype(np.float64) @ rows.T.astype(np.float64)).max(axis=1)
    return nearest


def test_a_segment_is_read_to_the_bit() -> None:
    written = segment()
    read = decode_segment(encode_segment(written))
    np.testing.assert_array_equal(read.rows, written.rows)
    np.testing.assert_array_equal(read.foreground, written.foreground)
    assert (read.angles_deg, read.grid) == (ANGLES_DEG, GRID)


def test_half_precision_takes_half_the_space_and_is_read_as_float32_of_unit_length() -> None:
    written = segment()
    stored = encode_segment(written, "float16")
    assert len(stored) < 0.51 * len(encode_segment(written))
    read = decode_segment(stored)
    assert read.rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(read.rows, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("width", [130, 384, 768])
@pytest.mark.parametrize("noise", [0.0, 0.02, 1.0])
def test_half_precision_changes_a_distance_by_less_than_is_documented(width: int, noise: float) -> None:
    written = segment(width)
    read = decode_segment(encode_segment(written, "float16"))
    shift = np.random.default_rng(8).normal(size=written.rows.shape).astype(np.float32)
    queries = unit_length(written.rows + noise * shift)
    assert np.abs(distances(queries, read.rows) - distances(queries, written.rows)).max() < 1e-4


def test_both_precisions_encode_the_same_segment_the_same_every_time() -> None:
    assert encode_segment(segment()) == encode_segment(segment())
    assert encode_segment(segment(), "float16") == encode_segment(segment(), "float16")


@pytest.mark.parametrize("precision", ["float32", "float16"])
@pytest.mark.parametrize("metric", ["euclidean", "squared_euclidean"])
def test_rows_that_are_not_compared_by_cosine_keep_their_length(precision: SegmentPrecision, metric: Metric) -> None:
    written = replace(segment(), rows=7 * segment().rows, metric=metric)
    read = decode_segment(encode_segment(written, precision))
    assert read.metric == metric
    np.testing.assert_allclose(read.rows, written.rows, rtol=1e-3, atol=1e-6)


def test_rows_of_an_unknown_metric_are_refused() -> None:
    data = encode_segment(replace(segment(), metric="euclidean"))
    with pytest.raises(BankDamaged, match="Rebuild the bank"):
        decode_segment(data.replace(b'\\"euclidean\\"', b'\\"euclidian\\"'))


@pytest.mark.parametrize("data", [b"", b"no segment", bytes(100)])
def test_bytes_that_are_no_segment_are_refused(data: bytes) -> None:
    with pytest.raises(BankDamaged, match="Rebuild the bank"):
        decode_segment(data)
