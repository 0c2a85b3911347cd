"""Nothing is lost: files of others, and feeds of posts that a mistake has hidden, stay as they are.

Each test runs the real commands, on a folder and on a real S3 server.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
from support.command import run_feeds
from support.servers import ACCESS_KEY, SECRET_KEY, s3_client

from feeds.stores.base import Store
from feeds.stores.local import LocalStore
from feeds.stores.s3.boto3_store import Boto3Store

pytestmark = pytest.mark.slow

FOREIGN = {
    "index.html": "<!doctype html><title>My site</title><p>Not bucketfeed's.",
    "atom.xml": '<feed xmlns="http://www.w3.org/2005/Atom"><generator>Jekyll</generator></feed>',
    "rss.xml": "<rss><channel><title>Mine</title></channel></rss>",
    "feed.json": '{"title": "Mine"}',
    "feeds.html": "<!doctype html><title>Our feeds</title>",
    "feeds.opml": "<opml/>",
    "feed.css": "body { color: red }",
    "category/tea/atom.xml": "",
    "category/tea/index.html": "<!doctype html><title>Tea</title>",
    "category/tea/feed.json": "not JSON",
    "category/tea/rss.xml": "<rss/>",
    # No document is ever at these addresses, or not on this site.
    "about.html": "<!doctype html><title>About</title>",
    "category/coffee/atom.xml": "<feed/>",
    "archive/2020.html": "<!doctype html><title>2020</title>",
    "notes.txt": "bucketfeed",
}
number = itertools.count()
Place = Callable[[str], Store]


@pytest.fixture(params=["folder", "seaweedfs"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Returns stores by name: folders, or prefixes of a bucket on SeaweedFS."""
    if request.param == "folder":
        return lambda name: LocalStore(tmp_path / name)
    endpoint = request.getfixturevalue("seaweedfs")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = s3_client(endpoint)
    names = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
    if "nothing-lost" not in names:
        client.create_bucket(Bucket="nothing-lost")
    test = f"test-{next(number)}"
    return lambda name: Boto3Store("nothing-lost", f"{test}/{name}", client)


