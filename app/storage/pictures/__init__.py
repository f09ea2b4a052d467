"""The pictures of inspections: photographs as sent and the maps of their patches, in a folder."""
