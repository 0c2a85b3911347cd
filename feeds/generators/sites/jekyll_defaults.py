"""Jekyll's front matter defaults -> rules for posts.

https://jekyllrb.com/docs/configuration/front-matter-defaults/
"""

from __future__ import annotations

from collections.abc import Iterable

from feeds.config import Config, PostRule, Posts, Site
from feeds.generators.settings import SiteRule
from feeds.generators.sites.field_rules import rule_of_fields
from feeds.generators.values import Values, as_field, first_text, tables, value_at
from feeds.reading.field_values import parse_bool
from feeds.reading.front_matter.formats import Value
from feeds.site_generators import SITE_GENERATORS

_CONFIG = Config(Site("", ""), posts=Posts(generator="jekyll", visibility={"hidden": "publish"}))


def default_rules(values: Values) -> Iterable[SiteRule]:
    """A rule for each of the `defaults` that says something feeds use; the strongest is last.

    Jekyll takes a value from the longest path, then from a scope that names a type.
    """
    found: list[tuple[tuple[int, bool], SiteRule]] = []
    for item in tables(value_at(values, "defaults") or []):
        path, kind = first_text(item, "scope.path").strip("/"), first_text(item, "scope.type")
        fields = as_field(value_at(item, "values"))
        match = _patterns(path, kind)
        if match and isinstance(fields, dict):
            rule = rule_of_fields(match, fields, _CONFIG, _permalink(fields))
            if rule != PostRule(match):
                where = " and ".join(
                    f"{name} {value}" for name, value in (("path", path), ("type", kind)) if value
                )
                reason = f"_config.yml: defaults of {where or 'all files'}"
                found.append(((len(path), bool(kind)), SiteRule(rule, reason)))
    return [rule for _, rule in sorted(found, key=lambda pair: pair[0])]


def _patterns(path: str, kind: str) -> tuple[str, ...]:
    """The patterns of the posts in a scope; none if the scope has no posts."""
    if kind in ("pages", "drafts"):
        return ()
    folder = f"_{kind}" if kind else ""
    if not path:
        return (f"**/{folder}/**" if kind == "posts" else f"{folder}/**" if kind else "**",)
    if path.endswith((".md", ".markdown", ".html")):
        return (path,)
    if kind and folder not in path.split("/"):
        return (f"{path}/**/{folder}/**",) if kind == "posts" else ()
    return (f"{path}/**",)


def _permalink(fields: dict[str, Value]) -> str:
    """The pattern in the field `permalink`; ``""`` if there is none."""
    value = fields.get("permalink", "")
    if not isinstance(value, str) or not value or parse_bool(value) is not None:
        return ""
    return value if value in SITE_GENERATORS["jekyll"].styles else "/" + value.lstrip("/")
