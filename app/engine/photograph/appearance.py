"""What a photograph looks like to no backbone. Apart from how it is measured, so that storage can keep it without
loading OpenCV."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Appearance:
    """`brightness`: mean grey level, `contrast`: its standard deviation, each 0..255.

    `sharpness`: energy of the second over that of the first differences of the smoothed grey image, 1/px²; contrast
    cancels out. `centroid_x`, `centroid_y`: where what differs from the usual grey level lies, as shares of width and
    height, 0..1 from the left and from the top; 0.5 where nothing differs.
    """

    brightness: float
    contrast: float
    sharpness: float
    centroid_x: float
    centroid_y: float
