"""Photographs as they come in and as they are kept, before anybody asks what for."""
