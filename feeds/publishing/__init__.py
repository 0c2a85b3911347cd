"""The incremental protocol: messages -> records -> indexes -> documents -> list of feeds.

Open publisher.py first: the order of the levels, and which messages must be retried. Each level
has one writer: record_writer.py, index_writer.py, document_writer.py, feed_list_writer.py.
rebuild.py and audit.py go over everything; journal.py is for callers without a queue.
"""
