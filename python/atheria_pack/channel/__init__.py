"""Channels: the one packages are built against, and the one they are published to."""
