"""Batches without references."""
