"""Everything that listens on HTTP."""
