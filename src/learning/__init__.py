"""The networks, their data and their training. Nothing here knows of the database or the app."""
