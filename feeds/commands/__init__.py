"""The commands: each is a function whose arguments are what a person types."""
