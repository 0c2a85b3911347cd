"""Feeds from posts in object storage: RSS, Atom and JSON Feed, right under any order of events.

The way of one upload through the package:

    events      a Lambda event             ->  keys to look at
    publish     all of this, in order:
    records     each key                   ->  a record      (post: frontmatter, links, content)
    indexes     each feed the record names ->  a manifest    (index: order, cuts; manifest: pages)
    public      each manifest              ->  documents     (render, jsonfeed, … of a View)
    listing     a feed that came or went   ->  the catalog   (feeds.html)

and of everything at once:

    scan        all posts                  ->  heads, and entries where a document needs them
    build       heads, entries             ->  every document: what publish must come to
    output      documents                  ->  a folder or a bucket

store is the only way to objects, s3 the only module that knows S3, paths the only one that makes
keys and addresses, config the only one that knows feeds.toml. docs/design.md tells the rest.
"""

__version__ = "0.1.0"
