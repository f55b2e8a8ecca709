"""What is done with one file, outside of any workspace: turning its picture, asking where its sound comes from."""
