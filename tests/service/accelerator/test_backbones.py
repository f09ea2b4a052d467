"""The loaded backbones."""

from dataclasses import replace

from app.engine.options import Preprocessing
from app.service.accelerator.backbones import Backbones
from tests.api.tiny_backbone import TINY, tiny_backbone


def test_every_backbone_pauses_whether_loaded_before_or_after() -> None:
    specs = {name: replace(TINY, name=name) for name in ("early", "late")}
    backbones = Backbones(specs, lambda: "early", lambda _name: tiny_backbone())
    early = backbones.load_default()
    backbones.pause_by(print)
    assert early.pause is backbones.get("late").pause is print


def test_a_view_of_other_layers_is_made_once_and_pauses_too() -> None:
    backbones = Backbones({TINY.name: TINY}, lambda: TINY.name, lambda _name: tiny_backbone())
    first = Preprocessing(layers=(1,))
    view = backbones.get("default", first)
    backbones.pause_by(print)
    assert backbones.get("default", first) is view is not backbones.get("default")
    assert view.pause is print
    assert backbones.get("default", Preprocessing()) is backbones.last_default
