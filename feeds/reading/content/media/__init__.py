"""Media: balanced HTML as a page has it -> HTML that feed readers can show.

Start with readable.py. It replaces what only a browser with scripts shows: images that wait,
embedded pages, drawings and formulas.
"""
