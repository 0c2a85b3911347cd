"""Documents: the entries of a feed -> the bytes of Atom, RSS, JSON Feed, HTML pages and OPML.

Open feed_documents.py first; the table of formats is feeds/formats.py. pagination.py cuts a feed
into a window and archive pages. Pure: no clock, no network, no storage.
"""
