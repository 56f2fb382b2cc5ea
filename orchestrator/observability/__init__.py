"""Metrics, traces and structured logs. Nothing here yet."""
