"""Templates in a post: what its site generator reads before Markdown.

marks.py masks them, fill.py puts in what they become, shortcodes.py and values.py say what that is.
known_shortcodes.py has those that many sites use; own.py and jinja.py are for those of one site,
mdx.py for MDX. Liquid has a package of its own (feeds/reading/liquid/).
"""
