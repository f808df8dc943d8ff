"""The models that answer, and what the running app holds in memory."""
