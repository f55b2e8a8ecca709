"""The stages of the line (download, validate, segment, build), the ledger that remembers them, and the runner."""
