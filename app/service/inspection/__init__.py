"""Inspecting one photograph, and watching whether they drift."""
