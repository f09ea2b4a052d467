"""From what a bank version knows of good parts to a threshold, and from an image score to a verdict."""
