"""Definitions as commits of the repository have them, and what one commit changes in those of another."""
