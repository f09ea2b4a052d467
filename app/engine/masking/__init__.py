"""The foreground mask of an image, and the test that tells whether masks can be trusted (ALGORITHM 3)."""
