"""Options become variants: presets, overrides, ablations."""

from dataclasses import replace

import pytest

from app.errors import InvalidSettings
from app.evaluate.planned.choices import PREPROCESS, Ablation, Choices, Preprocess, ablated, variants
from tests.evaluate.machine import FEW_SHOT, chosen


@pytest.mark.parametrize(
    ("preset", "rotation", "masking"),
    [
        ("agnostic", "on", "auto"),
        ("informed", "table", "auto"),
        ("masking_only", "off", "auto"),
        ("informed_no_mask", "table", "off"),
    ],
)
def test_a_preset_says_rotation_and_masking(preset: Preprocess, rotation: str, masking: str) -> None:
    (variant,) = chosen(replace(FEW_SHOT, preprocess=[preset]))
    assert (variant.rotation, variant.masking) == (rotation, masking)


def test_rotation_and_masking_override_the_preset() -> None:
    found = chosen(replace(FEW_SHOT, preprocess=list(PREPROCESS), rotation="off", masking="table"))
    assert [(each.rotation, each.masking) for each in found] == [("off", "table")]


def test_several_values_are_combined() -> None:
    choices = replace(FEW_SHOT, smaller_edges=[112, 224], statistics=["max", "mean_top1p"], backbones=["a", "b"])
    assert len({each.label for each in chosen(choices)}) == 8


def test_precision_is_that_of_the_backbone() -> None:
    found = variants(replace(FEW_SHOT, backbones=["a", "b"]), {"a": "float32", "b": "bfloat16"}.__getitem__)
    assert [each.precision for each in found] == ["float32", "bfloat16"]


def test_zero_shot_knows_no_rotation() -> None:
    choices: Choices = replace(FEW_SHOT, mode="zero-shot", aggregations=["quantile", "musc"], preprocess=["agnostic"])
    assert [(each.aggregation, each.rotation) for each in chosen(choices)] == [("quantile", "off"), ("musc", "off")]


@pytest.mark.parametrize(
    ("name", "count"),
    [("preprocessing", 6), ("resolution", 4), ("backbone", 3), ("statistic", 5), ("imagenet-vit", 2), ("method", 4)],
)
def test_an_ablation_spreads_one_choice(name: Ablation, count: int) -> None:
    found = chosen(ablated(FEW_SHOT, name))
    different = [
        field
        for field in ("backbone", "smaller_edge", "statistic", "method")
        if len({getattr(each, field) for each in found}) > 1
    ]
    assert len(found) == count
    assert len(different) == {"preprocessing": 0, "method": 2}.get(name, 1)


def test_layers_are_written_as_numbers_joined_or_averaged() -> None:
    found = chosen(replace(FEW_SHOT, backbones=["vit"], layers=["own", "4,8", "mean:4,8"]))
    made = [(each.preprocessing.layers, each.preprocessing.layers_join) for each in found]
    assert made == [(None, "concat"), ((4, 8), "concat"), ((4, 8), "mean")]
    assert [each.label.split(", ")[0] for each in found] == ["vit", "vit layers 4,8", "vit layers mean:4,8"]


@pytest.mark.parametrize("written", ["", "last", "0", "8,4", "4,4", "4, 8", "mean:", "max:4,8", "-1"])
def test_layers_written_otherwise_are_refused(written: str) -> None:
    with pytest.raises(InvalidSettings, match="--layers"):
        chosen(replace(FEW_SHOT, layers=[written]))


def test_a_method_of_others_does_as_its_authors_do_unless_it_is_told_otherwise() -> None:
    asked = replace(FEW_SHOT, methods=["patchcore", "spade", "padim"], preprocess=["agnostic"], statistics=["max"])
    found = [(each.rotation, each.masking, each.statistic, each.coreset) for each in chosen(asked)]
    assert found == [("off", "off", "own", "0.1"), ("off", "off", "own", "none"), ("off", "off", "own", "none")]
    told = chosen(replace(asked, rotation="on", masking="auto", coresets=["0.01", "500"]))
    assert [(each.rotation, each.masking, each.coreset) for each in told] == [
        ("on", "auto", "0.01"),
        ("on", "auto", "500"),
        ("off", "off", "none"),
        ("off", "off", "none"),
    ]


@pytest.mark.parametrize("written", ["", "0", "1.0", "-5", "nan", "inf", "ten", "1e3"])
def test_a_coreset_written_otherwise_is_refused(written: str) -> None:
    with pytest.raises(InvalidSettings, match="--coreset"):
        chosen(replace(FEW_SHOT, coresets=[written]))
