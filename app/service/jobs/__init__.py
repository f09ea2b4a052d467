"""Work that callers come back for: batches without references."""
