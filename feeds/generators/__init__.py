"""`feeds init`: the configuration, the folders and the posts of a site -> a feeds.toml.

Open detect.py first: the table of generators. sites/ reads the configuration of each; proposals.py
looks at the posts; feeds_toml.py writes the file; report.py compares it with the site.
"""
