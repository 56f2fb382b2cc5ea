"""What lasts: the SQL store, the logs and the blobs. `opening.open_store` is the way in."""
