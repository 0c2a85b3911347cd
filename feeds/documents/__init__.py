"""Documents: the entries of a feed -> the bytes of Atom, RSS, JSON Feed, HTML pages and OPML.

Open formats.py first: the table of formats. pagination.py cuts a feed into a window and archive
pages. Pure: no clock, no network, no storage.
"""
