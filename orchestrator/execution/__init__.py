"""What an execution does: states and the machine that moves them. Pure: no I/O, no clock, no randomness."""
