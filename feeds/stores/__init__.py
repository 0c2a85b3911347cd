"""Object storage: a key -> bytes, with conditional writes.

Open base.py first: the `Store` protocol. addresses.py finds the store at an address; local.py,
s3.py and memory.py implement it; conformance.py checks a store (`feeds doctor`).
"""
