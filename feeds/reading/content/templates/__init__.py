"""Templates in a post: what its site generator reads before Markdown.

marks.py masks them, fill.py puts in what they become, shortcodes.py and values.py say what that is.
mdx.py is for MDX. Liquid has a package of its own (feeds/reading/liquid/).
"""
