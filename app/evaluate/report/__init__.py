"""What is told of an evaluation, and how two are compared."""
