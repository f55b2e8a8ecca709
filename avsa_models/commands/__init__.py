"""The commands of `avsa`: each parses, calls one function, and prints."""
