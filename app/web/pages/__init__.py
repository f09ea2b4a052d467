"""A folder for each page: what answers, its template, its style, its module."""
