"""The HTTP API, its middleware, and the endpoints for operators."""
