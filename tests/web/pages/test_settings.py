"""A product's settings: read out of a form, saved, refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.engine.options import Coreset, ManualThreshold, Near, ProductSettings, Statistic
from app.web.pages.settings.given import changed_settings
from tests.web.pages.forms import ProductForms

NOW = ProductSettings(
    smaller_edge=224, statistic=Statistic("mean_topk", k=20), rotation="off", search=Near(2),
    coreset=Coreset(share=0.1), layers=(4, 8), threshold=ManualThreshold(0.3, 2),
)  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "changed"),
    [
        ({}, {}),
        ({"smaller_edge": "224", "pinned": "false", "alpha": "0.05", "bit_depth": "auto"}, {}),
        ({"statistic.name": "mean_topk", "statistic.k": "20", "statistic.q": ""}, {}),
        ({"search.near": "2", "coreset.share": "0.1", "coreset.rows": "", "layers": "4, 8"}, {}),
        ({"threshold.value": "0.3", "threshold.bank_version": "2"}, {}),
        ({"smaller_edge": "448", "pinned": "true"}, {"smaller_edge": 448, "pinned": True}),
        ({"search.near": ""}, {"search": "anywhere"}),
        ({"coreset.share": "", "coreset.rows": ""}, {"coreset": None}),
        ({"coreset.share": "", "coreset.rows": "500"}, {"coreset": {"rows": 500}}),
        ({"layers": ""}, {"layers": None}),
        ({"threshold": "none"}, {"threshold": None}),
        ({"threshold.value": "0.25", "threshold.bank_version": "3"}, {"threshold": {"value": 0.25, "bank_version": 3}}),
        ({"bit_depth": "12"}, {"bit_depth": 12}),
        ({"statistic.name": "max", "statistic.k": ""},
         {"statistic": {"name": "max", "k": None, "q": None, "foreground_only": False}}),
        ({"csrf": "x", "revision": "1", "back": ""}, {}),
    ],
)  # fmt: skip
def test_what_a_form_gives_another_value_is_changed_and_nothing_else(
    fields: dict[str, str], changed: dict[str, Any]
) -> None:
    assert changed_settings(fields, NOW) == changed


@pytest.mark.parametrize(
    "fields",
    [
        {"smaller_edge": "large"}, {"smaller_edge": ""}, {"alpha": "nan"}, {"alpha": "0.9"}, {"pinned": "perhaps"},
        {"layers": "8, x"}, {"threshold": "0.3"}, {"threshold.value": "0.3"}, {"method": "magic"},
        {"statistic.name": ""}, {"search.near": "-1"},
    ],
)  # fmt: skip
def test_what_is_no_value_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        changed_settings(fields, NOW)


def test_every_setting_has_its_field_and_tells_what_a_change_costs(ready: ProductForms) -> None:
    page = ready.page("settings")
    for name in ProductSettings.__dataclass_fields__:
        assert f"<code>{name}" in page or name == "threshold", name
    assert page.count("→") >= len(ProductSettings.__dataclass_fields__)


def test_settings_and_name_are_saved(ready: ProductForms) -> None:
    page = ready.done("settings", {"revision": "1", "back": "settings", "alpha": "0.1", "display_name": "Lid 40"})
    assert 'value="0.1"' in page
    assert "<h1>Lid 40</h1>" in page


def test_a_form_as_it_was_shown_makes_no_bank_version(ready: ProductForms) -> None:
    fields = {"revision": "1", "smaller_edge": "112", "rotation": "on", "statistic.name": "mean_top1p", "layers": "",
              "coreset.share": "", "search.near": "", "keep_pictures": "not_ok", "bit_depth": "auto"}  # fmt: skip
    assert "bank version 1 ·" in ready.done("settings", fields)


def test_what_makes_features_makes_a_bank_version(ready: ProductForms) -> None:
    assert "bank version 2 ·" in ready.done("settings", {"revision": "1", "rotation": "off"})


def test_a_lost_race_is_told_and_nothing_is_saved(ready: ProductForms) -> None:
    ready.done("settings", {"revision": "1", "alpha": "0.1"})
    answer = ready.send("settings", {"revision": "1", "alpha": "0.2"})
    assert answer.status_code == 412
    assert "is at revision 2, not 1" in answer.text
    assert 'value="0.1"' in ready.page("settings")


@pytest.mark.parametrize("revision", ["", "x", "-1"])
def test_a_form_without_a_revision_is_refused(ready: ProductForms, revision: str) -> None:
    answer = ready.send("settings", {"revision": revision, "alpha": "0.2"})
    assert answer.status_code == 400
    assert "Load the page again" in answer.text


def test_a_wrong_value_is_told_with_the_name_of_its_setting(ready: ProductForms) -> None:
    answer = ready.send("settings", {"revision": "1", "smaller_edge": "5"})
    assert answer.status_code == 400
    assert "smaller_edge: Input should be greater than or equal to 112" in answer.text


def test_a_rule_of_the_service_is_told(ready: ProductForms) -> None:
    answer = ready.send("settings", {"revision": "1", "search.near": "2"})
    assert answer.status_code == 422
    assert "Set rotation to off" in answer.text
