"""What an evaluation is asked to do."""
