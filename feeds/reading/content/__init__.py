"""Content: the body of a post -> sanitised HTML with absolute URLs, and plain text.

Open render.py first: it has the steps. templates/ masks Liquid and shortcodes, markdown.py
renders, and templates/ fills in what the masked marks become;
tag_balancer.py closes open tags before clean_html.py sanitises. plain_text.py makes summaries.
"""
