"""A published feed -> the ids of its entries."""

from __future__ import annotations

import msgspec
from lxml import etree
from msgspec import Struct

from feeds.formats import Format

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)


class _Item(Struct):
    id: str = ""


class _JsonFeed(Struct):
    items: list[_Item] = []


def entry_ids(data: bytes, format_: Format) -> list[str]:
    """The ids of the entries of an Atom, RSS or JSON feed; empty if it cannot be parsed."""
    try:
        if not format_.is_xml:
            return [item.id for item in msgspec.json.decode(data, type=_JsonFeed).items]
        root = etree.fromstring(data, _PARSER)
    except (msgspec.MsgspecError, etree.XMLSyntaxError):
        return []
    ids = root.iterfind("{*}entry/{*}id"), root.iterfind("channel/item/guid")
    return [element.text or "" for elements in ids for element in elements]
