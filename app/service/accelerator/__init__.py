"""What computes for all use cases: the one thread that may use the device, in pieces, and the loaded backbones."""
