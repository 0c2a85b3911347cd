"""Names and addresses: slugs of terms, URLs of keys, tag URIs, patterns of file names.

layout/ has the keys of public documents.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import cache, lru_cache
from urllib.parse import quote, urljoin

from feeds.formats import FEED_LIST_OPML, FEED_LIST_PAGE, FEED_STYLE

PUBLIC = "public/"
STATE = "state/"

LIST_PAGE = FEED_LIST_PAGE.file
LIST_FILE = FEED_LIST_OPML.file
STYLE_FILE = FEED_STYLE.file

RESERVED = frozenset({"index", "archive", "con", "prn", "aux", "nul"})
_HASHED = re.compile(r"(?:^|-)[0-9a-f]{10}$")
_MAX_SLUG_BYTES = 80


def digest(text: str, length: int) -> str:
    """The first `length` hexadecimal digits of the SHA-256 of `text` in UTF-8."""
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.sha256(data).hexdigest()[:length]


def identity(name: str) -> str:
    """The name in NFC, case folded, with one space between words: equal for all its spellings."""
    folded = unicodedata.normalize("NFC", " ".join(name.split())).casefold()
    return unicodedata.normalize("NFC", folded)


@lru_cache(maxsize=4096)
def slug(name: str) -> str:
    """The folder name of a term: readable Unicode, safe in every path, one for each identity.

    Letters, marks, digits, ``_`` and ``-`` stay; other characters become ``-``. If that changes the
    name, ten digits of a hash of its identity follow, so that ``C`` and ``C++`` differ. A name that
    ends like such a hash gets one too, so that no name can imitate the slug of another.
    """
    normal = identity(name)
    short = plain_slug(name)
    if short and short == normal and short not in RESERVED and not _HASHED.search(short):
        return short
    return hashed_slug(name)


def plain_slug(name: str) -> str:
    """The letters, marks, digits, ``_`` and ``-`` of a name in lower case, ``-`` for all else.

    Names can share one: ``c`` is that of ``C`` and of ``C++``. It can be empty.
    """
    safe = "".join(c if _is_safe(c) else "-" for c in identity(name))
    short = re.sub("-{2,}", "-", safe).strip("-_")
    while len(short.encode()) > _MAX_SLUG_BYTES:
        short = short[:-1]
    return short


def hashed_slug(name: str) -> str:
    """The plain slug of a name, and ten digits of a hash of its identity."""
    short, hashed = plain_slug(name).strip("-_"), digest(identity(name), 10)
    return f"{short}-{hashed}" if short else hashed


def _is_safe(char: str) -> bool:
    return char in "-_" or unicodedata.category(char)[0] in "LMN"


def taxonomy_of(path: str) -> str:
    """The taxonomy of a feed's path; ``""`` for all posts."""
    return path.partition("/")[0]


def url(base: str, key: str) -> str:
    """The public URL of a key below the URL `base`; the key gets percent-encoded."""
    return base + quote(key, safe="/~")


def relative(here: str, there: str) -> str:
    """A relative reference (RFC 3986, 4.2) between two keys, both percent-encoded."""
    folders, target = here.split("/")[:-1], there.split("/")
    shared = 0
    while shared < min(len(folders), len(target) - 1) and folders[shared] == target[shared]:
        shared += 1
    return "../" * (len(folders) - shared) + "/".join(target[shared:])


def tag_uri(authority: str, key: str) -> str:
    """The tag URI (RFC 4151) of a key; `authority` is ``name,date`` or ``name,date:start``."""
    start = authority if ":" in authority else f"{authority}:"
    return f"tag:{start}{quote(key.encode('utf-8', 'surrogatepass'), safe='/')}"


def stem(key: str) -> str:
    """The file name in a key, without its ending."""
    name = key.rpartition("/")[2]
    head, dot, _ = name.rpartition(".")
    return head if dot and head else name


def matches(key: str, globs: tuple[str, ...]) -> bool:
    """Return whether a key matches a glob: ``*`` within a folder, ``**/`` any folders, ``?`` one
    character."""
    return bool(_pattern(globs).fullmatch(key))


@cache
def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    """Globs as one expression."""
    wildcards = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = (
        "".join(
            wildcards.get(piece) or re.escape(piece)
            for piece in re.split(r"(\*\*/|\*\*|\*|\?)", glob)
        )
        for glob in globs
    )
    return re.compile("|".join(f"(?:{part})" for part in parts) or r"(?!)", re.DOTALL)


def resolved(base: str, reference: str) -> str:
    """`reference` resolved against the URL `base` (RFC 3986, 5.2); unchanged if it is invalid."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference
