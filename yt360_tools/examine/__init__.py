"""The examiner: what a file's picture and sound really are, with the evidence, and whether they serve."""
