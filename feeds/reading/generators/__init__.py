"""Site generators: how Jekyll, Hugo and others read a post from its key and its fields.

Open base.py first: what a generator decides. feeds/site_generators.py is the table.
"""
