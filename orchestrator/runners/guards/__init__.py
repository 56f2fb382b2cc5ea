"""The processes between a worker and a node: they keep the node's process tree in hand, and end it.

They are a program of their own (`nursery.py`) that imports nothing but the standard library and this folder, so that it
starts once and stays small.
"""
