"""Feeds from posts in object storage: RSS, Atom and JSON Feed.

The way of one upload through the packages:

    aws          a Lambda event             ->  messages: keys to look at
    publishing   each key                   ->  a record of the post, the indexes of its feeds,
                                                their documents, the list of feeds
    reading      the bytes of a post        ->  an entry
    state        records and indexes        ->  stored objects, written by compare-and-swap
    documents    the entries of a feed      ->  Atom, RSS, JSON Feed, HTML, OPML
    stores       a key                      ->  bytes in a bucket or a folder

A full build (`building`) makes the same documents from all posts at once. `cli` is the command
line. CONTRIBUTING.md has the layout; docs/architecture.md the way of one upload.
"""

__version__ = "0.1.0"
