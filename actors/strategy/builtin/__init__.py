"""The strategies that come with the desk. Each is a model for one's own."""
