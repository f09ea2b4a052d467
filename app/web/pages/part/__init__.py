"""A part over all its products and cameras."""
