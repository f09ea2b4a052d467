"""The light of a photograph, which takes no backbone to see. Apart from how it is measured, so that storage can keep it
without loading OpenCV."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Light:
    """Mean grey level and its standard deviation over the image, each 0..255."""

    brightness: float
    contrast: float
