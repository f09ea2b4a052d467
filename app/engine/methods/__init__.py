"""Detection methods: what each of them does otherwise than the others."""
