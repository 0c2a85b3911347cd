"""What readers see of images that wait, embeds, drawings and formulas.

The inputs are of the form that the named programs write.
"""

from __future__ import annotations

import random
import re

import pytest
from support.sites import settings
from support.written import entry, fields

from feeds.config import Limits
from feeds.reading.content.clean_html import _BALANCED
from feeds.reading.content.media.readable import readable_media
from feeds.reading.content.render import Place, render
from feeds.reading.content.tag_balancer import TAG, balance

PAGE = "https://news.example.com/2026/tea.html"
SITE = "https://news.example.com"


def shown(body: str) -> str:
    return render(body, Place(PAGE), Limits(), is_markdown=False).html


def images(body: str) -> list[str]:
    """The paths of the images in the content of a body."""
    return [src.removeprefix(SITE) for src in re.findall(r'<img src="([^"]*)"', shown(body))]


# Images

REAL = {
    "lazysizes": '<img class="lazyload" src="/img/placeholder.gif" data-src="/a.jpg">',
    "jQuery Lazy Load": '<img class="lazy" data-original="/a.jpg" src="/img/grey.gif">',
    "WP Rocket": '<img src="data:image/svg+xml,%3Csvg%3E" data-lazy-src="/a.jpg" alt="">'
    '<noscript><img src="/a.jpg" alt=""></noscript>',
    "Autoptimize": '<noscript><img src="/a.jpg"></noscript>'
    '<img class="lazyload" src="data:image/svg+xml,x" data-src="/a.jpg">',
    "Cloudflare Mirage": '<img data-cfsrc="/a.jpg" style="display:none;visibility:hidden">'
    '<noscript><img src="/a.jpg"></noscript>',
    "Zhihu": '<img src="data:image/svg+xml;utf8,x" data-actualsrc="/a.jpg">',
    "NitroPack": '<img src="data:image/svg+xml;base64,x" nitro-lazy-src="/a.jpg">',
    "Discuz": '<img src="static/image/common/none.gif" file="/a.jpg">',
    "only a noscript": '<noscript class="lazyload"><img src="/a.jpg"></noscript>',
    "a placeholder and a noscript": '<img src="/img/blank.gif"><noscript><img src="/a.jpg">'
    "</noscript>",
    "a placeholder in a link": '<a href="/x"><img src="data:image/gif;base64,R0l"></a>'
    '<noscript><a href="/x"><img src="/a.jpg"></a></noscript>',
    "gatsby-image": '<div><img aria-hidden="true" src="data:image/jpeg;base64,x"><picture>'
    '<source type="image/webp" data-srcset="/a.webp 800w"><img data-src="/a.jpg"></picture>'
    '<noscript><picture><source type="image/webp" srcset="/a.webp 800w"><img src="/a.jpg">'
    "</picture></noscript></div>",
    "AMP": '<amp-img src="/a.jpg" width="4" height="3"><noscript><img src="/a.jpg"></noscript>'
    "</amp-img>",
    "Shopify": '<img src="/a.jpg" data-src="/a_{width}x.jpg" data-widths="[180, 360]">',
    "data-srcset beside a blurred image": '<img src="/a-blur.jpg" data-srcset="/a.jpg 900w">',
    "a picture": '<picture><source srcset="/a.avif" type="image/avif"><img src="/a.jpg"></picture>',
    "a picture in a format that readers know": '<picture><source srcset="/a.avif" '
    'type="image/avif"><source srcset="/a.jpg" type="image/jpeg"><img alt=""></picture>',
    "an object": '<object data="/a.svg" type="image/svg+xml"><img src="/a.jpg"></object>',
    "srcset with commas in addresses": '<img srcset="/w_1,c_fill/b.jpg 400w,/a.jpg 800w">',
    "a pixel that counts readers": '<img src="/a.jpg"><noscript><img height="1" width="1" '
    'style="display:none" src="https://tracker.example/tr?id=1"></noscript>',
    "a name that only looks like a placeholder": '<img src="/a.jpg" data-original-title="A. b">',
}


@pytest.mark.parametrize("program", REAL)
def test_an_image_that_waits_is_shown_once(program: str) -> None:
    assert images(REAL[program]) == ["/a.jpg"]


SRCSETS = {
    "/s.jpg 480w, /m.jpg 960w, /l.jpg 1600w, /xl.jpg 4000w": "/l.jpg",
    "/xl.jpg 4000w, /l.jpg 2000w": "/l.jpg",  # all are large: the smallest
    "/s.jpg, /m.jpg 2x, /l.jpg 4x": "/m.jpg",
    "/s.jpg 1x,/m.jpg 1.5x": "/m.jpg",
    "/s.jpg": "/s.jpg",
    "data:image/gif;base64,R0lGOD 1w, /s.jpg 480w": "/s.jpg",
}


