"""The library: where state lives, the tables, the logs and the lock."""
