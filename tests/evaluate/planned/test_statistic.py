"""Statistics as they are written on the command line."""

import pytest

from app.engine.options import Statistic
from app.errors import InvalidSettings
from app.evaluate.planned.statistic import statistic


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("mean_top1p", Statistic()),
        ("max", Statistic("max")),
        ("mean_topk:10", Statistic("mean_topk", k=10)),
        ("percentile:99.5", Statistic("percentile", q=99.5)),
        ("max,foreground", Statistic("max", foreground_only=True)),
    ],
)
def test_a_statistic_is_read(written: str, meant: Statistic) -> None:
    assert statistic(written) == meant


@pytest.mark.parametrize(
    "written", ["", "mean", "mean_topk", "mean_topk:0", "mean_topk:x", "percentile:101", "max:3", "max,all", "max,"]
)
def test_anything_else_is_refused_with_what_there_is(written: str) -> None:
    with pytest.raises(InvalidSettings, match="mean_topk:K"):
        statistic(written)
