"""One attempt at a node run, carried out by a worker: workspace, task, agent, commit, artifacts, outputs."""
