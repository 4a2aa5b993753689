"""What a mirror is asked to hold, and the packages that takes."""
