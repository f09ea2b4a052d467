"""One photograph, and what is made of it."""
