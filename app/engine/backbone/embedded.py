"""The embedded backbone: a fixed multi-scale local descriptor that needs no downloaded weights.

It is no network and has seen no photograph. Per 14-px patch it holds colour and the oriented contrast of five octaves,
each over three neighbourhoods; the correlations between them, measured once on drawn images, are divided out.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from app.engine.backbone.backbone import no_pause
from app.engine.backbone.spec import BackboneSpec
from app.engine.backbone.whitened import image_by_image, whitened
from app.engine.device.faiss_torch import torch
from app.errors import WeightsUnavailable

OCTAVES = 5
"""Gabor wavelengths of 4, 8, 16, 32 and 64 px."""

ORIENTATIONS = 6
NEIGHBOURHOODS = (1, 3, 5)
"""Sides, in patches, of the squares a patch is described over."""

COLOUR_SIGMA_PX = 6.0
SMALLEST_SIGMA_PX = 5.0
SIGMA_PER_STEP = 2.0
"""The pooling window of an octave in samples of that octave, where that is wider than `SMALLEST_SIGMA_PX`."""

AMPLITUDE_FLOOR = 0.005
"""What one grey level of camera noise leaves in a filter of unit norm: contrast below it is not described."""

WIDTH = len(NEIGHBOURHOODS) * (3 + OCTAVES * (ORIENTATIONS + 2)) + 1

_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


class EmbeddedBackbone:
    """Raw patch features without a network: local energies, whitened by fixed statistics."""

    engine = "torch"
    precision = "float32"

    def __init__(self, spec: BackboneSpec, tensors: Mapping[str, NDArray[np.float32]], device: str = "cpu") -> None:
        """`tensors` is the content of `models/embedded.safetensors`.

        `opponent` 3×3, `gabor` 12×1×9×9 (even and odd in turn), `mean` D−1, `whitening` (D−1)×(D−1).

        Raises:
            WeightsUnavailable: a tensor is missing or has another shape, or `spec` another width or patch size.
        """
        self.spec = spec
        self.pause = no_pause
        _refuse_other_tensors(spec, tensors)
        self._device = torch.device(device)
        placed = {name: torch.tensor(value, dtype=torch.float32, device=device) for name, value in tensors.items()}
        self._opponent, self._gabor = placed["opponent"], placed["gabor"]
        self._mean, self._whitening = placed["mean"], placed["whitening"]

    def extract(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """B×3×H×W RGB in 0..1 (H and W multiples of 14) to raw patch features B×N×D float32, row-major.

        Raises:
            GpuOutOfMemory: no GPU memory is left for an image.
        """
        return image_by_image(self._features, inputs, self._device)

    def _features(self, image: torch.Tensor) -> torch.Tensor:
        described = local_description(image, self._opponent, self._gabor, self.spec.patch_size, self.pause)
        return whitened(described, self._mean, self._whitening)


def local_description(
    image: torch.Tensor,
    opponent: torch.Tensor,
    gabor: torch.Tensor,
    patch_size: int = 14,
    pause: Callable[[], None] = no_pause,
) -> torch.Tensor:
    """Colour and log contrast of every patch over its neighbourhoods, N×(D−1), before whitening.

    `image` 1×3×H×W, RGB 0..1. Columns: for each neighbourhood, three opponent colours, then per octave the log
    amplitude of six orientations of brightness and of two colours. `pause` is called between the steps.
    """
    planes = torch.einsum("oc,bchw->bohw", opponent, image)
    size = (image.shape[2], image.shape[3])
    described = [_pool(planes, size, 1, COLOUR_SIGMA_PX, patch_size)]
    for octave in range(OCTAVES):
        step = 2**octave
        sigma_px = max(SMALLEST_SIGMA_PX, SIGMA_PER_STEP * step)
        energies = _pool(_energies(planes, gabor, pause), size, step, sigma_px, patch_size)
        described.append(torch.log(energies.clamp_min(0).sqrt() + AMPLITUDE_FLOOR))
        planes = _halved(planes)
    patches = torch.cat(described, dim=1)
    around = torch.cat([_neighbourhood_mean(patches, side) for side in NEIGHBOURHOODS], dim=1)
    return around[0].flatten(1).T


def _energies(planes: torch.Tensor, gabor: torch.Tensor, pause: Callable[[], None]) -> torch.Tensor:
    """Squared quadrature responses, 1×8×h×w: six orientations of brightness, then the mean over them of two colours."""
    energies = []
    for plane in _padded(planes.transpose(0, 1), gabor.shape[-1] // 2):
        pause()
        responses = torch.nn.functional.conv2d(plane[None], gabor)
        energies.append(responses[:, 0::2] ** 2 + responses[:, 1::2] ** 2)
    brightness, *colours = energies
    return torch.cat([brightness, *(colour.mean(1, keepdim=True) for colour in colours)], dim=1)


def _halved(planes: torch.Tensor) -> torch.Tensor:
    """Every second sample after a binomial blur: sample j lies where sample 2j was."""
    kernel = planes.new_tensor(_BINOMIAL)
    channels = _padded(planes.transpose(0, 1), 2)
    rows = torch.nn.functional.conv2d(channels, kernel[None, None, :, None], stride=(2, 1))
    return torch.nn.functional.conv2d(rows, kernel[None, None, None], stride=(1, 2)).transpose(0, 1)


def _padded(planes: torch.Tensor, by: int) -> torch.Tensor:
    mode = "reflect" if min(planes.shape[-2:]) > by else "replicate"
    return torch.nn.functional.pad(planes, (by, by, by, by), mode=mode)


def _pool(planes: torch.Tensor, size: tuple[int, int], step: int, sigma_px: float, patch_size: int) -> torch.Tensor:
    """Gaussian-weighted means around the patch centres; `step` is the planes' sample distance in px of `size`."""
    rows, columns = (
        _windows(length // patch_size, samples, step, sigma_px, patch_size).to(planes.device)
        for length, samples in zip(size, planes.shape[-2:], strict=True)
    )
    return rows @ planes @ columns.T


def _windows(patches: int, samples: int, step: int, sigma_px: float, patch_size: int) -> torch.Tensor:
    """patches×samples, each row a Gaussian around its patch centre that sums to 1."""
    centres_px = (torch.arange(patches) + 0.5) * patch_size - 0.5
    away_px = torch.arange(samples) * step - centres_px[:, None]
    weights = torch.exp(-(away_px**2) / (2 * sigma_px**2))
    return weights / weights.sum(1, keepdim=True)


def _neighbourhood_mean(patches: torch.Tensor, side: int) -> torch.Tensor:
    reach = side // 2
    padded = torch.nn.functional.pad(patches, (reach, reach, reach, reach), mode="replicate")
    return torch.nn.functional.avg_pool2d(padded, side, stride=1)


def _refuse_other_tensors(spec: BackboneSpec, tensors: Mapping[str, NDArray[np.float32]]) -> None:
    wanted = {
        "opponent": (3, 3),
        "gabor": (2 * ORIENTATIONS, 1, 9, 9),
        "mean": (WIDTH - 1,),
        "whitening": (WIDTH - 1, WIDTH - 1),
    }
    found = {name: tuple(value.shape) for name, value in tensors.items()}
    if found != wanted or spec.width != WIDTH:
        raise WeightsUnavailable(
            f"{spec.file} is not the file of this version's embedded backbone (D = {WIDTH}, tensors {wanted}; found "
            f"D = {spec.width}, tensors {found}). Reinstall the package, or run models/make_embedded.py."
        )
