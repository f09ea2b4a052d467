"""Changes: what is kept of them, and finding them."""
