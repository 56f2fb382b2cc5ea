"""What the published GitHub Action runs. Nothing here yet."""
