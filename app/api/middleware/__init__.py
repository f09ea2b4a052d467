"""What sees every request before a route does."""
