"""The memory bank: rows, where each came from, exact nearest neighbours, each reference beside the others."""
