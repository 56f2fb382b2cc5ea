"""Executions without a server: records of them in a branch, and going on with one on any machine."""
