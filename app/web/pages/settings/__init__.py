"""A product's settings."""
