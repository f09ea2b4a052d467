"""Frozen networks that turn images into patch features."""
