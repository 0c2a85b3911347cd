"""Reading: the key and the bytes of a post -> an entry, and problems to report.

Open post.py first. It makes the id (in RSS, the guid), and the other fields with these modules:

    selection.py      which objects are posts; identity.py: which of them are one post or entry
    front_matter/     YAML, TOML or JSON -> fields
    field_lookup.py   a field by its name; field_values.py: what its value means
    dates.py          parses dates; publication_window.py: when a post appears and expires
    visibility/       whether it is left out or locked
    enclosure.py      the file that goes with it
    source_link.py    the link of the entry
    generators/       what a site generator decides: the page's address, what names of files say
    title.py          the title; terms.py: categories, tags, authors, language

entry.py adds content and summary, by post_content.py: liquid/ renders Liquid, content/ renders
Markdown and sanitises HTML. Pure: no clock, no network, no storage.
"""
