"""An execution as people see it. Pure: no I/O, no clock, no randomness."""
