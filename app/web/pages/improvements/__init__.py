"""Better banks, proposed from what people said."""
