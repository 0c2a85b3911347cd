"""Content: the body of a post -> sanitised HTML with absolute URLs, and plain text.

Open render.py first: it has the steps. template_marks.py masks Liquid and shortcodes, markdown.py
renders, template_fill.py fills the masked marks in with what shortcodes.py makes of them,
tag_balancer.py closes open tags before clean_html.py sanitises. plain_text.py makes summaries.
"""
