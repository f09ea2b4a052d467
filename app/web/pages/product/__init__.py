"""A product: its references and its masking; deleting it."""
