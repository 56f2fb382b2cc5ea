"""The repository as executions use it: snapshots, workspaces, commits, merges, branches."""
