"""The static site, built incrementally."""
