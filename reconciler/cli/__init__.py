"""The command line: one file per command, a lazy table of them, and what they share."""
