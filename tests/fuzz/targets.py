"""Fuzz targets: functions that read any bytes and check the result with invariants.py.

They do not depend on the fuzzer, so that tests/test_properties.py can run each on its seeds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from support import hostile, invariants

from feeds.config_file.parse import parse_config
from feeds.reading.content.dialect import (
    ANY_DIALECT,
    ASTRO,
    DOCUSAURUS,
    ELEVENTY,
    HUGO,
    JEKYLL,
    PELICAN,
    ZOLA,
)
from feeds.reading.content.templates.mdx import without_mdx
from feeds.reading.liquid.render import rendered
from feeds.reading.liquid.state import has_liquid
from feeds.reading.post import read_post

ROOT = Path(__file__).parent.parent.parent
MAX_BYTES = 2_000
"""The size of the largest input that the fuzzer tries."""
SEED_BYTES = 300
"""The size to which hostile posts are cut."""


def front_matter(data: bytes) -> None:
    """Check any bytes as a post."""
    invariants.check_post(data, "_posts/2026-11-18-tea.md")


def body(data: bytes) -> None:
    """Check any content. The first byte selects the markup: even is Markdown, odd is HTML; and the
    dialect.
    """
    selector = data[0] if data else 0
    dialect = _DIALECTS[selector // 2 % len(_DIALECTS)]
    text = data[1:].decode("utf-8", "replace")
    if dialect is DOCUSAURUS:
        text = without_mdx(text)
    invariants.check_content(text, is_markdown=not selector % 2, dialect=dialect)


_DIALECTS = (ANY_DIALECT, JEKYLL, HUGO, PELICAN, ZOLA, ELEVENTY, DOCUSAURUS, ASTRO)
"""The dialect of a site without a generator is that of the bytes ``0`` and ``1``."""
_IN_DIALECTS = {
    JEKYLL: "a[^1]\n{: .b }\n\n[^1]: c\n\nd\n: e\n\n<div markdown=1>\n*f*\n</div>\n\n$$g_h$$",
    HUGO: "{{< img src=a alt=`b` >}}{{% box c %}}\n*d*\n{{% /box %}}{{</* e */>}}{{< youtube f >}}",
    PELICAN: "{% youtube a 640 %}\n[b]({static}/c.png)\n\n    :::python\n    d",
    ZOLA: "{{ youtube(id=\"a\") }}{% box(b='c') %}d{% end %}\n> [!NOTE]\n> {{/* e() */}}",
    DOCUSAURUS: "import A from 'a'\n\n:::note[B]\nc\n:::\n<A b={{c: 'd'}}>\n*e*\n</A>\n{/* f */}",
    ASTRO: "export const a = 1\n\n> [!TIP]\n> b :smile: https://c.example/",
}


def event(data: bytes) -> None:
    """Check any text as the body of an SQS message, and any JSON also as an event."""
    text = data.decode("utf-8", "replace")
    queued: object = {"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": text}]}
    invariants.check_event(queued, "s3://posts-example/posts/")
    try:
        direct = json.loads(text)
    except (ValueError, RecursionError):
        return
    invariants.check_event(direct, "s3://posts-example/posts/")


def liquid(data: bytes) -> None:
    """Check any text as the Liquid of a post of Jekyll: it is rendered, within the limits."""
    post = read_post(_KEY, b"---\ntitle: Tea\nwords: [a, b]\n---\n" + data, _NOW, _JEKYLL).post
    if post and has_liquid(post.body, _JEKYLL):
        text, _ = rendered(post, _JEKYLL)
        assert len(text) <= _JEKYLL.limits.content_bytes


_KEY = "_posts/2026-11-18-tea.md"
_NOW = datetime(2026, 11, 30, tzinfo=UTC)
_SITE = '[site]\ntitle = "A"\nurl = "https://a.example/"\n[posts]\ngenerator = "jekyll"\n'
_JEKYLL = parse_config(_SITE + "[content.site]\na = [1, { b = 2 }]\n")
_LIQUID = (
    "{{ page.title | upcase | append: site.a[0] }}",
    "{% if page.words contains 'a' %}x{% elsif b %}z{% else %}y{% endif %}",
    "{% for w in page.words limit:2 reversed %}{{ forloop.index }}{{ w }}{% endfor %}",
    "{% assign x = page.words | sort | push: 3 %}{{ x | jsonify }}",
    "{% raw %}{{ a }}{% endraw %}{% comment %}{% endcomment %}",
    "{% highlight ruby %}a{% endhighlight %}",
    "{% include a.html b='c' %}{% link a.md %}{% gist a/b %}",
    "{{- site.b -}} {% case 1 %}{% when 1, 2 %}a{% endcase %}",
    "{{ (1..3) | join }}{{ page.date | date: '%-d %B' }}",
    "{% capture y %}a{% endcapture %}{% cycle 'a', 'b' %}{% increment n %}",
    "{{ page.words | where_exp: 'w', 'w > 1' | group_by: 'a' | inspect | markdownify }}",
    "{% for a in (1..3) %}{% for b in (1..a) %}{{ forloop.parentloop }}{% endfor %}{% endfor %}",
    "{% tablerow w in page.words cols:2 %}{{ w }}{% endtablerow %}{% liquid echo 1 %}",
)

TARGETS = {"front-matter": front_matter, "content": body, "events": event, "liquid": liquid}


def seeds(target: str) -> Iterator[bytes]:
    """The first inputs of a target: posts and events of the tests and the examples."""
    if target == "events":
        for file in sorted((ROOT / "tests" / "events").glob("*.json")):
            yield file.read_bytes()
        return
    if target == "liquid":
        yield from (text.encode() for text in _LIQUID)
        return
    for file in sorted((ROOT / "examples").rglob("*.md")):
        yield file.read_bytes() if target == "front-matter" else b"0" + file.read_bytes()
    if target == "front-matter":
        yield b'+++\ntitle = "Tea"\ndate = 2026-11-01\n[extra]\nauthor = "Lin"\n+++\nText.\n'
        yield b'{"title": "Tea", "date": "2026-11-01", "tags": ["a", {"b": 1}]}\nText.\n'
        for case in hostile.FRONT_MATTER.values():
            yield hostile.data_of(case)[:SEED_BYTES]
        return
    yield (
        b"1<picture><source srcset='a 1x, b 2x'><img src=data:x data-src=c></picture><noscript>"
        b"<img src=d></noscript><iframe data-src=//e title=f></iframe><video><source src=g></video>"
        b"<math><mfrac><mi>x</mi><mn>3</mn></mfrac></math><svg><title>h</title></svg>"
    )
    for dialect, text in _IN_DIALECTS.items():
        yield bytes([2 * _DIALECTS.index(dialect)]) + text.encode()
    for first, group in ((b"0", hostile.MARKDOWN), (b"1", hostile.HTML)):
        for case in group.values():
            yield first + hostile.data_of(case).split(b"---\n", 2)[-1][:SEED_BYTES]