@pytest.fixture
def folders(tmp_path: Path) -> Place:
    """The same in folders only, for tests of a rule with many cases."""
    return lambda name: LocalStore(tmp_path / name)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration that all commands of a test use."""
    file = tmp_path / "feeds.toml"
    configure(file)
    monkeypatch.setenv("FEEDS_CONFIG", str(file))
    return file


def configure(file: Path, feeds: str = "", posts: str = "") -> None:
    file.write_text(
        '[site]\ntitle = "News"\nurl = "https://news.example.com/"\n'
        f"[feeds]\nlimit = 20\n{feeds}\n[posts]\n{posts}\n"
    )


def put_posts(store: Store, count: int, categories: str = "tea", name: str = "post") -> Store:
    for n in range(count):
        date = f"2026-{n // 28 + 1:02}-{n % 28 + 1:02}"
        text = f"---\ntitle: {name} {n}\ndate: {date}\ncategories: {categories}\n---\nText {n}.\n"
        store.put(f"{name}-{n}.md", text.encode())
    return store


def put_foreign(store: Store, public: str = "") -> dict[str, bytes]:
    for key, text in FOREIGN.items():
        store.put(public + key, text.encode())
    return tree(store)


def tree(store: Store) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for stat in store.list():
        stored = store.get(stat.key)
        assert stored is not None
        found[stat.key] = stored.data
    return found


def remove(store: Store, count: int) -> None:
    for stat in itertools.islice(list(store.list()), count):
        store.delete(stat.key)


# --- files of others ------------------------------------------------------------------------------


@pytest.mark.parametrize("feeds", ["", "pages = false", 'formats = ["json"]'])
def test_build_into_a_tree_of_others_names_their_files_and_changes_no_byte(
    place: Place, config: Path, feeds: str
) -> None:
    configure(config, feeds)
    posts, out = put_posts(place("posts"), 3), place("out")
    before = put_foreign(out)
    said = run_feeds("build", posts.url, out.url, status=2)

    assert "did not make: " in said
    assert "feed.json" in said
    assert "nothing was written" in said
    assert tree(out) == before
    if not feeds:
        assert "has 11 files" in said
        assert "and 1 more" in said
        assert "atom.xml, category/tea/atom.xml, " in said


@pytest.mark.parametrize("key", ["index.html", "atom.xml", "rss.xml", "feed.json", "feed.css"])
def test_build_is_refused_for_a_single_file_of_others(
    folders: Place, config: Path, key: str
) -> None:
    posts, out = put_posts(folders("posts"), 3), folders("out")
    out.put(key, FOREIGN[key].encode())
    said = run_feeds("build", posts.url, out.url, status=2)

    assert f"a file that this program did not make: {key}" in said
    assert tree(out) == {key: FOREIGN[key].encode()}


def test_a_file_of_others_that_comes_later_is_not_replaced_by_the_next_build(
    place: Place, config: Path
) -> None:
    posts, out = put_posts(place("posts"), 3), place("out")
    run_feeds("build", posts.url, out.url)
    out.put("rss.xml", FOREIGN["rss.xml"].encode())
    before = tree(out)
    put_posts(posts, 5)

    assert "rss.xml" in run_feeds("build", posts.url, out.url, status=2)
    assert tree(out) == before


def test_with_replace_the_build_takes_over_its_documents_and_no_other_file(
    place: Place, config: Path
) -> None:
    posts, out, clean = put_posts(place("posts"), 3), place("out"), place("clean")
    put_foreign(out)
    run_feeds("build", posts.url, out.url, "--replace")
    run_feeds("build", posts.url, clean.url)
    others = {key for key in FOREIGN if key not in tree(clean)}

    assert {"about.html", "category/coffee/atom.xml", "archive/2020.html"} <= others
    assert tree(out) == tree(clean) | {key: FOREIGN[key].encode() for key in others}
    assert " 0 documents written" in run_feeds("build", posts.url, out.url)


def test_rebuild_and_publish_leave_the_files_of_others_and_name_them(
    place: Place, config: Path
) -> None:
    posts, feeds = put_posts(place("posts"), 3), place("feeds")
    before = put_foreign(feeds, "public/")
    said = run_feeds("rebuild", posts.url, feeds.url, status=2)
    said += run_feeds("publish", posts.url, feeds.url, "post-0.md", status=2)
    public = {key: data for key, data in tree(feeds).items() if key.startswith("public/")}

    assert "index.html" in said
    assert "category/tea/atom.xml" in said
    assert "--replace" in said
    assert public == before


@pytest.mark.parametrize("key", ["feeds.html", "feed.css", "category/tea/rss.xml"])
def test_a_single_file_of_others_keeps_only_its_own_feed_from_being_published(
    folders: Place, config: Path, key: str
) -> None:
    posts, feeds = put_posts(folders("posts"), 3), folders("feeds")
    feeds.put(f"public/{key}", FOREIGN[key].encode())
    for _ in range(2):
        assert key in run_feeds("publish", posts.url, feeds.url, "post-0.md", status=2)
        assert tree(feeds)[f"public/{key}"] == FOREIGN[key].encode()
    assert b"<entry>" in tree(feeds)["public/atom.xml"]
    feeds.delete(f"public/{key}")
    run_feeds("rebuild", posts.url, feeds.url)
    run_feeds("audit", posts.url, feeds.url)

    assert tree(feeds)[f"public/{key}"] != FOREIGN[key].encode()


def test_rebuild_with_replace_takes_over_and_later_uploads_publish(
    place: Place, config: Path
) -> None:
    posts, feeds, clean = put_posts(place("posts"), 3), place("feeds"), place("clean")
    put_foreign(feeds, "public/")
    run_feeds("rebuild", posts.url, feeds.url, status=2)
    run_feeds("rebuild", posts.url, feeds.url, "--replace")
    put_posts(posts, 4)
    run_feeds("publish", posts.url, feeds.url, "post-3.md")
    run_feeds("build", posts.url, clean.url)

    for key, data in tree(clean).items():
        assert tree(feeds)[f"public/{key}"] == data, key
    assert tree(feeds)["public/about.html"] == FOREIGN["about.html"].encode()


# --- most of what is published would go -----------------------------------------------------------


def test_build_of_a_folder_without_posts_removes_nothing(place: Place, config: Path) -> None:
    posts, out, empty = put_posts(place("posts"), 12), place("out"), place("empty")
    empty.put("readme.txt", b"no post")
    run_feeds("build", posts.url, out.url)
    before = tree(out)
    said = run_feeds("build", empty.url, out.url, status=2)

    assert "there is no post to publish" in said
    assert "--allow-removals" in said
    assert tree(out) == before
    run_feeds("build", empty.url, out.url, "--allow-removals")
    assert "category/tea/atom.xml" not in tree(out)


@pytest.mark.parametrize(
    "mistake",
    ["other posts", "most posts", "most old posts", "all are drafts", "no category feeds"],
)
def test_build_that_would_remove_most_removes_nothing(
    folders: Place, config: Path, mistake: str
) -> None:
    posts, out = put_posts(folders("posts"), 60), folders("out")
    run_feeds("build", posts.url, out.url)
    before = tree(out)
    match mistake:
        case "other posts":
            posts = put_posts(folders("others"), 80, "coffee", "other")
        case "most posts":
            remove(posts, 40)
        case "most old posts":
            for n in range(35):
                posts.delete(f"post-{n}.md")
        case "all are drafts":
            for stat in posts.list():
                posts.put(stat.key, b"---\ntitle: A\ndraft: true\n---\n")
        case "no category feeds":
            configure(config, "taxonomies = []\narchives = false\npages = false")
    said = run_feeds("build", posts.url, out.url, status=2)

    assert "nothing was written" in said
    assert tree(out) == before
    run_feeds("build", posts.url, out.url, "--allow-removals")
    assert tree(out) != before


@pytest.mark.parametrize(("count", "deleted"), [(2, 1), (3, 1), (4, 2), (5, 2), (12, 6), (60, 30)])
def test_deletions_of_daily_work_are_never_refused(
    folders: Place, config: Path, count: int, deleted: int
) -> None:
    tags = "[a, b, c, d, e, f, g, h]"
    posts, out, feeds = put_posts(folders("posts"), count, tags), folders("out"), folders("feeds")
    run_feeds("build", posts.url, out.url)
    run_feeds("rebuild", posts.url, feeds.url)
    remove(posts, deleted)
    run_feeds("build", posts.url, out.url)
    run_feeds("audit", posts.url, feeds.url)

    assert all(tree(feeds)[f"public/{key}"] == data for key, data in tree(out).items())


@pytest.mark.parametrize("command", ["rebuild", "audit"])
@pytest.mark.parametrize("mistake", ["emptied", "wrong prefix", "most posts"])
def test_rebuild_and_audit_stop_before_they_remove_most(
    place: Place, config: Path, command: str, mistake: str
) -> None:
    posts, feeds = put_posts(place("posts"), 12), place("feeds")
    run_feeds("rebuild", posts.url, feeds.url)
    before = tree(feeds)
    match mistake:
        case "emptied":
            remove(posts, 12)
            posts.put("readme.txt", b"")
        case "wrong prefix":
            posts = put_posts(place("others"), 20, "coffee", "other")
        case "most posts":
            remove(posts, 7)
    said = run_feeds(command, posts.url, feeds.url, status=2)

    assert "--allow-removals" in said
    assert tree(feeds) == before
    run_feeds(command, posts.url, feeds.url, "--allow-removals")
    assert tree(feeds)["public/atom.xml"] != before["public/atom.xml"]


def test_publish_removes_as_many_posts_as_it_is_told(place: Place, config: Path) -> None:
    posts, feeds = put_posts(place("posts"), 12), place("feeds")
    run_feeds("rebuild", posts.url, feeds.url)
    keys = [stat.key for stat in posts.list()]
    remove(posts, 12)
    posts.put("readme.txt", b"")
    run_feeds("publish", posts.url, feeds.url, *keys)

    assert b"<entry>" not in tree(feeds)["public/atom.xml"]


# --- feeds inside the posts -----------------------------------------------------------------------


@pytest.mark.parametrize("inside", ["posts", "posts/public", "posts/a/b"])
def test_what_the_program_made_is_no_post_wherever_it_is(
    place: Place, config: Path, inside: str
) -> None:
    posts, out, clean = put_posts(place("posts"), 30), place(inside), place("clean")
    run_feeds("build", posts.url, clean.url)
    expected = tree(clean)
    run_feeds("rebuild", posts.url, out.url)
    run_feeds("build", posts.url, out.url)
    for _ in range(2):
        said = run_feeds("build", posts.url, out.url)
        assert "30 posts, " in said
        assert " 0 documents written" in said
        assert "30 posts, 0 new, 0 changed" in run_feeds("audit", posts.url, out.url)
        assert "0 posts published" in run_feeds("rebuild", posts.url, out.url)
    folder = inside.removeprefix("posts").removeprefix("/")
    pages = [f"{folder}/{key}".lstrip("/") for key in ("public/index.html", "index.html")]
    said = run_feeds("publish", posts.url, out.url, *pages)
    assert said.count("not a post") == 2

    assert {key: tree(out)[key] for key in expected} == expected
    assert {key: tree(out)[f"public/{key}"] for key in expected} == expected


def test_an_old_build_among_the_posts_is_no_post_of_another_build(
    folders: Place, config: Path
) -> None:
    posts = put_posts(folders("posts"), 3)
    run_feeds("build", posts.url, folders("posts/old").url)
    said = run_feeds("build", posts.url, folders("out").url)

    assert "3 posts, 2 feeds, " in said
    assert "draft" not in said
    assert "0 problems" in said


def test_check_and_serve_skip_what_the_program_made(tmp_path: Path, config: Path) -> None:
    posts = put_posts(LocalStore(tmp_path / "posts"), 3)
    run_feeds("build", posts.url, f"{posts.url}/public")
    said = run_feeds("check", posts.url)

    assert said.count("(made by feeds)") == 3  # two feeds, and the list of feeds


def test_an_html_post_with_the_name_of_a_document_stays_a_post(
    folders: Place, config: Path
) -> None:
    posts = put_posts(folders("posts"), 1)
    posts.put("archive/hello.html", b"---\ntitle: Hello\ndate: 2026-11-01\n---\n<p>bucketfeed")
    run_feeds("build", posts.url, posts.url)
    run_feeds("build", posts.url, posts.url)

    assert tree(posts)["atom.xml"].count(b"<entry>") == 2


# --- publish and audit ----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["nothing.md", "posts-0.md", "folder/post-0.md"])
def test_publish_of_a_key_that_never_existed_says_so(
    folders: Place, config: Path, key: str
) -> None:
    posts, feeds = put_posts(folders("posts"), 2), folders("feeds")
    run_feeds("rebuild", posts.url, feeds.url)
    put_posts(posts, 3)
    before = tree(feeds)
    assert f"{key}: there is no such post" in run_feeds(
        "publish", posts.url, feeds.url, key, status=2
    )
    assert tree(feeds) == before
    said = run_feeds("publish", posts.url, feeds.url, key, "post-2.md", status=2)

    assert "1 post, " in said
    assert b"post 2" in tree(feeds)["public/atom.xml"]


@pytest.mark.parametrize(
    "key", ["post-0.mdd", "typo/p1.htm", "notes.txt", "../posts/post-0.md", "", "posts", "a//b.png"]
)
def test_publish_of_a_name_without_a_file_fails_though_it_is_no_post_name(
    place: Place, config: Path, key: str
) -> None:
    posts, feeds = put_posts(place("posts"), 2), place("feeds")
    run_feeds("rebuild", posts.url, feeds.url)
    put_posts(posts, 3)
    said = run_feeds("publish", posts.url, feeds.url, "post-2.md", key, status=2)

    assert f"{key or repr(key)}: there is no such file in {posts.url}" in said
    assert "not a post" not in said
    assert "1 post, " in said
    assert b"post 2" in tree(feeds)["public/atom.xml"]


@pytest.mark.parametrize("key", ["notes.txt", "post-0.mdd", "photos/a.png"])
def test_publish_of_a_file_that_is_no_post_says_so_and_succeeds(
    place: Place, config: Path, key: str
) -> None:
    posts, feeds = put_posts(place("posts"), 2), place("feeds")
    posts.put(key, b"text")
    assert f"{key}: not a post (see posts.include)" in run_feeds(
        "publish", posts.url, feeds.url, key
    )


def test_publish_takes_the_path_of_a_post_from_any_folder(
    folders: Place, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts, feeds = put_posts(folders("posts"), 2), folders("feeds")
    (tmp_path / "drafts").mkdir()
    monkeypatch.chdir(tmp_path / "drafts")
    for name in ("../posts/post-0.md", "../drafts/../posts/post-1.md"):
        assert "1 post, " in run_feeds("publish", posts.url, feeds.url, name)
    assert tree(feeds)["public/atom.xml"].count(b"<entry>") == 2


def test_publish_of_a_deleted_post_succeeds_again_and_again(folders: Place, config: Path) -> None:
    posts, feeds = put_posts(folders("posts"), 2), folders("feeds")
    run_feeds("rebuild", posts.url, feeds.url)
    posts.delete("post-0.md")
    for _ in range(2):
        run_feeds("publish", posts.url, feeds.url, "post-0.md")

    assert tree(feeds)["public/atom.xml"].count(b"<entry>") == 1


def test_audit_writes_nothing_where_all_is_right_and_counts_what_it_writes(
    place: Place, config: Path
) -> None:
    posts, feeds = put_posts(place("posts"), 30), place("feeds")
    run_feeds("rebuild", posts.url, feeds.url)
    before = {stat.key: (stat.version, stat.modified) for stat in feeds.list()}
    assert ", 0 documents written, " in run_feeds("audit", posts.url, feeds.url)
    after = {stat.key: (stat.version, stat.modified) for stat in feeds.list()}
    after.pop("state/audit.json")
    assert after == before
    feeds.put("public/rss.xml", b"damaged by hand")
    feeds.delete("public/category/tea/feed.json")
    assert ", 2 documents written, " in run_feeds("audit", posts.url, feeds.url)
    posts.put("new.md", b"---\ntitle: New\ndate: 2026-11-20\ncategories: tea\n---\nNew.\n")
    said = run_feeds("audit", posts.url, feeds.url)

    assert "1 new" in said
    assert ", 8 documents written, " in said  # four of each feed
