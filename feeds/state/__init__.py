"""The private state: the stored objects of posts and feeds, their keys and their form.

Open objects.py first: the record of a post and the list of feeds. manifest.py is the index of one
feed; manifest_update.py and page_edit.py compute its changes (pure). state_store.py does
compare-and-swap: it reads an object, writes only over the version read, retries after a conflict.
"""
