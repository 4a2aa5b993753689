"""The page of a generation, for people with a browser."""
