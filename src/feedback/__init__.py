"""From people's labels to a better version of a model."""
