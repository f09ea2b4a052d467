"""Settings where no pictures can be kept."""

import pytest

from app.engine.options import ProductSettings
from app.errors import InvalidSettings
from app.service.products.rules import SettingsRules

DEFAULTS = ProductSettings()
NOWHERE = SettingsRules(DEFAULTS, "There is no folder. Set one.")


@pytest.mark.parametrize("keep", ["not_ok", "all"])
def test_pictures_that_cannot_be_kept_are_refused_with_what_to_do(keep: str) -> None:
    with pytest.raises(InvalidSettings, match=r"keep_pictures: There is no folder\. Set one\."):
        NOWHERE.merged(DEFAULTS, {"keep_pictures": keep})


def test_other_settings_may_change_and_none_may_be_said() -> None:
    assert NOWHERE.merged(DEFAULTS, {"masking": "off"}).keep_pictures == "not_ok"
    assert NOWHERE.merged(DEFAULTS, {"keep_pictures": "none"}).keep_pictures == "none"


def test_what_is_kept_in_fact_is_told() -> None:
    assert NOWHERE.pictures(DEFAULTS) == "none"
    assert SettingsRules(DEFAULTS).pictures(DEFAULTS) == "not_ok"


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="not one of none, not_ok, all"):
        SettingsRules(DEFAULTS).merged(DEFAULTS, {"keep_pictures": "bad"})
