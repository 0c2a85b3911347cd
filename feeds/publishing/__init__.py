"""The incremental protocol: messages -> records -> indexes -> documents -> list of feeds.

Open publisher.py first: it runs the levels in order and decides which messages must be retried.
Each level has one writer: record_writer.py, index_writer.py, feed_writer.py, feed_list_writer.py.
The last two write files through document_writer.py.
"""
