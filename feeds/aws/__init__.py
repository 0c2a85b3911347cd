"""AWS: Lambda events -> messages to the publisher -> the batch response.

Open functions.py first: the three entry points. Code that would be the same in another cloud is in
other packages.
"""
