"""Links, folders and files of others where documents must be: named before the first write."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command import run_feeds

pytestmark = pytest.mark.slow


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "feeds.toml").write_text(
        '[site]\ntitle = "News"\nurl = "https://news.example.com/"\n'
    )
    (tmp_path / "posts").mkdir()
    for name in "abc":
        (tmp_path / f"posts/{name}.md").write_text(
            f"---\ntitle: {name}\ndate: 2026-10-20\ncategories: tea\n---\nText.\n"
        )
    (tmp_path / "real.xml").write_text("<rss>mine</rss>")
    (tmp_path / "elsewhere").mkdir()
    return tmp_path


def snapshot(folder: Path) -> dict[str, str]:
    """Everything below a folder: the targets of links, the texts of files, the folders."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"link to {path.readlink()}"
        elif path.is_file():
            found[name] = path.read_text()
        else:
            found[name] = "special" if not path.is_dir() else "folder"
    return found


def put_folder(path: Path) -> None:
    path.mkdir(parents=True)


def put_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine\n")


def put_link_outside(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(Path.cwd() / "real.xml")


def put_broken_link(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to("nothing-here")


def put_link_inside(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / "mine.xml").write_text("<rss>mine</rss>")
    path.symlink_to("mine.xml")


def put_pipe(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)


def put_link_to_folder(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(Path.cwd() / "elsewhere")


PutObstacle = Callable[[Path], None]
REPLACEABLE = [put_file, put_link_outside, put_broken_link, put_link_inside, put_pipe]
BLOCKING: list[tuple[str, PutObstacle, str]] = [
    ("feeds.html", put_folder, "feeds.html (a folder)"),
    ("category/tea/atom.xml", put_folder, "category/tea/atom.xml (a folder)"),
    ("feed.json", put_folder, "feed.json (a folder)"),
    ("category", put_file, "category (a file in place of a folder)"),
    ("category/tea", put_file, "category/tea (a file in place of a folder)"),
    ("category", put_link_to_folder, "category (a link in place of a folder)"),
    ("category/tea", put_broken_link, "category/tea (a link in place of a folder)"),
]


@pytest.mark.parametrize(("key", "put", "named"), BLOCKING)
@pytest.mark.parametrize("with_documents", [False, True])
def test_build_names_what_no_document_can_replace_and_writes_nothing(
    site: Path, key: str, put: PutObstacle, named: str, with_documents: bool
) -> None:
    if with_documents:
        (site / "posts/a.md").rename(site / "a.md")
        (site / "feeds.toml").write_text(
            (site / "feeds.toml").read_text() + '[feeds]\ntaxonomies = []\nformats = ["rss"]\n'
            "pages = false\n"
        )
        run_feeds("build", "posts", "out")
        (site / "a.md").rename(site / "posts/a.md")
        text = (site / "feeds.toml").read_text()
        (site / "feeds.toml").write_text(text.partition("[feeds]")[0])
    put(site / "out" / key)
    before = snapshot(site)
    for more in ((), ("--replace",)):
        said = run_feeds("build", "posts", "out", *more, status=2)
        assert f"out has something that this program did not make: {named}; " in said
        assert "nothing was written; use another folder, or move it away" in said
        assert snapshot(site) == before


@pytest.mark.parametrize("put", REPLACEABLE)
@pytest.mark.parametrize("key", ["rss.xml", "index.html", "feed.json", "category/tea/atom.xml"])
def test_build_replaces_a_link_or_file_of_others_only_if_asked_to(
    site: Path, put: PutObstacle, key: str
) -> None:
    put(site / "out" / key)
    before = snapshot(site)
    said = run_feeds("build", "posts", "out", status=2)
    assert f"did not make: {key}" in said
    assert "nothing was written" in said
    assert "--replace" in said
    assert snapshot(site) == before

    run_feeds("build", "posts", "out", "--replace")
    run_feeds("build", "posts", "clean")
    built = snapshot(site / "out")
    built.pop(f"{Path(key).parent.as_posix()}/mine.xml".removeprefix("./"), None)
    assert built == snapshot(site / "clean")
    assert (site / "real.xml").read_text() == "<rss>mine</rss>"


def test_build_names_everything_in_its_way_in_one_message(site: Path) -> None:
    put_folder(site / "out/feeds.html")
    put_link_outside(site / "out/rss.xml")
    put_file(site / "out/category")
    put_file(site / "out/index.html")
    before = snapshot(site)
    said = run_feeds("build", "posts", "out", status=2)

    assert "out has 4 files, links or folders that this program did not make: " in said
    assert (
        "category (a file in place of a folder), feeds.html (a folder), index.html, "
        "rss.xml (a link); " in said
    )
    assert snapshot(site) == before


def test_build_into_a_folder_with_other_files_still_writes(site: Path) -> None:
    put_file(site / "out/about.html")
    put_folder(site / "out/images")
    put_link_to_folder(site / "out/more")
    before = snapshot(site / "out")
    run_feeds("build", "posts", "out")
    run_feeds("build", "posts", "clean")
    assert snapshot(site / "out") == snapshot(site / "clean") | before


def test_build_into_a_link_to_a_folder_writes_into_that_folder(site: Path) -> None:
    (site / "out").symlink_to("elsewhere")
    run_feeds("build", "posts", "out")
    assert (site / "elsewhere/category/tea/atom.xml").is_file()


# --- rebuild --------------------------------------------------------------------------------------


@pytest.mark.parametrize("put", REPLACEABLE)
@pytest.mark.parametrize("key", ["atom.xml", "index.html", "feeds.html", "feeds.opml", "feed.css"])
def test_rebuild_looks_at_what_every_site_has_before_it_publishes(
    site: Path, put: PutObstacle, key: str
) -> None:
    put(site / "out/public" / key)
    before = snapshot(site)
    said = run_feeds("rebuild", "posts", "out", status=2)

    assert f"did not make: public/{key}" in said
    assert "feeds rebuild --replace" in said
    assert snapshot(site) == before
    run_feeds("rebuild", "posts", "out", "--replace")
    assert (site / "out/public" / key).is_file()
    assert not (site / "out/public" / key).is_symlink()
    assert (site / "real.xml").read_text() == "<rss>mine</rss>"


@pytest.mark.parametrize(
    ("key", "put"),
    [("feeds.html", put_folder), ("atom.xml", put_folder), ("", put_link_to_folder)],
)
def test_rebuild_never_replaces_a_folder_or_what_is_in_place_of_one(
    site: Path, key: str, put: PutObstacle
) -> None:
    put(site / "out/public" / key)
    before = snapshot(site)
    for more in ((), ("--replace",)):
        said = run_feeds("rebuild", "posts", "out", *more, status=2)
        assert f"public/{key}".rstrip("/") in said
        assert "move" in said
        assert snapshot(site) == before


def test_rebuild_names_the_documents_of_both_in_one_message(site: Path) -> None:
    put_file(site / "out/public/feeds.opml")
    put_link_outside(site / "out/public/atom.xml")
    said = run_feeds("rebuild", "posts", "out", status=2)
    assert "public/atom.xml (a link), public/feeds.opml; " in said


@pytest.mark.parametrize("put", [put_file, put_link_outside, put_folder])
def test_rebuild_keeps_only_the_feed_of_a_category_back_if_its_place_is_taken(
    site: Path, put: PutObstacle
) -> None:
    put(site / "out/public/category/tea/rss.xml")
    before = snapshot(site / "out/public/category")
    said = run_feeds("rebuild", "posts", "out", status=2)
    assert "category/tea: " in said
    assert "public/category/tea/rss.xml" in said
    assert snapshot(site / "out/public/category") == before
    assert (site / "out/public/atom.xml").read_text().count("<entry>") == 3


def test_serve_names_what_is_in_its_way(site: Path) -> None:
    put_folder(site / "out/public/feeds.html")
    said = run_feeds("serve", "posts", "--out", "out", "--port", "0", status=2)
    assert "public/feeds.html (a folder); move" in said
