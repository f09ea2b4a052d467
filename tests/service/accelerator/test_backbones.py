"""The loaded backbones."""

from dataclasses import replace

from app.service.accelerator.backbones import Backbones
from tests.api.tiny_backbone import TINY, tiny_backbone


def test_every_backbone_pauses_whether_loaded_before_or_after() -> None:
    specs = {name: replace(TINY, name=name) for name in ("early", "late")}
    backbones = Backbones(specs, lambda: "early", lambda _name: tiny_backbone())
    early = backbones.load_default()
    backbones.pause_by(print)
    assert early.pause is backbones.get("late").pause is print
