"""The versions of a product's memory bank."""
