"""Liquid, the template language of Jekyll's and Eleventy's posts: a body -> its text.

Open render.py first. values.py has what templates can name, environment.py the language with its
limits, tags.py, filters.py and text_filters.py what Jekyll adds. site_files.py reads the site's
data and includes from disk. Only render.py and site_files.py are imported at the start: the others
need python-liquid, and most posts have no Liquid.
"""
