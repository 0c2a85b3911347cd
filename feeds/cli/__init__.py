"""The command line: `feeds COMMAND`.

Open main.py first. Each command has a module of its name; options.py and console.py are shared.
"""
