"""Looks at the posts of a site for what its configuration does not say: settings -> settings.

Each proposal has a reason, which is a comment in feeds.toml.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from feeds import paths
from feeds.config import Categories, Config, Posts, Site
from feeds.generators.earlier_feed.own_feed import with_slugs
from feeds.generators.liquid_values import with_liquid
from feeds.generators.settings import SiteSettings, Unknown, is_time_zone
from feeds.generators.shortcodes import with_shortcodes
from feeds.generators.site_folder import ALL_ENDINGS, SiteFolder, SitePost
from feeds.reading.dates import parse_datetime
from feeds.reading.field_values import split_commas, to_names, to_text
from feeds.reading.generators import jekyll
from feeds.reading.generators.base import dialect_of, generator_rules
from feeds.reading.selection import is_post
from feeds.reading.visibility.decision import decide_visibility
from feeds.site_generators import SITE_GENERATORS

_CATEGORY_FOLDERS = ("category", "categories", "_category", "_categories")


def generator_name(label: str) -> str:
    """The name of a generator in `posts.generator`; ``""`` if it has none."""
    named = (key for key, row in SITE_GENERATORS.items() if key and row.label == label)
    return next(named, "")


def with_proposals(settings: SiteSettings, site: SiteFolder) -> SiteSettings:
    """The settings with what the posts show: their number, categories, tags and links."""
    posts = site_posts(settings, site)
    settings = replace(
        settings,
        hidden_posts=sum(_is_hidden(post) for post in posts),
        post_count=len(posts),
    )
    if not posts:
        return settings
    settings = _with_whole_categories(settings, site)
    generator = generator_name(settings.generator)
    settings = with_liquid(settings, generator, posts, site)
    settings = with_shortcodes(settings, generator, dialect_of(_config(settings)), posts, site)
    return _with_link(_with_terms(_with_date_zone(settings, posts), posts), posts)


def site_posts(settings: SiteSettings, site: SiteFolder) -> list[SitePost]:
    """The posts of the site that can be read, at most 10,000."""
    config = _config(settings)
    start = len(settings.posts) + 1 if settings.posts != "." else 0
    folder = settings.posts if start else ""
    return site.read_posts(
        path for path in site.files(folder, ALL_ENDINGS) if is_post(path[start:], config)
    )


def _config(settings: SiteSettings) -> Config:
    """A configuration for reading the terms of the posts."""
    posts = Posts(generator=generator_name(settings.generator), folder=settings.posts)
    if settings.include:
        posts = replace(posts, include=settings.include)
    if settings.exclude:
        posts = replace(posts, exclude=settings.exclude)
    rules = tuple(item.rule for item in settings.rules)
    split = False if settings.keep_whole else None
    return Config(Site("", ""), posts=replace(posts, rules=rules), categories=Categories(split))


_ANY = Config(Site("", ""))


def _is_hidden(post: SitePost) -> bool:
    """Return whether only ``hidden: true`` keeps a post out of feeds."""
    return decide_visibility(post.metadata, _ANY).reason.startswith("hidden")


# --- categories and tags --------------------------------------------------------------------------


def _with_whole_categories(settings: SiteSettings, site: SiteFolder) -> SiteSettings:
    """The settings without splitting, if the site has a page for a category with a space."""
    if generator_name(settings.generator) != "jekyll":
        return settings
    for folder in _CATEGORY_FOLDERS:
        for path in site.files(folder):
            name = path.rpartition("/")[2].rpartition(".")[0]
            if len(name.split()) > 1:
                reason = f"{path} exists: a category there is a whole text, spaces and all."
                reasons = {**settings.reasons, "split": reason}
                return replace(settings, keep_whole=True, reasons=reasons)
    return settings


def _with_terms(settings: SiteSettings, posts: Sequence[SitePost]) -> SiteSettings:
    config = _config(settings)
    start = len(settings.posts) + 1 if settings.posts != "." else 0
    terms = []
    for post in posts:
        fields = replace(post, path=post.path[start:]).fields
        names = generator_rules(config).categories(fields, config)
        terms.append((names, split_commas(fields.value(config.posts.tag_keys))))
    settings = with_slugs(settings, {name for pair in terms for names in pair for name in names})
    tagged = sum(bool(tags) for _, tags in terms)
    if tagged and not any(names for names, _ in terms):
        reason = f"{tagged:,} of {len(posts):,} posts have tags, and none has a category."
        reasons = {**settings.reasons, "taxonomies": reason}
        return replace(settings, taxonomies=("tag",), reasons=reasons)
    if example := _named_by_tags(posts, terms):
        reason = f"Each category goes with exactly one tag, which is its name: {example}."
        reasons = {**settings.reasons, "title_from": reason}
        return replace(settings, title_from="tags", reasons=reasons)
    return settings


def _named_by_tags(posts: Sequence[SitePost], terms: Sequence[tuple[list[str], list[str]]]) -> str:
    """A category and the tag that is its name, if that is so for all; else ``""``.

    Each post that has one has both; there are several, and on average two posts of each. One post
    or one category of 50 may be an exception: on a large site, some are typing errors.
    """
    pairs: Counter[tuple[str, str]] = Counter()
    exceptions = 0
    for post, (names, tags) in zip(posts, terms, strict=True):
        titles = to_names(post.fields.value(("tags",)))
        if len(names) == len(titles) == 1:
            pairs[names[0], titles[0]] += 1
        elif names or tags:
            exceptions += 1
    title_of = {name: title for (name, title), _ in reversed(pairs.most_common())}
    exceptions += pairs.total() - sum(pairs[pair] for pair in title_of.items())
    repeats = len(title_of) - len(set(title_of.values()))
    if _is_many(exceptions, len(posts)) or _is_many(repeats, len(title_of)):
        return ""
    differing = [pair for pair in title_of.items() if pair[0].casefold() != pair[1].casefold()]
    if len(title_of) < 2 or len(posts) < 2 * len(title_of) or not differing:
        return ""
    name, title = max(differing, key=lambda pair: pairs[pair])
    return f"{name} is {title}"


def _is_many(exceptions: int, number: int) -> bool:
    return 50 * exceptions > number


# --- dates ----------------------------------------------------------------------------------------


def _with_date_zone(settings: SiteSettings, posts: Sequence[SitePost]) -> SiteSettings:
    """The settings with the zone of dates without one, where Jekyll takes UTC and posts do not.

    A post that has moved may have its zone in one place only: then the date says which it is.
    """
    zone = settings.timezone
    if generator_name(settings.generator) != "jekyll" or not is_time_zone(zone) or zone == "UTC":
        return settings
    dates = [(post.path, to_text(post.fields.first(Posts().date_keys)[1])) for post in posts]
    in_utc = {path: text for path, text in dates if jekyll.written_date(text) == f"{text} UTC"}
    names = {paths.stem(path): text for path, text in in_utc.items()}
    for path, text in dates:
        without = names.get(paths.stem(path), "")
        if path not in in_utc and without and _is_same_moment(text, without, zone):
            reason = (
                f"{without} and {text} are dates of one post, {paths.stem(path)}: dates without a "
                "zone are in the site's, although Jekyll takes those with seconds for UTC."
            )
            reasons = {**settings.reasons, "date_zone": reason}
            return replace(settings, date_zone=zone, reasons=reasons)
    if not in_utc:
        return settings
    what = f"the zone of dates like {next(iter(in_utc.values()))}, in {len(in_utc):,} posts"
    todo = f'date_zone = "{zone}" below [posts], if they are not in UTC, as Jekyll reads them'
    return replace(settings, unknown=(*settings.unknown, Unknown(what, todo)))


def _is_same_moment(text: str, without_zone: str, zone: str) -> bool:
    try:
        return parse_datetime(text, UTC) == parse_datetime(without_zone, ZoneInfo(zone))
    except ValueError:
        return False


# --- links ----------------------------------------------------------------------------------------


def _with_link(settings: SiteSettings, posts: Sequence[SitePost]) -> SiteSettings:
    """The settings with `link_in_body`: on if at least half of the posts end with a link."""
    ending = sum(post.ends_in_link for post in posts)
    is_usual = ending > 1 and 2 * ending >= len(posts)
    verb = "ends" if ending == 1 else "end"
    reason = f"{ending:,} of {len(posts):,} posts {verb} with a link that has a line to itself."
    reasons = {**settings.reasons, "link_in_body": reason}
    return replace(settings, link_in_body=is_usual, reasons=reasons)
