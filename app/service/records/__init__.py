"""What was inspected: reading the records."""
