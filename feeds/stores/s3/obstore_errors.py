"""The errors of obstore -> the errors of this package.

obstore gives the status and the body of an error reply only in its messages. A message has two
parts: a sentence, and the error as Rust's `{:#?}` shows it. Only the second part is read: there, a
text is in quotes and has no line breaks, so that a key cannot look like a status.
"""

from __future__ import annotations

import re
from html import unescape

from feeds.errors import Conflict, Denied, StoreError, Unavailable
from feeds.stores.s3.replies import ObjectMissing, broken_reply, reply_error


class ByBoto3(StoreError):  # noqa: N818
    """obstore cannot do this request, and the server has not done it; boto3 can.

    `for_good` says whether the same is true of all requests to the bucket.
    """

    def __init__(self, message: str, for_good: bool) -> None:
        super().__init__(message)
        self.for_good = for_good


_STATUS = re.compile(
    r'^ *status: (\d{3}),\n *body: (?:Some\(\n *"(.*)",\n *\)|None),$', re.MULTILINE
)
_CODE = re.compile(r"<Code>([^<]*)</Code>")
_MESSAGE = re.compile(r"<Message>([^<]*)</Message>")
_ESCAPES = re.compile(r"\\(?:u\{([0-9a-f]+)\}|(.))")
_SIGNS = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}

_OTHER_REGION = frozenset(
    ("AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect")
)

# What the second part of a message has if there is no reply, and what that means.
_CAUSES = (
    (
        re.compile(r"\bUnknownIssuer\b|invalid peer certificate"),
        "the certificate of {server} is not trusted; "
        "set AWS_CA_BUNDLE to a file with the one that signed it",
    ),
    (re.compile(r"\bTimedOut\b|kind: Timeout"), "{server} did not answer in time; try again"),
    (
        re.compile(r"\bConnectionRefused\b"),
        "{server} refused the connection; check AWS_ENDPOINT_URL",
    ),
    (
        re.compile(r'"dns error"'),
        "{server} has no address; check AWS_ENDPOINT_URL and the region",
    ),
    (
        re.compile(r"\bIncompleteMessage\b|\bIncompleteBody\b|\bConnectionReset\b|\bBrokenPipe\b"),
        "the reply broke off ({server} closed the connection); try again",
    ),
    (
        re.compile(r"kind: Connect,"),
        "{server} cannot be reached; check AWS_ENDPOINT_URL and the network",
    ),
)


def translated(error: Exception, address: str, server: str) -> StoreError:
    """The error of this package for an error of obstore, or for a reply that is not whole.

    `address` is the object's, and `server` the URL of its server.
    """
    sentence, _, debug = str(error).rpartition("\n\nDebug source:\n")
    if found := _STATUS.search(debug):
        return _of_reply(int(found[1]), _unquoted(found[2] or ""), address)
    if "BareRedirect" in debug:
        return ByBoto3(f"{address}: the bucket is in another region", for_good=True)
    if "NotPartial" in debug:
        return ByBoto3(f"{address}: the store ignored the range of a read", for_good=False)
    for kind, name in ((FileNotFoundError, ObjectMissing), (PermissionError, Denied)):
        if isinstance(error, kind):
            return name(f"{address}: {sentence}")
    if by_name := _BY_NAME.get(type(error).__name__):
        return by_name(f"{address}: {sentence}")
    for pattern, what in _CAUSES:
        if pattern.search(debug):
            return Unavailable(f"{address}: {what.format(server=server)}")
    what = " ".join((sentence or str(error)).split())
    return broken_reply(address, what.rpartition("HTTP error: ")[2])


# These errors always have a status. If a version of obstore hides it, they must not be lost.
_BY_NAME: dict[str, type[StoreError]] = {
    "PermissionDeniedError": Denied,
    "UnauthenticatedError": Denied,
    "AlreadyExistsError": Conflict,
    "PreconditionError": Conflict,
}


def _of_reply(status: int, body: str, address: str) -> StoreError:
    code, message = (
        unescape(found[1]) if (found := element.search(body)) else ""
        for element in (_CODE, _MESSAGE)
    )
    # The reply to a HEAD has no body: S3 answers 400 if the bucket is in another region.
    if 300 <= status < 400 or code in _OTHER_REGION or (status == 400 and not body):
        return ByBoto3(f"{address}: the bucket is in another region", for_good=True)
    return reply_error(status, code, message, address)


def _unquoted(text: str) -> str:
    """The text in a quoted string of Rust."""
    return _ESCAPES.sub(
        lambda found: chr(int(found[1], 16)) if found[1] else _SIGNS.get(found[2], found[2]), text
    )
