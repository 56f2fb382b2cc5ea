"""Processes and how they are woken: RQ workers, the control loop, the embedded Valkey, live events."""
