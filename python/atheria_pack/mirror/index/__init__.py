"""The indexes of a mirror: written from a table of records, and checked against each other."""
