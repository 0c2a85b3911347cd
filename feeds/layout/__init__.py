"""The keys of published documents: a feed and a format -> a key, and back. No other package does.

layout.py has the keys, patterns.py the patterns of feeds.toml that they are made of.
"""
