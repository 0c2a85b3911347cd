"""Visibility: the fields of a post -> whether it is left out or locked (decision.py), by the table
of the fields that count (rules.py)."""
