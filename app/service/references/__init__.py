"""The references of a product: registering them, what may be wrong with them, their masking test."""
