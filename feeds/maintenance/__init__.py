"""Maintenance: compares everything that is stored, and publishes again what is missing or wrong.

Open audit.py first: what runs every night. rebuild.py publishes all posts. journal.py notes work
that was begun, so that neither loses the work of a killed process. All of them use a `Publisher`
(feeds/publishing/publisher.py), and run while workers publish.
"""
