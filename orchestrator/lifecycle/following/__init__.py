"""Following an execution from outside: until it has ended, has published, and GitHub shows it."""
