"""One reader for each file format: whole, or refused."""
