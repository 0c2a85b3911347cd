"""Feeds from posts in object storage."""

__version__ = "0.1.0"
