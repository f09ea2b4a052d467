"""What sets a product's threshold."""
