"""The full build: all posts of a store -> every document of the site.

Open site.py first. scan.py reads all posts, write.py writes the documents. The incremental
publisher must end with the same bytes.
"""
