"""A backbone run by OpenVINO on the CPU: converted from torch's, one compiled network for each image size."""

import hashlib
import inspect
import json
import logging
import platform
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from copy import copy
from functools import cache
from importlib.metadata import version
from io import BytesIO
from typing import Any, Literal, Protocol

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino.frontend import FrontEndManager
from openvino.frontend.pytorch.fx_decoder import TorchFXPythonDecoder

from app.engine.backbone import layers, parity, position_table, probes
from app.engine.backbone.backbone import Backbone, no_pause
from app.engine.device.faiss_torch import torch

logger = logging.getLogger(__name__)

MADE_BY = ("openvino", "torch", "timm", "torchvision")
CODE = (layers, position_table, parity, probes)
"""What the backbones share of how features are made, and how the compiled ones are tried."""

IN_MEMORY_BYTES = 2**30
"""Compiled networks of one backbone that are held: the last one always, others while all of them need no more."""

Compiled = MutableMapping[str, bytes]
"""Compiled networks that outlive the process, by what made them."""


class TorchBackbone(Backbone, Protocol):
    """A backbone that torch runs."""

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """B×3×H×W to B×N×D, on the device."""
        ...


Precision = Literal["float32", "bfloat16"]
HINTS: dict[str, str] = {"float32": "f32", "bfloat16": "bf16"}


class OpenVinoBackbone:
    """The same network as `reference`, whose numbers it has but for rounding (`parity`)."""

    engine = "openvino"
    batches = False

    def __init__(
        self, reference: TorchBackbone, kept: Compiled, precision: Precision = "float32", *, checked: bool = True
    ) -> None:
        """`kept` holds compiled networks of earlier processes, and takes the new ones. `checked`: torch takes the place
        of one that does not give its features; else its own are given, whatever they are."""
        self.spec = reference.spec
        self.precision: str = precision
        self._checked = checked
        self.pause = no_pause
        # Of its own, without pauses: no other work may fall into a conversion.
        self._reference = copy(reference)
        self._reference.pause = no_pause
        self._kept = kept
        self._core = _core()
        self._in_memory: OrderedDict[tuple[int, int], tuple[Any, int]] = OrderedDict()
        self._compiling = threading.RLock()

    def extract(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """B×3×H×W normalised images to raw patch features B×N×D float32, row-major: image by image, so bit-identical in
        whatever batch an image comes."""
        rows = []
        for image in inputs:
            self.pause()
            rows.append(np.array(self._compiled(image.shape[1], image.shape[2])(image[None])[0], np.float32))
        self.pause()
        return np.stack(rows)

    @property
    def is_supported(self) -> bool:
        """Whether this CPU computes in that precision by itself."""
        return self.precision == "float32" or "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")

    @property
    def identity(self) -> dict[str, object]:
        """All that the compiled networks depend on, but the image size."""
        return {
            "weights": self.spec.sha256,
            "code": [inspect.getsource(module) for module in (sys.modules[type(self._reference).__module__], *CODE)],
            "layers": [list(self.spec.own_layers), self.spec.layers_join],
            "precision": self.precision,
            "versions": {name: version(name) for name in MADE_BY},
            "cpu": [platform.machine(), self._core.get_property("CPU", "FULL_DEVICE_NAME")],
            "capabilities": sorted(self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")),
            "threads": torch.get_num_threads(),
        }

    def _compiled(self, height: int, width: int) -> Any:
        with self._compiling:
            if (height, width) not in self._in_memory:
                self._in_memory[height, width] = self._made(height, width)
                while len(self._in_memory) > 1 and sum(size for _, size in self._in_memory.values()) > IN_MEMORY_BYTES:
                    self._in_memory.popitem(last=False)
            self._in_memory.move_to_end((height, width))
            return self._in_memory[height, width][0]

    def _made(self, height: int, width: int) -> tuple[Any, int]:
        """The compiled network for images of that size, and how large it is, bytes. Where it does not give torch's
        features, torch takes its place."""
        name = named(self.identity | {"size": [height, width]})
        if content := self._kept.get(name):
            try:
                return self._core.import_model(BytesIO(content), "CPU", self.options), len(content)
            except RuntimeError as error:
                logger.warning("a compiled network could not be read (%s): it is made again", error)
        logger.info("%s is compiled for images of %d×%d px", self.spec.name, width, height)
        compiled = self._core.compile_model(self._converted(height, width), "CPU", self.options)
        image = probes.normalised(probes.good_and_bad(height, width)[1], self.spec)
        if self._checked and (apart := self._apart(compiled, image)) is not None:
            logger.warning("%s, compiled, is %s from torch's features: torch serves this size", self.spec.name, apart)
            return lambda batch: [self._by_torch(batch)], 0
        content = compiled.export_model().getvalue()
        self._kept[name] = content
        return compiled, len(content)

    def _apart(self, compiled: Any, image: NDArray[np.float32]) -> str | None:
        """How far a patch of the image lies from where torch sees it, if that is farther than allowed."""
        found, wanted = (parity.unit_rows(np.asarray(each)) for each in (compiled(image)[0], self._by_torch(image)))
        apart = float(np.max(1 - (found * wanted).sum(axis=1)))
        return None if apart <= parity.DISTANCE else f"{apart:.4f}"

    def _by_torch(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return self._reference.features(torch.from_numpy(image))[0].numpy()

    def _converted(self, height: int, width: int) -> openvino.Model:
        example = torch.zeros(1, 3, height, width)
        with torch.inference_mode():
            self._reference.features(example)  # what depends on the size alone is computed here, not in the network
        return converted(_Features(self._reference), example)

    @property
    def options(self) -> dict[str, object]:
        """With which networks are compiled."""
        return {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": "1",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "INFERENCE_PRECISION_HINT": HINTS[self.precision],
        }


@cache
def _core() -> openvino.Core:
    """One for the process, for good: each gives the thread that makes it a stack for signals, and one that goes before
    another one leaves a stack that is no more, at which the next signal would end the process."""
    return openvino.Core()


def converted(network: torch.nn.Module, example: torch.Tensor) -> openvino.Model:
    """The network for images of the example's shape."""
    with torch.no_grad():
        exported = torch.export.export(network, (example,))
    # The frontend itself: openvino.convert_model would ask whether it may report its use.
    pytorch = FrontEndManager().load_by_framework("pytorch")
    with _without_known_warning():
        decoder = TorchFXPythonDecoder.from_exported_program(exported)
    model = pytorch.convert(pytorch.load(decoder))
    model.reshape(list(example.shape))
    return model


def named(identity: dict[str, object]) -> str:
    """The name by which what was made so is kept."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


class _Features(torch.nn.Module):
    """A backbone as a module, which is what can be exported."""

    def __init__(self, backbone: TorchBackbone) -> None:
        super().__init__()
        self._backbone = backbone

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self._backbone.features(image)[0]


@contextmanager
def _without_known_warning() -> Iterator[None]:
    """At every conversion OpenVINO tells that its list of operations names one that torch no longer has."""
    root = logging.getLogger()
    root.addFilter(_is_news)
    try:
        yield
    finally:
        root.removeFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    return "not found in decomp table" not in str(record.msg)
