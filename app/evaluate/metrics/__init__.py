"""Metrics of images and pixels (ALGORITHM 8)."""
