"""The configurations of site generators: values and folders -> the settings of a site.

Each generator has a module, and perhaps others. feeds/generators/detect.py is the table.
"""
