"""What this machine has to build with, what is chosen of it, and why."""
