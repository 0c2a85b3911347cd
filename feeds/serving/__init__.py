"""`feeds serve`: a web server for the built feeds, and a follower of changes in a folder.

Open web_server.py first.
"""
