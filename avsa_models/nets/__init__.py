"""The nets, each in one file."""
