"""The configuration: one struct for each table of feeds.toml, with the defaults.

docs/configuration.md describes each field; a test compares the two. config_file/ parses a Config
from text and checks it: URLs are absolute, time zones exist, limits are in range.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from feeds import paths
from feeds.formats import feed_formats
from feeds.layout.layout import Layout
from feeds.model import Person, Term
from feeds.site_generators import SITE_GENERATORS
from feeds.taxonomies import TAXONOMIES

ContentForm = Literal["full", "summary"]
MarkdownExtension = Literal[
    "alerts",
    "autolinks",
    "definition-lists",
    "directives",
    "emoji",
    "footnotes",
    "hard-breaks",
    "highlight",
    "inline-footnotes",
    "math",
    "smart",
    "subscript",
    "superscript",
    "wikilinks",
]
Visibility = Literal["publish", "leave-out", "lock"]
T = TypeVar("T")


class OneOf(NamedTuple):
    """Marks a text in feeds.toml that must be a name from a table."""

    names: Callable[[], Iterable[str]]
    """Returns the names, in the order of the error message."""


FormatName = Annotated[str, OneOf(feed_formats)]
GeneratorName = Annotated[str, OneOf(lambda: SITE_GENERATORS)]
TaxonomyName = Annotated[str, OneOf(lambda: TAXONOMIES)]


class Author(Struct, frozen=True, forbid_unknown_fields=True):
    """The author of the site, and of posts without an author."""

    name: str
    email: str = ""
    uri: str = ""


class Site(Struct, frozen=True):
    """[site]: the web site of the posts."""

    title: str
    url: str
    description: str = ""
    language: str = "en"
    timezone: str = "UTC"
    author: Author | None = None
    rights: str = ""
    icon: str = ""
    logo: str = ""


class Feeds(Struct, frozen=True):
    """[feeds]: the documents that are published, and their address."""

    url: str = ""
    formats: tuple[FormatName, ...] = ("atom", "rss", "json")
    limit: int = 50
    content: ContentForm = "full"
    taxonomies: tuple[TaxonomyName, ...] = ("category",)
    archives: bool = True
    pages: bool = True
    page_images: bool = False
    templates: str = ""
    hubs: tuple[str, ...] = ()


class PostRule(Struct, frozen=True):
    """[[posts.rules]]: what holds for some posts, if they do not say it themselves."""

    match: tuple[str, ...]
    permalink: str | None = None
    categories: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    authors: tuple[str, ...] | None = None
    language: str | None = None
    published: bool | None = None


class Posts(Struct, frozen=True):
    """[posts]: which objects are posts, and which of their fields are read."""

    generator: GeneratorName = ""
    include: tuple[str, ...] = ("**/*.md", "**/*.markdown", "**/*.html")
    exclude: tuple[str, ...] = ("category/**",)
    link_keys: tuple[str, ...] = (
        "source_url",
        "original_url",
        "external-url",
        "external_url",
        "canonical_url",
    )
    link_in_body: bool = True
    id: str = "tag"
    ids: dict[str, str] = {}
    id_from: Literal["key", "stem"] = "key"
    move_folders: tuple[str, ...] = ()
    folder: str = ""
    id_authority: str = ""
    permalink: str = ""
    rules: tuple[PostRule, ...] = ()
    languages: tuple[str, ...] = ()
    language_folders: Literal["others", "all", "none"] = "others"
    undated: Literal["modified", "skip"] = "modified"
    date_zone: str = ""
    date_keys: tuple[str, ...] = (
        "date", "publishDate", "published_at", "created_at", "pubDate", "publishedDate",
        "published_date",
    )  # fmt: skip
    publish_keys: tuple[str, ...] = (
        "publishDate", "pubDate", "publish", "published", "publishedDate", "published_at",
        "published_on", "publish_at", "publish_on", "publish_after", "date_published",
        "publication_date", "embargo", "embargo_until", "embargoed_until",
    )  # fmt: skip
    expiry_keys: tuple[str, ...] = (
        "expiryDate", "expiry", "expires", "expires_at", "expires_on", "expire", "expire_at",
        "expire_on", "expire_date", "expired_at", "date_expires", "expiration_date", "expiration",
        "unpublish", "unpublishDate", "unpublish_at", "unpublish_on", "valid_until",
    )  # fmt: skip
    visibility: dict[str, Visibility] = {}
    locked: Literal["summary", "leave-out"] = "summary"
    updated_keys: tuple[str, ...] = (
        "updated",
        "updated_at",
        "last_modified_at",
        "last_modified",
        "lastmod",
        "modified",
        "updatedDate",
        "lastModified",
        "dateModified",
    )
    category_keys: tuple[str, ...] = ("categories", "category", "taxonomies.categories", "topics")
    tag_keys: tuple[str, ...] = ("tags", "tag", "taxonomies.tags", "keywords")
    author_keys: tuple[str, ...] = ("authors", "author", "author_name")
    summary_keys: tuple[str, ...] = ("summary", "description", "excerpt", "deck")
    image_keys: tuple[str, ...] = ("image", "featured_image", "featured-image", "cover", "images")
    enclosure_keys: tuple[str, ...] = ("enclosure", "podcast", "audio")
    language_keys: tuple[str, ...] = ("lang", "language", "locale")


class Addresses(Struct, frozen=True):
    """[addresses]: where the documents of feeds are, and the pages that feeds are about."""

    files: dict[str, str] = {}
    feeds: dict[str, str] = {}
    slug: Literal["unique", "plain"] = "unique"
    slugs: dict[str, str] = {}
    pages: dict[str, str] = {}


class Categories(Struct, frozen=True):
    """[categories]: how categories are read, and their titles and descriptions."""

    split: bool | None = None
    default: str = ""
    title_from: str = ""
    titles: dict[str, str] = {}
    descriptions: dict[str, str] = {}
    content: dict[str, ContentForm] = {}


class Content(Struct, frozen=True):
    """[content]: what the content of an entry is made from."""

    lead_image: bool = False
    markdown: tuple[MarkdownExtension, ...] | None = None
    shortcodes: dict[str, str] = {}
    site: dict[str, Any] = {}
    data: str = ""
    includes: str = ""


class Limits(Struct, frozen=True):
    """[limits]: limits on the cost of one post; docs/security.md gives the reason for each."""

    post_bytes: int = 1_000_000
    front_matter_bytes: int = 16_384
    content_bytes: int = 1_500_000
    entry_bytes: int = 100_000
    copied_bytes: int = 2_000_000
    html_depth: int = 100
    html_work: int = 100_000_000_000
    liquid_work: int = 200_000
    markdown_work: int = 300_000
    terms: int = 100
    title_chars: int = 1_000
    summary_chars: int = 2_000


class Config(Struct, frozen=True, dict=True):
    """A valid configuration."""

    site: Site
    feeds: Feeds = field(default_factory=Feeds)
    posts: Posts = field(default_factory=Posts)
    addresses: Addresses = field(default_factory=Addresses)
    categories: Categories = field(default_factory=Categories)
    content: Content = field(default_factory=Content)
    limits: Limits = field(default_factory=Limits)
    theme: dict[str, str] = {}
    """The site's own templates and style sheets by file name; not a table of feeds.toml. theme.py
    reads them from the folder `feeds.templates`."""
    data: dict[str, str] = {}
    """The site's data files by path; not a table. reading/liquid/site_files.py reads them from the
    folder `content.data`."""
    includes: dict[str, str] = {}
    """The site's includes by path, from the folder `content.includes`; so too."""

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone of dates that name none."""
        return ZoneInfo(self.site.timezone)

    @cached_property
    def date_zone(self) -> ZoneInfo | None:
        """The time zone of dates in posts that name none; None: as the generator reads them."""
        return ZoneInfo(self.posts.date_zone) if self.posts.date_zone else None

    @cached_property
    def author(self) -> Person:
        """The author of the feeds; if `site.author` is not set, the site's title is the name."""
        author = self.site.author
        return Person(author.name, author.email, author.uri) if author else Person(self.site.title)

    @cached_property
    def layout(self) -> Layout:
        """Where the documents are."""
        addresses, feeds = self.addresses, self.feeds
        return Layout(
            addresses.feeds,
            addresses.files,
            main_format=next(iter(feeds.formats), ""),
            first=feeds.taxonomies,
            plain_slugs=addresses.slug == "plain",
            slugs=addresses.slugs,
        )

    @cached_property
    def title_of_path(self) -> dict[str, str]:
        """`categories.titles` by the path of the category's feed."""
        return self._by_path(self.categories.titles)

    @cached_property
    def description_of_path(self) -> dict[str, str]:
        """`categories.descriptions` by the path of the category's feed."""
        return self._by_path(self.categories.descriptions)

    @cached_property
    def content_of_path(self) -> dict[str, ContentForm]:
        """`categories.content` by the path of the category's feed."""
        return self._by_path(self.categories.content)

    def feed_paths(self, terms: Iterable[Term]) -> tuple[str, ...]:
        """The paths of the feeds of a post with these terms.

        They are ``""`` (all posts) and one for each term of an enabled taxonomy, in the order of
        `terms`.
        """
        enabled = self.feeds.taxonomies
        return ("", *(term.path for term in terms if term.taxonomy in enabled))

    def url(self, key: str) -> str:
        """The public URL of a key under the public root."""
        return paths.url(self.feeds.url, key)

    def _by_path(self, by_name: dict[str, T]) -> dict[str, T]:
        return {self.layout.term_path("category", name): value for name, value in by_name.items()}
