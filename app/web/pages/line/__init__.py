"""The wall screen of a line."""
