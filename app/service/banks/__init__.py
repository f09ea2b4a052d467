"""The versions of a product's memory bank: which one serves, those in memory, how a new one is made."""
