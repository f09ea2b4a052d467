"""Image to tensor (ALGORITHM 1): bicubic resize, crop to whole patches, normalisation."""

from dataclasses import dataclass

import numpy as np
from PIL import Image as PillowImage

from app.engine.backbone.spec import BackboneSpec
from app.engine.device.faiss_torch import torch
from app.engine.options import Fit
from app.engine.types import Geometry, Grid, Image, ModelInput, Size
from app.errors import ImageTooLarge, ImageTooSmall

MAX_ASPECT_RATIO = 8.0
"""Beyond this the resized image would be many times the pixels that `smaller_edge` suggests."""

MAX_PATCHES = 20_000
"""Of one image. A 2:1 image at the largest `smaller_edge`, 1344 px, has 18,432 of 14 px; time and memory of a
transformer grow with the square of it."""


def resized_size(original: Size, smaller_edge: int) -> Size:
    """Size after the resize: the smaller edge becomes `smaller_edge`, the other `int(smaller_edge·long/short)`."""
    short, long = sorted((original.height, original.width))
    longer_edge = int(smaller_edge * long / short)
    if original.height <= original.width:
        return Size(smaller_edge, longer_edge)
    return Size(longer_edge, smaller_edge)


def geometry(original: Size, smaller_edge: int, patch_size: int, fit: Fit) -> Geometry:
    """Sizes of an image on its way to the backbone.

    `crop`: the resized image loses what is beyond its last whole patch. `whole`: both edges become the next larger
    number of whole patches, so that every pixel is in one; each edge grows by less than a patch.

    Raises:
        ImageTooSmall: no pixels to work on, or a strip so thin that it cannot be inspected.
        ImageTooLarge: more than `MAX_PATCHES` patches at this `smaller_edge`.
    """
    if min(original.height, original.width) < patch_size:
        raise ImageTooSmall(
            f"The image is {original.width}x{original.height} px; at least {patch_size} px on each side are needed. "
            "Send the photograph itself, not a thumbnail.",
            limit=patch_size,
        )
    if max(original.height, original.width) > MAX_ASPECT_RATIO * min(original.height, original.width):
        raise ImageTooSmall(
            f"The image is {original.width}x{original.height} px; its longer side is more than "
            f"{MAX_ASPECT_RATIO:g} times the shorter one. Cut it into several images."
        )
    resized = resized_size(original, smaller_edge)
    if fit == "whole":
        resized = Size(_whole(resized.height, patch_size), _whole(resized.width, patch_size))
    grid = Grid(resized.height // patch_size, resized.width // patch_size)
    if grid.patches > MAX_PATCHES:
        raise ImageTooLarge(
            f"The image of {original.width}x{original.height} px would have {grid.patches} patches at a smaller edge "
            f"of {smaller_edge} px; at most {MAX_PATCHES} are worked on. Lower smaller_edge, or cut the image.",
            limit=MAX_PATCHES,
        )
    cropped = Size(grid.rows * patch_size, grid.columns * patch_size)
    return Geometry(original, resized, cropped, grid)


def _whole(length: int, patch_size: int) -> int:
    return -(-length // patch_size) * patch_size


def preprocess(image: Image, smaller_edge: int, spec: BackboneSpec, fit: Fit) -> ModelInput:
    """Resize, crop and normalise an image (H×W×3 uint8) for a backbone; 3×h×w float32 out.

    Source: ALGORITHM 1.3 to 1.5, the authors' `prepare_image`.
    """
    sizes = geometry(Size(*image.shape[:2]), smaller_edge, spec.patch_size, fit)
    pixels = _resized(image, sizes.resized, fit)[: sizes.cropped.height, : sizes.cropped.width]
    tensor = pixels.transpose(2, 0, 1).astype(np.float32, order="C")
    tensor /= np.float32(255)
    tensor -= np.asarray(spec.mean, np.float32)[:, None, None]
    tensor /= np.asarray(spec.std, np.float32)[:, None, None]
    return ModelInput(pixels, tensor, sizes)


def normalised(pixels: torch.Tensor, spec: BackboneSpec) -> torch.Tensor:
    """B×h×w×3 uint8 pixels to what `preprocess` makes of each, B×3×h×w float32, on their device."""
    images = pixels.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format).div_(255)
    mean, std = (torch.tensor(each, device=pixels.device)[:, None, None] for each in (spec.mean, spec.std))
    return images.sub_(mean).div_(std)


def _resized(image: Image, size: Size, fit: Fit) -> Image:
    """Bicubic, a = −0.5, widened where the image shrinks. `crop` is as the authors do it, by Pillow. `whole`: the same
    kernel by torch, in a seventh of the time, with weights of 16 bits instead of 22: single pixels are a level off."""
    if fit == "crop":
        bicubic = PillowImage.Resampling.BICUBIC
        return np.asarray(PillowImage.fromarray(image).resize((size.width, size.height), bicubic))
    pixels = torch.from_numpy(np.require(image, requirements=["C", "W"]))[None].permute(0, 3, 1, 2)
    resized = torch.nn.functional.interpolate(pixels, (size.height, size.width), mode="bicubic", antialias=True)
    return resized[0].permute(1, 2, 0).numpy()


@dataclass(frozen=True, slots=True)
class UnseenEdge:
    """Pixels of the original at its right and at its bottom that no patch saw."""

    right_px: int
    bottom_px: int


def unseen_edge(geometry: Geometry) -> UnseenEdge | None:
    """What the crop to whole patches left out; None where the patches saw all of the image."""
    seen, original = covered(geometry), geometry.original
    return None if seen == original else UnseenEdge(original.width - seen.width, original.height - seen.height)


def covered(geometry: Geometry) -> Size:
    """The part of the original image, from the top left corner, that the patches saw."""
    original, resized, cropped = geometry.original, geometry.resized, geometry.cropped
    return Size(
        min(original.height, round(original.height * cropped.height / resized.height)),
        min(original.width, round(original.width * cropped.width / resized.width)),
    )
