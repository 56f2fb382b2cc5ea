"""What the published GitHub Action runs."""
