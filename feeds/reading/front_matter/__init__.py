"""Front matter: the bytes of a post -> its fields and its body.

Open parse.py first. It finds where the front matter starts and ends; formats.py,
yaml_format.py and plain_fields.py read it; yaml_repair.py repairs common mistakes in YAML.
"""
