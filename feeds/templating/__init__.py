"""The template language of the pages and of the site's own shortcodes.

Open jinja.py first: it renders. jinja_syntax.py checks a template without values.
"""
