"""An HTML page as published -> the page that `feeds serve` sends: it reloads after a change.

The page gets one more script, of the server itself, and its Content-Security-Policy allows that
script and requests to the server. The published files stay as they are.
"""

from __future__ import annotations

import html
import re

SCRIPT_PATH = "/.feeds-serve/reload.js"
"""The path of the script. No document has such a key."""

SCRIPT = b"""\
// Asks once a second whether this page has another ETag, and loads it again then.
const seen = document.currentScript.dataset.etag;
setInterval(async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" });
    if (answer.ok && answer.headers.get("etag") !== seen) location.reload();
  } catch {
    // The server has stopped, or starts again.
  }
}, 1000);
"""

_POLICY = re.compile(
    rb"""(<meta\s+http-equiv=["']?Content-Security-Policy["']?\s+content=")([^"]*)(")""",
    re.IGNORECASE,
)
_END = re.compile(rb"</body\s*>\s*(?:</html\s*>\s*)?\Z|</html\s*>\s*\Z", re.IGNORECASE)


def live_page(page: bytes, etag: str) -> bytes:
    """The page with the script; `etag` is the ETag that the server sends with it."""
    script = f'<script src="{SCRIPT_PATH}" data-etag="{html.escape(etag)}"></script>\n'.encode()
    page = _POLICY.sub(_open_policy, page, count=1)
    end = _END.search(page)
    at = end.start() if end else len(page)
    return page[:at] + script + page[at:]


def _open_policy(match: re.Match[bytes]) -> bytes:
    """The policy of a page, which also allows scripts of the server and requests to it."""
    directives: dict[str, list[str]] = {}
    for part in html.unescape(match[2].decode()).split(";"):
        if words := part.split():
            directives.setdefault(words[0].lower(), words[1:])
    default = directives.get("default-src")
    for name in ("script-src", "connect-src"):
        allowed = directives.get(name, default)
        if allowed is not None:  # without both, the policy allows everything
            directives[name] = [source for source in allowed if source != "'none'"] + ["'self'"]
    if "script-src-elem" in directives:
        directives["script-src-elem"] = [*directives["script-src-elem"], "'self'"]
    policy = "; ".join(" ".join((name, *sources)) for name, sources in directives.items())
    return match[1] + html.escape(policy).encode() + match[3]
