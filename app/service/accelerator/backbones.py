"""The loaded backbones: the default one, and those that single products name."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.engine.backbone.backbone import Backbone, no_pause
from app.engine.backbone.layers import of_layers
from app.engine.backbone.spec import BackboneSpec
from app.engine.methods.known import method_of
from app.engine.options import Fit, LayersJoin, MethodName, Preprocessing
from app.errors import InvalidSettings, NotReady, WeightsUnavailable

DEFAULT = "default"
View = tuple[str, tuple[int, ...] | None, LayersJoin, MethodName, Fit]
"""A backbone by its name, the layers that it gives, and the method and the fit that they are for."""

AS_SERVED = Preprocessing(fit="whole")
"""Whose backbone stands for the default one where no product is asked about."""

WEIGHTS_RETRY_S = 60
"""Somebody has to bring the file first."""


@dataclass(frozen=True, slots=True)
class BackboneView:
    """A loaded backbone: its name, what executes it, its arithmetic, and the layers that can be chosen among."""

    name: str
    engine: str
    precision: str
    layers: tuple[int, ...]


class Backbones:
    """Loads a backbone at its first use, once, and keeps it."""

    def __init__(
        self,
        specs: Mapping[str, BackboneSpec],
        default: Callable[[], str],
        load: Callable[[str], Backbone],
        faster: Callable[[Backbone], Backbone] = lambda backbone: backbone,
    ) -> None:
        """`default` tells which one is the default now: it is asked each time, since the store may change over.

        `load` raises WeightsUnavailable where a backbone's file is missing or wrong. `faster` makes the one that serves
        wherever the authors' own numbers are not asked for; it may take its time.
        """
        self._specs = specs
        self._load = load
        self._faster = faster
        self._loading = threading.Lock()
        self._loaded: dict[str, Backbone] = {}
        self._views: dict[View, Backbone] = {}
        self._default = default
        self._last_default: Backbone | None = None
        self._pause = no_pause

    def pause_by(self, pause: Callable[[], None]) -> None:
        """`pause` is called between the steps of every forward pass from now on."""
        with self._loading:
            self._pause = pause
            for loaded in (*self._loaded.values(), *self._views.values()):
                loaded.pause = pause

    def load_default(self) -> Backbone:
        """Load the default backbone, at the start. WeightsUnavailable."""
        name = self._default()
        with self._loading:
            if name not in self._loaded:
                self._loaded[name] = self._made(name)
            loaded = self._loaded[name]
        self._last_default = self._view(loaded, AS_SERVED)
        return self._last_default

    @property
    def last_default(self) -> Backbone:
        """The default backbone when it was last used. The store, which may change over, is not asked."""
        return self._last_default or self.load_default()

    def name_of(self, setting: str) -> str:
        """The registry name behind a product's `backbone` setting."""
        return self._default() if setting == DEFAULT else setting

    def spec(self, setting: str) -> BackboneSpec:
        """What the registry says of the backbone that a product's setting names.

        Raises:
            InvalidSettings: the registry has no such backbone.
        """
        name = self.name_of(setting)
        if name not in self._specs:
            known = ", ".join(sorted(self._specs))
            raise InvalidSettings(f"backbone: {name!r} is not in the registry. Choose `default` or one of: {known}.")
        return self._specs[name]

    def sha256(self, setting: str) -> str | None:
        """Checksum of the backbone that a setting names; None where the registry has none of that name."""
        spec = self._specs.get(self.name_of(setting))
        return spec.sha256 if spec else None

    def get(self, setting: str, preprocessing: Preprocessing | None = None) -> Backbone:
        """The loaded backbone, giving the layers that the preprocessing asks for as its method wants them; the first
        call for a name loads it, others wait for that. Where nothing is cropped, and the method reads no layers by
        itself, it is the faster one.

        Raises:
            InvalidSettings: the registry has no such backbone, it has no such layers, or the method cannot use them.
            NotReady: its weights are missing or not the registered ones.
        """
        found = self._named(self.spec(setting).name)
        if setting == DEFAULT:
            self._last_default = self._view(found, AS_SERVED)
        return self._view(found, preprocessing) if preprocessing else found

    def known(self, setting: str, preprocessing: Preprocessing) -> Backbone | None:
        """The same where it was used before; else None."""
        return self._views.get(_key(self.name_of(setting), preprocessing))

    def _view(self, loaded: Backbone, made: Preprocessing) -> Backbone:
        faster = made.fit == "whole" and made.method == "anomalydino"
        key = _key(loaded.spec.name, made)
        if known := self._views.get(key):
            return known
        with self._loading:
            if key not in self._views:
                view = of_layers(loaded, made.layers, made.layers_join) if made.layers else loaded
                view = self._faster(view) if faster else method_of(made).features_of(view, made.fit)
                view.pause = self._pause
                self._views[key] = view
            return self._views[key]

    def _named(self, name: str) -> Backbone:
        if loaded := self._loaded.get(name):
            return loaded
        with self._loading:
            if name not in self._loaded:
                try:
                    self._loaded[name] = self._made(name)
                except WeightsUnavailable as error:
                    raise NotReady(error.message, retry_after_s=WEIGHTS_RETRY_S) from error
            return self._loaded[name]

    def _made(self, name: str) -> Backbone:
        backbone = self._load(name)
        backbone.pause = self._pause
        return backbone


def _key(name: str, made: Preprocessing) -> View:
    return name, made.layers, made.layers_join, made.method, made.fit
