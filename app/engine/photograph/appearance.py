"""What a photograph looks like to no backbone. Apart from how it is measured, so that storage can keep it without
loading OpenCV."""

from dataclasses import dataclass

LEAST_DETAIL = 4.0
"""Grey levels. A photograph with less shows nothing: an even field, a gradient, noise. Measured in
`docs/accuracy.md`."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """`brightness`: mean grey level, `contrast`: its standard deviation, each 0..255.

    `sharpness`: energy of the second over that of the first differences of the smoothed grey image, 1/px²; contrast
    cancels out. `centroid_x`, `centroid_y`: where what differs from the usual grey level lies, as shares of width and
    height, 0..1 from the left and from the top; 0.5 where nothing differs. `detail`: deviation of the grey levels
    without noise and without slow shading: what the photograph shows; None where an earlier release measured it.
    """

    brightness: float
    contrast: float
    sharpness: float
    centroid_x: float
    centroid_y: float
    detail: float | None = None

    @property
    def is_featureless(self) -> bool:
        """Whether the photograph shows nothing that a part could be told by."""
        return (self.contrast if self.detail is None else self.detail) < LEAST_DETAIL
