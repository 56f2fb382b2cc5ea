"""The life of an execution, over the ports in `ports/`."""
