"""Object storage: a key -> bytes, with conditional writes.

Open base.py first: the `Store` protocol. local.py, s3/ and memory.py implement it; addresses.py
opens the store at an address; conformance.py checks a store (`feeds doctor`).
"""
