"""Media: balanced HTML as a page has it -> HTML that feed readers can show.

Start with readable.py; elements.py says which HTML needs it. It replaces what only a browser with
scripts shows: images that wait, embedded pages, drawings and formulas.
"""
