"""What verdicts and flags mean, and what to do."""
