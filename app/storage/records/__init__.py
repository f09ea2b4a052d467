"""What was inspected, kept in a relational store: SQLite beside the disk store, or PostgreSQL."""
