"""The agent library: Markdown files with front matter, of the repository and those that ship."""
