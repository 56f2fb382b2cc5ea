"""What a workflow is. Pure: no I/O, no clock, no randomness."""
