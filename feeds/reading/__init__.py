"""Reading: the key and the bytes of a post -> an entry, and problems to report.

Open post.py first: front matter, dates, links and terms. entry.py adds content and summary.
front_matter/ reads YAML, TOML and JSON; content/ renders Markdown and sanitises HTML. Pure: no
clock, no network, no storage.
"""
