"""`mycelium init`: what a repository needs before its first execution."""
