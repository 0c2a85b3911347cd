"""The file feeds.toml: its text -> a Config (feeds/config.py), or all problems of the file.

Open parse.py first. checks.py has what the types of the fields cannot express; read.py reads the
file from disk, with the templates that it names.
"""
