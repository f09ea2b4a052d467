"""Foreground mask of an image, and the test that decides whether masks can be trusted (ALGORITHM 3)."""

from app.engine.masking.foreground import first_component, foreground_mask, scored_patches, trusted, trusted_range
from app.engine.masking.picture import preview
from app.engine.masking.verdict import ACCEPTED, masking_test
from app.engine.masking_verdict import MaskingVerdict

__all__ = [
    "ACCEPTED",
    "MaskingVerdict",
    "first_component",
    "foreground_mask",
    "masking_test",
    "preview",
    "scored_patches",
    "trusted",
    "trusted_range",
]
