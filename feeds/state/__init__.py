"""The private state: what is stored of posts and feeds, under which keys, in which form.

Open objects.py first: the record of a post and the list of feeds. manifest.py is the index of one
feed; manifest_update.py and page_edit.py change it (pure). state_store.py is optimistic
concurrency: read, change, write only over the version that was read, retry on a conflict.
"""
