"""Where a mirror lies."""
