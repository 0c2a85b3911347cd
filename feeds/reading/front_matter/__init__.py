"""Front matter: the bytes of a post -> its fields and its body.

Open parse.py first. It finds where the front matter starts and ends; formats.py,
yaml_format.py, plain_fields.py and html_head.py read it; yaml_repair.py repairs common mistakes in
YAML.
"""
