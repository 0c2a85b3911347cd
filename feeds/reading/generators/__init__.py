"""How a site generator reads a post: its key and fields -> title, date, terms, page.

Open base.py first: the rules without a generator. Each other module has the rules of one generator.
The table of generators is feeds/site_generators.py.
"""
