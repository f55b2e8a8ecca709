"""What a person looks at: the state of a machine, contact sheets."""
