"""A loaded backbone that gives other patch features than its own."""

from collections.abc import Callable

from app.engine.backbone.backbone import Backbone
from app.engine.backbone.spec import BackboneSpec


class OtherFeatures:
    """What all of them have in common: they are executed, and pause, as the backbone below does."""

    def __init__(self, backbone: Backbone, spec: BackboneSpec) -> None:
        """`spec`: the backbone's, as far as the features are its own."""
        self.spec = spec
        self.engine, self.precision = backbone.engine, backbone.precision
        self.batches = False
        self._below = backbone

    @property
    def pause(self) -> Callable[[], None]:
        return self._below.pause

    @pause.setter
    def pause(self, pause: Callable[[], None]) -> None:
        self._below.pause = pause
