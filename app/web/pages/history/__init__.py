"""What was inspected: found, looked at, judged."""
