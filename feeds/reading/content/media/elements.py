"""Says whether HTML has something for this package. It imports nothing: most posts have not."""

from __future__ import annotations

# fmt: off
PASSED = frozenset({
    "amp-anim", "amp-audio", "amp-iframe", "amp-img", "amp-video", "amp-vimeo", "amp-youtube",
    "embed", "iframe", "lite-vimeo", "lite-youtube", "math", "mjx-container", "noscript", "object",
    "param", "picture", "script", "svg", "vimeo-embed", "vimeo-video", "youtube-embed",
    "youtube-video",
})
"""The elements that the balancer lets through for this package; no feed has them."""
# fmt: on
# In lower case. Words that also occur elsewhere only cost the time of a pass that changes nothing.
_MARKS = (
    "<amp-",
    "<audio",
    "<embed",
    "<iframe",
    "<lite-",
    "<math",
    "<mjx-",
    "<noscript",
    "<object",
    "<picture",
    "<script",
    "<svg",
    "<video",
    "<vimeo-",
    "<youtube-",
    "katex",
    "mathjax",
    "mjx-",
    "mwe-math",
)  # fmt: skip
_MARKS_OF_IMAGES = (
    "srcset",
    " data-",
    "data:",
    "blob:",
    "lazy",
    "_src",
    "loadsrc",
    "original",
    "file=",
)


def has_media(source: str) -> bool:
    """Whether the HTML may have something that is to be replaced."""
    lowered = source.lower()
    return any(mark in lowered for mark in _MARKS) or (
        "<img" in lowered and any(mark in lowered for mark in _MARKS_OF_IMAGES)
    )
