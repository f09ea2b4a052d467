"""Photographs before any backbone: files to pixels, what they look like, pixels to tensors."""
