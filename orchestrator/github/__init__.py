"""GitHub's API and payloads. PyGithub is imported here and nowhere else. Nothing here yet."""
