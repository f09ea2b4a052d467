"""What the heatmap of an inspected image is drawn from, but for the photograph: kept, it draws the same at any time."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np

from app.engine.heatmap import Heatmap, HeatmapStyle, encode_png, heatmap, shown_size, with_text
from app.engine.masking.pixels import unseen_pixels
from app.engine.options import Profile
from app.engine.photograph.formats.png import png_text, read_png
from app.engine.types import Distances, Geometry, Grid, Image, Mask, Size
from app.engine.verdict.regions import region_mask
from app.engine.verdict.scoring import anomaly_map
from app.errors import InvalidRequest

HeatmapSize = Literal["map", "image"] | int
"""As the backbone saw the image, as the image is, or the smaller edge in px."""

KEYWORD, FORMAT = "Patch map", 1
PLANES = 3
MOST_PIXELS = 2**24


@dataclass(frozen=True, slots=True)
class PatchMap:
    """The patches of an image, in raster order (N): their `distances`, which were `scored`, and which are `in_region`;
    None: no threshold is known to tell regions by. `scale_max`: the anomaly map's value at the hot end of the colours.
    `smaller_edge`, px, and `bit_depth`: those of the bank, by which the photograph was decoded and scaled."""

    distances: Distances
    scored: Mask
    in_region: Mask | None
    geometry: Geometry
    profile: Profile
    scale_max: float
    smaller_edge: int
    bit_depth: int

    def drawn(self, image: Image, style: HeatmapStyle, size: HeatmapSize) -> Heatmap:
        """The heatmap of the image (H×W×3). InvalidRequest: a mask without regions."""
        edge = {"map": self.smaller_edge, "image": None}[size] if isinstance(size, str) else size
        # What is smaller than the backbone saw it is averaged down, so that no patch is passed over; so are the
        # authors'.
        at_once = self.profile == "robust" and size == "map"
        shown = shown_size(self.geometry.original, edge) if at_once else None
        inside = self.in_region if style in ("overlay", "mask") else None
        return heatmap(
            anomaly_map(self.distances, self.geometry, self.profile, shown),
            image,
            self.scale_max,
            style=style,
            smaller_edge=edge,
            regions=None if inside is None else region_mask(inside, self.geometry, self.profile),
            unseen=unseen_pixels(self.scored, self.geometry),
        )

    def png(self) -> bytes:
        """As 16-bit grey PNG: the grid three times, one below the other. The upper and the lower 16 bits of each
        distance (float32), so that it comes back to the bit, infinite ones too; then 1 where it was scored, 2 added in
        a region. The rest is in a tEXt chunk, in JSON."""
        bits = np.ascontiguousarray(self.distances, np.float32).view(np.uint32)
        marks = self.scored + np.uint32(2) * (0 if self.in_region is None else self.in_region)
        planes = np.concatenate([bits >> 16, bits & 0xFFFF, marks]).astype(np.uint16)
        picture = planes.reshape(PLANES * self.geometry.grid.rows, self.geometry.grid.columns)
        told = {name: getattr(self, name) for name in ("profile", "scale_max", "smaller_edge", "bit_depth")}
        regions = self.in_region is not None
        text = json.dumps({"format": FORMAT, "regions": regions, "geometry": asdict(self.geometry)} | told)
        return with_text(encode_png(picture), KEYWORD, text)

    @classmethod
    def of_png(cls, data: bytes) -> Self:
        """ValueError for what is no such PNG, or a damaged one."""
        try:
            told = json.loads(png_text(data, KEYWORD.encode()) or b"{}")
            picture = read_png(data, MOST_PIXELS).samples[:, :, 0]
            if told.pop("format") != FORMAT:
                raise ValueError("another release has written it")
            high, low, marks = picture.astype(np.uint32).reshape(PLANES, -1)
            regions, geometry = told.pop("regions"), _geometry(told.pop("geometry"))
            distances = (high << 16 | low).view(np.float32)
            in_region = (marks & 2) > 0 if regions else None
            return cls(distances, (marks & 1) > 0, in_region, geometry, **told)
        except (InvalidRequest, KeyError, TypeError, IndexError) as error:
            raise ValueError(f"no patch map: {error}") from error


def _geometry(told: dict[str, Any]) -> Geometry:
    original, resized, cropped = (Size(**told[name]) for name in ("original", "resized", "cropped"))
    return Geometry(original, resized, cropped, Grid(**told["grid"]))
