"""All products."""
