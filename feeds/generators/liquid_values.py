"""What the Liquid of a site's posts uses: data files, includes, values of the configuration.

`feeds init` proposes these, and no others, for ``[content]``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from feeds.generators.liquid_names import liquid_names
from feeds.generators.settings import SiteSettings
from feeds.generators.site_folder import SiteFolder, SitePost
from feeds.generators.values import value_at
from feeds.reading.liquid.state import GENERATORS
from feeds.reading.liquid.typed import typed
from feeds.text import one_line

_MAX_INCLUDES = 200
_MAX_CHARS = 2_000
_DATA_ENDINGS = (".yml", ".yaml", ".json", ".csv", ".tsv")
_KNOWN = frozenset(("title", "url", "baseurl", "description", "lang", "timezone", "data"))
"""Values of `site` that the other tables of feeds.toml give."""


def with_liquid(
    settings: SiteSettings, generator: str, posts: Iterable[SitePost], site: SiteFolder
) -> SiteSettings:
    """The settings with the data, the includes and the values that posts use."""
    if generator not in GENERATORS:
        return settings
    names = dict.fromkeys(name for post in posts for name in post.liquid)
    includes, data = "_includes", "_data"
    used = [name.removeprefix("include: ") for name in names if name.startswith("include: ")]
    has_includes = bool(used) and site.has_folder(includes)
    if has_includes:
        names |= dict.fromkeys(_names_of_includes(used, includes, site))
    files = {name.rpartition(".")[0] for name in site.names(data) if name.endswith(_DATA_ENDINGS)}
    roots = {name.partition(".")[0] for name in names}
    uses_data = any(name.startswith("site.data.") for name in names)
    if generator == "eleventy":
        uses_data = bool(roots & files)
    values = {} if generator == "eleventy" else dict(_site_values(names, settings.configuration))
    return replace(
        settings,
        includes=includes if has_includes else "",
        data=data if uses_data and site.has_folder(data) else "",
        site_values=values,
    )


def _names_of_includes(used: list[str], folder: str, site: SiteFolder) -> Iterator[str]:
    """The names in the includes that posts use, and in those that these use."""
    pending, seen = [*used], set[str]()
    while pending and len(seen) < _MAX_INCLUDES:
        name = pending.pop()
        if name in seen or ".." in name:
            continue
        seen.add(name)
        try:
            text = site.read(f"{folder}/{name}") or ""
        except (OSError, ValueError):
            continue
        for found in liquid_names(text):
            if found.startswith("include: "):
                pending.append(found.removeprefix("include: "))
            else:
                yield found


def _site_values(
    names: Iterable[str], configuration: Mapping[str, object]
) -> Iterator[tuple[str, object]]:
    """The values of the configuration that are named; those that TOML can hold."""
    tops = dict.fromkeys(name.split(".")[1] for name in names if name.startswith("site."))
    for top in sorted(tops):
        value = _plain(value_at(configuration, top))
        if top not in _KNOWN and value is not None and len(str(value)) <= _MAX_CHARS:
            yield top, value


def _plain(value: object) -> object:
    """A value without what TOML cannot hold; None if nothing is left."""
    if isinstance(value, str):
        return typed(one_line(value))
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, list):
        return [kept for item in value if (kept := _plain(item)) is not None]
    if isinstance(value, dict):
        pairs = ((str(name), _plain(item)) for name, item in value.items())
        return {name: kept for name, kept in pairs if kept is not None}
    return None
