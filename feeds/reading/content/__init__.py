"""Content: the body of a post -> sanitised HTML with absolute URLs, and plain text.

Open clean_html.py first. markdown.py renders, tag_balancer.py closes open tags before nh3
sanitises, site_generator_tags.py removes Liquid and shortcodes, plain_text.py makes summaries.
"""
