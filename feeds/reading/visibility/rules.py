"""The table of front matter fields that keep a post out of feeds, or lock its text.

docs/reading.md shows the table for people. decision.py applies it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise, product
from typing import Literal, NamedTuple

from feeds.reading.field_lookup import spelling
from feeds.reading.front_matter.formats import Value

Effect = Literal["publish", "preview", "lock", "leave-out"]
"""What feeds show of a post, the strictest last. *preview*: the public beginning of the text, if
the body marks one (feeds/reading/content/locked_text.py); else the same as *lock*."""


# --- values --------------------------------------------------------------------------------------

_EMPTY = frozenset(("", "null", "~", "nil", "undefined"))
_NO = frozenset(("false", "no", "off", "n", "0", "never", "none"))
_YES = frozenset(("true", "yes", "on", "y", "1"))

Values = Callable[[str], bool]
"""Returns whether a text, without spaces around it, counts."""


def any_value(text: str) -> bool:
    """Any value but an empty one and *no*: ``true``, ``yes``, ``1``, a password, a name."""
    return text.lower() not in _EMPTY | _NO


def no(text: str) -> bool:
    """*No* in any spelling: ``false``, ``no``, ``off``, ``0``, ``never``, ``none``."""
    return text.lower() in _NO


def is_yes(text: str) -> bool:
    """*Yes* in any spelling: ``true``, ``yes``, ``on``, ``1``."""
    return text.lower() in _YES


def one_of(*words: str) -> Values:
    """The whole value, or a part of it between commas, is one of these words, in the singular or
    the plural."""
    known = frozenset(map(spelling, words))

    def has_one(text: str) -> bool:
        parts = [spelling(part.strip()) for part in _COMMA.split(text)]
        return not known.isdisjoint((*parts, *(part.removesuffix("s") for part in parts)))

    return has_one


def with_word(*words: str) -> Values:
    """A word of the value is one of these: ``paid-members only``, ``membersOnly``.

    It does not count behind a word that denies it: ``non-members``, ``no login``.
    """
    return lambda text: any(
        word in words and before not in _DENIALS
        for form in (text, _HUMP.sub(" ", text))
        for part in _COMMA.split(form)
        for before, word in pairwise(("", *_words(part)))
    )


def with_readers(*words: str) -> Values:
    """As `with_word`, but not before *of*: ``members of parliament`` read other things too."""
    has_word = with_word(*words)
    return lambda text: has_word(_MEMBERS_OF.sub("", text))


def readers_except(*words: str) -> Values:
    """As `none_of`, but not for a date or another number: ``visible_to: 2027-01-01``."""
    is_other = none_of(*words)
    return lambda text: is_other(text) and not text[0].isdigit()


def _words(text: str) -> Iterator[str]:
    """The words of a text, in lower case and in the singular."""
    for word in re.findall(r"[a-z]+", text.lower()):
        yield (word.removesuffix("only") or word).removesuffix("s")


_COMMA = re.compile(r"[,;|+&:()]")
_DENIALS = ("non", "not", "no", "without")
_MEMBERS_OF = re.compile(r"[a-z]{1,30}[ ]of\b", re.IGNORECASE)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def none_of(*words: str) -> Values:
    """Any value that is not empty and none of these words."""
    return lambda text: text.lower() not in _EMPTY and spelling(text) not in words


def equal_to(value: str) -> Values:
    """The value, or another spelling of it; ``false`` is also ``no``."""
    for same in (_YES, _NO):
        if value.strip().lower() in same:
            return lambda text: text.lower() in same
    return lambda text: spelling(text) == spelling(value)


def texts_in(value: Value) -> Iterator[str]:
    """The texts in a value: itself, or the items of a list. A table that is on is ``table``."""
    if isinstance(value, str):
        yield " ".join(value.strip("\"' \t\n").split())  # not every format reads quotes
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    else:
        switches = (
            text for key in value if spelling(key) in _SWITCHES for text in texts_in(value[key])
        )
        inner = (text for item in value.values() for text in texts_in(item))
        if not any(map(no, switches)) and any(map(any_value, inner)):
            yield "table"


_SWITCHES = ("enable", "enabled", "active")


# --- the table -----------------------------------------------------------------------------------


class Condition(NamedTuple):
    """A field, under any of its names, has a value that counts."""

    names: tuple[str, ...]
    """The names, in one spelling each: `spelling` finds the others. A name may start with *is*.
    ``access.*`` is any field in the table ``access``."""
    values: Values
    """The values that count."""


class Rule(NamedTuple):
    """A row of the table."""

    effect: Effect
    conditions: tuple[Condition, ...]
    """They must all be met."""


def rule(effect: Effect, values: Values, *names: str) -> Rule:
    """A rule with one condition."""
    return Rule(effect, (Condition(names, values),))


def _joined(*parts: Iterable[str]) -> tuple[str, ...]:
    """Every name that has one of the words of each part, in this order."""
    return tuple("_".join(filter(None, words)) for words in product(*parts))


_FEED = ("feed", "feeds", "rss", "rss_feed", "atom", "json_feed")
_EXCLUDE = ("exclude", "excluded", "hide", "hidden", "omit", "skip", "ignore", "disable", "no")
_LISTS = (*_FEED, "list", "lists", "listing", "listings", "collections")
_INCLUDE = ("in", "include_in", "included_in", "show_in", "list_in", "listed_in", "visible_in")
_READERS = (
    "members", "member", "subscribers", "subscriber", "patrons", "supporters", "sponsors",
    "customers", "users", "paid", "premium", "login",
)  # fmt: skip
_KEY = ("login", "auth", "authentication", "membership", "subscription", "password", "payment")
_PUBLIC = (
    "public", "published", "publish", "visible", "everyone", "everybody", "all", "anyone",
    "any", "open", "free", "listed", "default", "normal", "live", "shown", *_YES,
)  # fmt: skip
_SECRET = ("private", "password", "protected", "encrypted", "locked", "secret", "internal")
_PAYING = (
    "member",
    "subscriber",
    "paid",
    "paying",
    "premium",
    "tier",
    "patron",
    "supporter",
    "sponsor",
    "customer",
    "registered",
    "restricted",
    "gated",
    "paywall",
    "founding",
)
_SIGNED_IN = ("subscription", "login", "authenticated", "staff", "employee")
_ACCESS = ("access", "access.*", "access_level")  # fmt: skip

_UNPUBLISHED = (
    "draft", "private", "unlisted", "skip", "skipped", "hidden", "pending", "unpublished",
    "trash", "never", "none",
)  # fmt: skip

_NOT_IN_SITEMAP = (
    Condition(("sitemap", *_joined(_INCLUDE, ("sitemap",)), "sitemap.include"), no),
    Condition(
        (*_joined(_EXCLUDE, ("", "from", "in"), ("sitemap",)), *_joined(("sitemap",), _EXCLUDE)),
        any_value,
    ),
)
_NOT_INDEXED = (
    Condition(("robots", "robots_meta", "meta_robots"), with_word("noindex", "none")),
    Condition(("noindex", "robots_noindex"), any_value),
    Condition(("robots.index", "index"), no),
)

RULES = (
    rule("leave-out", any_value, "draft"),
    rule("leave-out", no, "published", "publish", "public", "visible", "listed", "discoverable"),
    rule("leave-out", any_value, "unlisted", "private", "expired", "email_only"),
    rule("leave-out", any_value, "unpublished"),
    rule("leave-out", is_yes, "unpublish"),
    rule("leave-out", any_value, "hidden"),
    rule("leave-out", one_of(*_UNPUBLISHED), "status", "post_status"),
    rule(
        "leave-out",
        one_of("hidden", "unlisted", "draft", "unpublished", "false", "no", "off", "never", "none"),
        "visibility",
    ),
    # The post has no page: https://www.11ty.dev/docs/permalinks/
    rule("leave-out", no, "permalink"),
    # True, or from version 3 a list: https://www.11ty.dev/docs/collections/
    rule(
        "leave-out",
        one_of(*_YES, "all", "post", "blog", "article", *_FEED),
        "eleventyExcludeFromCollections",
    ),
    # https://gohugo.io/content-management/build-options/
    rule("leave-out", no, "build.list", "build.render"),
    # https://www.getzola.org/documentation/content/page/
    rule("leave-out", no, "render"),
    # https://gohugo.io/content-management/page-bundles/
    rule("leave-out", any_value, "headless"),
    *(
        Rule("leave-out", (sitemap, robots))
        for sitemap in _NOT_IN_SITEMAP
        for robots in _NOT_INDEXED
    ),
    rule("leave-out", no, *_FEED, "list", *_joined(_INCLUDE, _LISTS)),
    rule("leave-out", no, *_joined(_FEED, ("include", "enable", "enabled"))),
    rule("leave-out", no, *_joined(("enable", "show"), _FEED)),
    rule("leave-out", one_of(*_EXCLUDE, "disabled", "skipped"), *_FEED),
    rule("leave-out", one_of(*_FEED), *_joined(_EXCLUDE, ("", "from", "in"))),
    rule("leave-out", one_of(*_LISTS, "all"), *_joined(_EXCLUDE, ("from",))),
    rule("leave-out", any_value, *_joined(_EXCLUDE, _FEED), *_joined(_FEED, _EXCLUDE)),
    rule("leave-out", any_value, *_joined(_EXCLUDE, ("from", "in"), _LISTS)),
    rule("lock", any_value, "password", "passwords", "passphrase", "passwd", "pwd"),
    rule("lock", any_value, *_joined(("post", "page", "content", "protection"), ("password",))),
    rule("lock", any_value, "password_protected", "protected_content", "access.password"),
    rule("lock", any_value, "encrypted", "encrypt", "encryption", "protected", "protect"),
    rule("lock", any_value, "locked", "lock", "restricted", "confidential"),
    rule("lock", is_yes, "secret"),
    rule("lock", with_word(*_SECRET), "visibility", *_ACCESS, "audience", "visible_to"),
    # https://ghost.org/help/public-previews/: access may leave the beginning of a post public.
    rule("preview", none_of(*_PUBLIC), "visibility"),
    rule("preview", readers_except(*_PUBLIC), "visible_to"),
    rule("preview", with_word(*_PAYING, *_SIGNED_IN), *_ACCESS),
    rule("preview", with_readers(*_PAYING), "audience"),
    rule("preview", one_of("onlyfree"), "audience"),
    rule("preview", one_of("paid", "paying", "premium", "member", "subscriber"), "tier"),
    rule("preview", is_yes, "members"),
    rule("preview", any_value, *_joined(_READERS, ("only",))),
    rule("preview", any_value, "premium", "paid", "paywall", "paywalled", "gated"),
    rule("preview", any_value, *_joined(_KEY, ("required",))),
    rule("preview", any_value, *_joined(("require", "requires"), _KEY)),
    # https://schema.org/isAccessibleForFree
    rule("preview", no, "isAccessibleForFree"),
)
"""What closes a post, in the order in which reasons are given."""
