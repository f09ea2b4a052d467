"""Settings as users write them."""

from typing import Any

import pytest

from app.engine.options import Coreset, Near, ProductSettings, Statistic
from app.errors import InvalidSettings
from app.service.products.settings import merged

DEFAULTS = ProductSettings()


def test_only_the_given_keys_change() -> None:
    assert merged(DEFAULTS, {"masking": "off"}) == ProductSettings(masking="off")


def test_a_statistic_has_a_short_form() -> None:
    assert merged(DEFAULTS, {"statistic": "max"}).statistic == Statistic("max")
    assert merged(DEFAULTS, {"statistic": {"name": "mean_topk", "k": 5}}).statistic == Statistic("mean_topk", k=5)


def test_a_method_brings_its_statistic_unless_one_comes_with_it() -> None:
    patchcore = merged(DEFAULTS, {"method": "patchcore"})
    assert patchcore.statistic == Statistic("max")
    assert merged(patchcore, {"method": "anomalydino"}) == DEFAULTS
    assert merged(patchcore, {"method": "anomalydino", "statistic": "max"}).statistic == Statistic("max")
    assert merged(patchcore, {"threshold": {"value": 17.5, "bank_version": 1}}).threshold is not None


def test_a_coreset_is_a_share_or_a_number_and_can_be_taken_back() -> None:
    chosen = merged(DEFAULTS, {"coreset": {"share": 0.1, "rows": None}})
    assert chosen.coreset == Coreset(share=0.1)
    assert merged(DEFAULTS, {"coreset": {"rows": 5000}}).coreset == Coreset(rows=5000)
    assert merged(chosen, {"coreset": None}) == DEFAULTS


def test_a_search_is_anywhere_or_near_without_rotations() -> None:
    chosen = merged(DEFAULTS, {"search": {"near": 2}, "rotation": "off"})
    assert chosen.search == Near(2)
    assert merged(chosen, {"search": "anywhere", "rotation": "on"}) == DEFAULTS
    for settings, change in ((DEFAULTS, {"search": {"near": 2}}), (chosen, {"rotation": "on"})):
        with pytest.raises(InvalidSettings, match="rotation to off"):
            merged(settings, change)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"smaler_edge": 448}, "smaler_edge"),
        ({"smaller_edge": 20}, "smaller_edge"),
        ({"smaller_edge": True}, "smaller_edge"),
        ({"smaller_edge": "448"}, "smaller_edge"),
        ({"rotation": "yes"}, "rotation"),
        ({"masking": None}, "masking"),
        ({"profile": "fast"}, "profile"),
        ({"backbone": 7}, "backbone"),
        ({"statistic": "median"}, "statistic.name"),
        ({"statistic": 3}, "statistic"),
        ({"statistic": {"name": "max", "top": 1}}, "top"),
        ({"statistic": {"name": "mean_topk"}}, "statistic.k"),
        ({"statistic": {"name": "mean_topk", "k": 0}}, "statistic.k"),
        ({"statistic": {"name": "max", "k": 3}}, "statistic.k"),
        ({"statistic": {"name": "percentile", "q": 101}}, "statistic.q"),
        ({"statistic": {"name": "max", "q": 3}}, "statistic.q"),
        ({"statistic": {"name": "percentile", "q": 0}}, "statistic.q"),
        ({"statistic": {"name": "percentile", "q": 89.9, "foreground_only": True}}, "statistic.q"),
        ({"statistic": {"name": "max", "foreground_only": 1}}, "foreground_only"),
        ({"method": "padim"}, "method"),
        ({"method": "patchcore", "statistic": "mean_top1p"}, "statistic"),
        ({"threshold": {"value": 2.5, "bank_version": 1}}, "threshold.value"),
        ({"coreset": 0.1}, "coreset"),
        ({"coreset": {}}, "coreset"),
        ({"coreset": {"share": 0.1, "rows": 500}}, "coreset"),
        ({"coreset": {"share": 1}}, "coreset.share"),
        ({"coreset": {"rows": 99}}, "coreset.rows"),
        ({"coreset": {"rows": 500.0}}, "coreset.rows"),
        ({"search": "near"}, "search"),
        ({"search": None}, "search"),
        ({"search": {"near": 2, "far": 3}}, "search"),
        ({"search": {"near": 0}}, "search.near"),
        ({"search": {"near": 65}}, "search.near"),
        ({"search": {"near": True}}, "search.near"),
        ({"layers": []}, "layers"),
        ({"layers": [4, 2]}, "ascending"),
        ({"layers": [0, 2]}, "layers"),
        ({"layers": [True]}, "layers"),
        ({"layers": "2"}, "layers"),
        ({"layers_join": "max"}, "layers_join"),
    ],
)
def test_a_wrong_value_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidSettings, match=named):
        merged(DEFAULTS, changes)
