"""What the published Action runs in a job of GitHub Actions; `action.yml` starts it, with inputs as environment."""