@pytest.mark.parametrize(("srcset", "best"), SRCSETS.items())
def test_the_largest_sensible_image_of_a_srcset_is_shown(srcset: str, best: str) -> None:
    assert images(f'<img srcset="{srcset}" sizes="50vw">') == [best]


def test_an_image_with_an_address_keeps_it() -> None:
    assert images('<img src="/a.jpg" srcset="/a.jpg 800w, /a2.jpg 1600w">') == ["/a.jpg"]
    assert images('<img src="/loading-dock.jpg" alt="The loading dock">') == ["/loading-dock.jpg"]


def test_a_thumbnail_gives_way_to_the_larger_image_of_its_srcset() -> None:
    assert images('<img src="/t.jpg" srcset="/t.jpg 20w, /a.jpg 800w">') == ["/a.jpg"]


def test_two_images_that_wait_are_both_shown() -> None:
    pair = '<img src="data:image/gif,x"><noscript><img src="/{}.jpg"></noscript>'
    assert images(pair.format(1) + pair.format(2)) == ["/1.jpg", "/2.jpg"]


def test_the_text_and_the_size_of_an_image_stay() -> None:
    image = '<img src="data:," data-src="/a.jpg" alt="A &quot;b&quot;" width="8" height="6">'
    assert shown(image) == (f'<img src="{SITE}/a.jpg" alt="A &quot;b&quot;" width="8" height="6">')


def test_the_size_of_a_placeholder_is_not_that_of_the_image() -> None:
    image = '<img src="/spacer.gif" width="1" height="1" data-src="/a.jpg">'
    assert shown(image) == f'<img src="{SITE}/a.jpg">'


# Drawings

DRAWINGS = {
    '<svg role="img" aria-label="A chart"><path d="M0 0"/></svg>': "A chart",
    "<svg><title>Tea &amp; trade</title><path/></svg>": "Tea &amp; trade",
    '<svg aria-hidden="true"><title>Link</title></svg>': "",
    "<svg><g><title>node 1</title></g></svg>": "",  # Graphviz names every part so
}


@pytest.mark.parametrize(("drawing", "text"), DRAWINGS.items())
def test_a_drawing_becomes_its_title_or_label(drawing: str, text: str) -> None:
    assert shown(f"<p>x{drawing}y</p>") == f"<p>x{text}y</p>"


# Embeds

