"""The calibration images of a product: taking them in, measuring them in each bank version, keeping that."""
