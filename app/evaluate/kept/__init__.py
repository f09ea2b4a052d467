"""What an evaluation leaves on the disk: rows, scores, pictures."""