STILL = (
    '<img src="https://img.youtube.com/vi/dQw4w9WgXcQ/hqdefault.jpg" alt="" width="480" '
    'height="360">'
)
WATCH = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
YOUTUBE = "https://www.youtube.com/embed/dQw4w9WgXcQ"
NO_COOKIE = "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ"
MAP = f'<p><a href="{SITE}/map.html">The map</a></p>'
FILM = f'<p><a href="{WATCH}">{STILL}<br>Keynote</a></p>'
EMBEDS = {
    '<iframe src="/map.html" title="The map"></iframe>': MAP,
    '<iframe data-src="/map.html" aria-label="The map"></iframe>': MAP,
    '<iframe src="about:blank" data-litespeed-src="/map.html" title="The map"></iframe>': MAP,
    '<iframe data-cookieblock-src="/map.html" title="The map"></iframe>': MAP,
    '<iframe src="/map.html" title="The map" />': MAP,  # JSX
    '<object data="/map.html" title="The map"><p>No map.</p></object>': MAP,
    '<embed src="/map.html" title="The map">': MAP,
    '<iframe src="about:blank" data-lazy-src="/map.html" title="The map"></iframe><noscript>'
    '<iframe src="/map.html" title="The map"></iframe></noscript>': MAP,
    "<iframe srcdoc=\"<a href='https://news.example.com/map.html'>x</a>\" title='The map'>"
    "</iframe>": MAP,
    "<object><p>No map.</p></object>": "<p>No map.</p>",
    '<noscript><iframe src="https://www.googletagmanager.com/ns.html?id=G" height="0" width="0" '
    'style="display:none;visibility:hidden"></iframe></noscript>': "",
    '<a href="https://a.example/"><iframe src="/map.html" title="The map"></iframe></a>': (
        '<a href="https://a.example/">The map</a>'
    ),
    '<iframe src="javascript:x()" data-src="data:text/html,x"></iframe>': "",
    f'<iframe src="{YOUTUBE}" title="Keynote"></iframe>': FILM,
    f'<iframe src="{NO_COOKIE}?rel=0" title="Keynote"></iframe>': FILM,
    '<object width="425"><param name="movie" value="https://www.youtube.com/v/dQw4w9WgXcQ&hl=en">'
    '<embed src="https://www.youtube.com/v/dQw4w9WgXcQ&hl=en"></object>': (
        f'<p><a href="{WATCH}">{STILL}<br>{WATCH}</a></p>'
    ),
    '<lite-youtube videoid="dQw4w9WgXcQ" playlabel="Play: Keynote"></lite-youtube>': FILM,
    '<amp-youtube data-videoid="dQw4w9WgXcQ" title="Keynote"></amp-youtube>': FILM,
    f'<iframe src="{YOUTUBE}?start=30" title="Keynote"></iframe>': FILM.replace(
        WATCH, WATCH + "&amp;t=30"
    ),
    # Not the numbers of films
    '<iframe src="https://www.youtube.com/embed/videoseries?list=PL1" title="All"></iframe>': (
        '<p><a href="https://www.youtube.com/embed/videoseries?list=PL1">All</a></p>'
    ),
    '<iframe src="//player.bilibili.com/player.html?bvid=BV1&page=1"></iframe>': (
        '<p><a href="https://player.bilibili.com/player.html?bvid=BV1&amp;page=1">'
        "https://player.bilibili.com/player.html?bvid=BV1&amp;page=1</a></p>"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("embed", "link"), EMBEDS.items())
def test_an_embed_becomes_a_link_with_its_title_and_picture(embed: str, link: str) -> None:
    assert shown(embed) == link


def test_a_player_stays_with_a_link_for_readers_that_do_not_play() -> None:
    film = '<video data-src="/a.mp4" poster="/a.jpg" autoplay title="Tea">No video.</video>'
    assert shown(film) == (
        f'<video controls="" src="{SITE}/a.mp4" poster="{SITE}/a.jpg">'
        f'<a href="{SITE}/a.mp4"><img src="{SITE}/a.jpg" alt=""><br>Tea</a></video>'
    )
    sound = '<audio><source data-src="/a.ogg" type="audio/ogg">No audio.</audio>'
    assert shown(sound) == (
        f'<audio controls=""><source src="{SITE}/a.ogg" type="audio/ogg">'
        f'<a href="{SITE}/a.ogg">{SITE}/a.ogg</a></audio>'
    )


def test_the_empty_picture_that_ghost_gives_its_films_is_not_shown() -> None:
    spacer = "https://img.spacergif.org/v1/1280x720/0a/spacer.png"
    assert "spacer" not in shown(f'<video src="/a.mp4" poster="{spacer}" loop muted></video>')


def test_a_player_without_an_address_shows_its_fallback() -> None:
    film = '<video src="blob:x"><p>See <a href="/a">it</a>.</p></video>'
    assert shown(film) == f'<p>See <a href="{SITE}/a">it</a>.</p>'


@pytest.mark.parametrize("name", ["video", "audio", "object", "picture", "lite-youtube"])
def test_what_follows_an_element_that_is_never_closed_is_not_lost(name: str) -> None:
    result = shown(f'<p><{name} src="/a" videoid="x"></p><p>Tea.</p>')
    assert result.endswith("<p>Tea.</p>")


def test_a_summary_skips_players_and_films() -> None:
    film = f'<iframe src="{YOUTUBE}" title="Keynote"></iframe>\n\n<video src="/a.mp4"></video>\n\n'
    assert entry(fields("date: 2026-11-01", f"{film}The tea is in.")).summary == "The tea is in."


# Formulas

QUADRATIC = (
    "<math><mi>x</mi><mo>=</mo><mfrac><mrow><mo>−</mo><mi>b</mi><mo>±</mo><msqrt><msup><mi>b</mi>"
    "<mn>2</mn></msup><mo>−</mo><mn>4</mn><mo>&#x2062;</mo><mi>a</mi><mo>&#x2062;</mo><mi>c</mi>"
    "</msqrt></mrow><mrow><mn>2</mn><mi>a</mi></mrow></mfrac></math>"
)
KATEX = (
    '<span class="katex"><span class="katex-mathml">'
    '<math xmlns="http://www.w3.org/1998/Math/MathML"'
    "{}><semantics><mrow><mi>x</mi><mo>&lt;</mo><mi>y</mi></mrow>"
    '<annotation encoding="application/x-tex">x &lt; \\beta*y</annotation></semantics></math>'
    "</span>"
    '<span class="katex-html" aria-hidden="true"><span class="base">x&lt;βy</span></span></span>'
)
FORMULAS = {
    '<math alttext="x = 1/3"><mi>x</mi></math>': "x = 1/3",
    '<math alttext="\\frac{1}{3}"><mi>x</mi></math>': "$\\frac{1}{3}$",  # LaTeXML
    "<math><mi>x</mi><mo>=</mo><mfrac><mn>1</mn><mn>3</mn></mfrac></math>": "x = 1/3",
    "<math><msup><mi>x</mi><mn>3</mn></msup></math>": "x^3",
    QUADRATIC: "x = (−b ± √(b^2 − 4ac))/2a",
    KATEX.format(""): "$x &lt; \\beta*y$",
    KATEX.format(' display="block"'): "$$x &lt; \\beta*y$$",
    '<span class="katex"><span class="katex-html">x<span>3</span></span></span>': "x3",
    '<mjx-container class="MathJax" jax="SVG"><svg><path/></svg><mjx-assistive-mml><math><mi>y</mi>'
    "</math></mjx-assistive-mml></mjx-container>": "y",
    '<span class="MathJax_Preview">q</span><span class="MathJax" data-mathml="x"><nobr>q</nobr>'
    '</span><script type="math/tex" id="MathJax-1">q_1</script>': "$q_1$",
    '<script type="math/tex; mode=display">% <![CDATA[\na < b %]]></script>': "$$a &lt; b$$",
    '<span class="mwe-math-element"><span class="mwe-math-mathml-inline"><math alttext="'
    '{\\displaystyle x^{2}}"><mi>x</mi></math></span><img src="https://w.example/x.svg" alt="x">'
    "</span>": "$x^{2}$",  # Wikipedia
    "<script>alert(1)</script>": "",
}  # fmt: skip


@pytest.mark.parametrize(("formula", "text"), FORMULAS.items())
def test_a_formula_is_text_and_is_there_once(formula: str, text: str) -> None:
    assert shown(f"<p>So {formula}.</p>") == f"<p>So {text}.</p>"


# What the sanitiser's parser gets is balanced: its time depends on that

NAMES = (
    "a", "p", "div", "span", "img", "picture", "source", "noscript", "iframe", "svg", "math", "h1",
    "script", "video", "audio", "object", "embed", "lite-youtube", "amp-img", "mjx-container", "td",
    "table", "title", "mi", "mfrac",
)  # fmt: skip
ATTRIBUTES = (
    "src=a.b", "data-src=/c", "srcset='x 1x, y 2x'", "class=katex", "class=MathJax", "data=q.r",
    "type=math/tex", "title='<p>'", 'title="</a><iframe "', "videoid=dQw4w9WgXcQ", "alttext='<'",
)  # fmt: skip
VOID = {"br", "embed", "img", "source"}


def _soup(chance: random.Random) -> str:
    pieces = []
    for _ in range(chance.randint(1, 40)):
        start = " ".join(("<" + chance.choice(NAMES), *chance.sample(ATTRIBUTES, 2)))
        end = f"</{chance.choice(NAMES)}>"
        text = chance.choice(["x", " ", "<!--", "-->", "<", "'", '"'])
        pieces.append(chance.choice([start + ">", start + "/>", end, text]))
    return "".join(pieces)


def test_the_result_is_balanced_whatever_came_in() -> None:
    chance = random.Random(1)
    for _ in range(3_000):
        soup = _soup(chance)
        result = readable_media(balance(soup, _BALANCED, 1_000), PAGE)
        open_: list[str] = []
        for tag in TAG.finditer(result):
            if tag["end"]:
                assert open_ and open_.pop() == tag["name"], soup
            elif tag["name"] not in VOID:
                open_.append(tag["name"])
        assert open_ == [], soup


# The image of the front matter

LEAD = settings(more="[content]\nlead_image = true\n")


def test_the_image_of_the_front_matter_leads_only_if_the_site_says_so() -> None:
    post = fields("date: 2026-11-01\nimage: /a.jpg?x=1&y=2")
    assert "<img" not in entry(post, config=settings()).content
    assert entry(post, config=LEAD).content == (
        f'<p><img src="{SITE}/a.jpg?x=1&amp;y=2" alt=""></p><p>Tea from the hills.</p>'
    )


@pytest.mark.parametrize("image", ["/a.jpg", "/a-300x200.jpg", "//news.example.com/a.jpg?w=3"])
def test_the_image_of_the_front_matter_is_not_there_twice(image: str) -> None:
    post = fields("date: 2026-11-01\nimage: /a.jpg", f"![Tea]({image})")
    assert entry(post, config=LEAD).content.count("<img") == 1


def test_a_locked_post_has_no_lead_image() -> None:
    post = fields("date: 2026-11-01\nimage: /a.jpg\npassword: x")
    assert entry(post, config=LEAD).content == ""
