"""Reads what packages really contain and compares it with what they say."""
