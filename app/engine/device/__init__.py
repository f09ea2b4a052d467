"""FAISS and torch, and the memory of a GPU."""
