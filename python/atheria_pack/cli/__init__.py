"""The command line: a verb per file, each with its arguments, one call into the library, and its printing."""
