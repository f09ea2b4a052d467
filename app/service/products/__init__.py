"""The products and their settings."""
