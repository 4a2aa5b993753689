"""Reading channels that are mirrored."""
