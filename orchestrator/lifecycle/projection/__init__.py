"""What GitHub shows of an execution: kept the same as what is stored, within the budget of requests."""
