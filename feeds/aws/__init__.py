"""AWS: Lambda events -> messages to the publisher -> the batch response.

Open functions.py first: the three entry points. Nothing that is not AWS is here.
"""
