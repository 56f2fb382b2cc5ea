"""Every way to run a node, and the supervision of its processes."""
