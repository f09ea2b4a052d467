"""From values to pages, in the languages that there are."""
