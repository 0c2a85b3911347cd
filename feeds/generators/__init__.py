"""Site generators: the configuration of a Jekyll, Hugo or Pelican site -> a feeds.toml.

Open detect.py first: the table of generators.
"""
