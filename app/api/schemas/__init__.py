"""The bodies and parameters of each resource."""
