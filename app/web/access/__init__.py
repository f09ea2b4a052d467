"""Who looks at a page, and whether a form is theirs."""
