"""The loaded backbones."""

from copy import copy
from dataclasses import replace

from app.engine.methods.patchcore import PatchCoreFeatures
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


def test_the_faster_one_serves_where_the_authors_own_numbers_are_not_asked_for() -> None:
    specs, made = {TINY.name: TINY}, tiny_backbone()
    backbones = Backbones(specs, lambda: TINY.name, lambda _name: made, faster=copy)
    served = backbones.get("default", Preprocessing(fit="whole"))
    assert served is not made
    assert served is backbones.load_default() is backbones.last_default
    assert backbones.get("default", Preprocessing(fit="crop")) is made
    patchcore = backbones.get("default", Preprocessing(fit="whole", method="patchcore"))
    assert isinstance(patchcore, PatchCoreFeatures)
    assert patchcore._below is made
    layered = backbones.get("default", Preprocessing(fit="whole", layers=(1,)))
    assert layered.spec.own_layers == (1,)
    assert layered is not served
