"""`feeds serve`: a real process, visited over HTTP."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import boto3
import feedparser
import httpx
import pytest
from lxml import etree
from msgspec import Struct
from support.sites import post

pytestmark = pytest.mark.slow

CONFIG = '[site]\ntitle = "News"\nurl = "https://news.example.com/"\n'
COMMAND = str(Path(sys.executable).with_name("feeds"))


class Server(Struct):
    """A running `feeds serve`, and the folder of its posts."""

    process: subprocess.Popen[str]
    folder: Path
    port: int
    output: list[str]

    def get(self, path: str, **headers: str) -> httpx.Response:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.get(f"http://127.0.0.1:{self.port}/{path}", headers=names)

    def titles(self) -> list[str]:
        return [entry.title for entry in feedparser.parse(self.get("atom.xml").content).entries]

    def title(self) -> str:
        return str(feedparser.parse(self.get("atom.xml").content).feed.title)

    def wait_for_line(self, pattern: str) -> str:
        """Read its output until a line has `pattern`; for 30 s at most."""
        assert self.process.stdout
        patience = threading.Timer(30, self.process.kill)
        patience.start()
        try:
            for line in self.process.stdout:
                self.output.append(line)
                if re.search(pattern, line):
                    return line
        finally:
            patience.cancel()
        pytest.fail(f"no line has {pattern!r}: {self.output}")

    def stop(self, signal_: signal.Signals) -> int:
        self.process.send_signal(signal_)
        try:
            return self.process.wait(timeout=10)
        finally:
            self.process.kill()


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether the condition becomes true within 20 s."""
    end = time.monotonic() + 20
    while not (true := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return true


def started(folder: Path, *words: str) -> Server:
    process = subprocess.Popen(
        [COMMAND, "serve", *(words or ["posts"]), "--port", "0"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    server = Server(process, folder, 0, [])
    line = server.wait_for_line("Serving ")
    port = re.search(r"Serving http://[^/]+:(\d+)/feeds\.html \(stop with Ctrl\+C\)", line)
    assert port, line
    server.port = int(port[1])
    return server


def site(folder: Path) -> Path:
    (folder / "posts").mkdir()
    (folder / "feeds.toml").write_text(CONFIG)
    (folder / "posts" / "one.md").write_bytes(post("One", "2026-11-01", "categories: 日本"))
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = started(site(tmp_path_factory.mktemp("site")))
    yield server
    server.stop(signal.SIGTERM)  # SIGKILL would leave its folder behind


@pytest.mark.parametrize(
    ("path", "type_"),
    [
        ("atom.xml", "application/atom+xml; charset=utf-8"),
        ("rss.xml", "application/rss+xml; charset=utf-8"),
        ("feed.json", "application/feed+json; charset=utf-8"),
        ("feeds.html", "text/html; charset=utf-8"),
        ("category/%E6%97%A5%E6%9C%AC/atom.xml", "application/atom+xml; charset=utf-8"),
        ("category/日本/rss.xml", "application/rss+xml; charset=utf-8"),
    ],
)
def test_a_document_has_the_media_type_of_its_format(server: Server, path: str, type_: str) -> None:
    answer = server.get(path)

    assert (answer.status_code, answer.headers["content-type"]) == (200, type_)


@pytest.mark.parametrize("path", ["atom.xml", "rss.xml"])
def test_a_browser_gets_xml_that_it_shows(server: Server, path: str) -> None:
    answer = server.get(path, Accept="text/html,application/xhtml+xml,*/*;q=0.8")

    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    assert answer.headers["vary"] == server.get(path).headers["vary"] == "Accept"


def test_the_addresses_are_those_of_the_server(server: Server) -> None:
    here = f"http://127.0.0.1:{server.port}/"
    category = f"{here}category/%E6%97%A5%E6%9C%AC/"
    atom = feedparser.parse(server.get("category/日本/atom.xml").content).feed
    opml = etree.fromstring(server.get("feeds.opml").content)
    page = server.get("category/日本/").text

    assert atom.id == atom.link == category
    assert [link.href for link in atom.links if link.rel == "self"] == [f"{category}atom.xml"]
    assert opml.xpath("//@xmlUrl") == [f"{here}atom.xml", f"{category}atom.xml"]
    assert opml.xpath("//@htmlUrl") == [here, category]
    assert f'<link rel="canonical" class="u-url" href="{category}">' in page
    (entry,) = feedparser.parse(server.get("rss.xml").content).entries
    assert entry.link == "https://news.example.com/2026/11/01/one.html"


def built(folder: Path) -> dict[str, bytes]:
    """The files that `feeds build` writes for the site, by their paths."""
    subprocess.run([COMMAND, "build", "posts", "built"], cwd=folder, check=True)
    files = (file for file in (folder / "built").rglob("*") if file.is_file())
    return {file.relative_to(folder / "built").as_posix(): file.read_bytes() for file in files}


@pytest.mark.parametrize("words", [["--as-published"], ["--out", "kept"]])
def test_the_bytes_that_are_kept_or_asked_for_are_those_that_are_published(
    tmp_path: Path, words: list[str]
) -> None:
    published = built(site(tmp_path))
    server = started(tmp_path, "posts", *words)

    assert b"https://news.example.com/atom.xml" in published["atom.xml"]
    assert {path: server.get(path).content for path in published} == published
    assert server.stop(signal.SIGTERM) == 0
    if "kept" in words:
        kept = tmp_path / "kept" / "public"
        assert {path: (kept / path).read_bytes() for path in published} == published


def test_a_hub_does_not_hear_of_local_addresses(tmp_path: Path) -> None:
    site(tmp_path)
    text = CONFIG + '[feeds]\nhubs = ["https://hub.example.com/"]\n'
    (tmp_path / "feeds.toml").write_text(text)
    server = started(tmp_path)

    assert b"hub.example.com" not in server.get("atom.xml").content
    server.stop(signal.SIGTERM)


def test_a_missing_document_is_404(server: Server) -> None:
    assert server.get("category/none/atom.xml").status_code == 404
    assert server.get("../feeds.toml").status_code == 404
    assert server.get("%2e%2e/%2e%2e/feeds.toml").status_code == 404


def test_a_conditional_request_is_answered_with_304(server: Server) -> None:
    first = server.get("atom.xml")
    by_tag = server.get("atom.xml", If_None_Match=first.headers["etag"])
    by_date = server.get("atom.xml", If_Modified_Since=first.headers["last-modified"])

    assert parsedate_to_datetime(first.headers["last-modified"])
    assert (by_tag.status_code, by_tag.content) == (304, b"")
    assert (by_date.status_code, by_date.content) == (304, b"")


def test_a_conditional_request_after_a_change_has_the_new_document(server: Server) -> None:
    first = server.get("atom.xml")
    untouched = server.get("category/日本/rss.xml")
    time.sleep(1.01)  # Last-Modified has a resolution of a second
    (server.folder / "posts" / "two.md").write_bytes(post("Two", "2026-11-02"))
    assert eventually(lambda: server.titles() == ["Two", "One"])
    by_tag = server.get("atom.xml", If_None_Match=first.headers["etag"])
    by_date = server.get("atom.xml", If_Modified_Since=first.headers["last-modified"])

    assert by_tag.status_code == by_date.status_code == 200
    assert by_tag.content == by_date.content != first.content
    again = server.get("category/日本/rss.xml", If_None_Match=untouched.headers["etag"])
    assert again.content in (b"", untouched.content)


@pytest.mark.slow
def test_responses_are_complete_while_documents_change(server: Server) -> None:
    changing = threading.Event()

    def change() -> None:
        for size in (10, 5000) * 4:
            body = "x " * size
            (server.folder / "posts" / "big.md").write_bytes(post("Big", body=body))
            time.sleep(0.1)
        (server.folder / "posts" / "big.md").unlink()
        changing.set()

    threading.Thread(target=change).start()
    while not changing.is_set():
        answer = server.get("atom.xml")  # httpx raises an error if it is cut short
        assert answer.status_code == 200
        assert answer.content.endswith(b"</feed>\n")


def test_serve_follows_the_deletion_of_a_post(server: Server) -> None:
    (server.folder / "posts" / "three.md").write_bytes(post("Three", more="categories: three"))
    assert eventually(lambda: "Three" in server.titles())
    assert server.get("category/three/atom.xml").status_code == 200
    (server.folder / "posts" / "three.md").unlink()

    assert eventually(lambda: "Three" not in server.titles())


def test_serve_follows_a_folder_that_is_moved_away(server: Server) -> None:
    folder = server.folder / "posts" / "v2.1"  # a folder with a name like a file
    folder.mkdir()
    (folder / "four.md").write_bytes(post("Four"))
    assert eventually(lambda: "Four" in server.titles())
    folder.rename(server.folder / "elsewhere")

    assert eventually(lambda: "Four" not in server.titles())


@pytest.mark.slow
def test_serve_follows_the_configuration_and_survives_an_invalid_one(server: Server) -> None:
    def replace_config(text: str) -> None:
        """Replace the file by a new one, as editors do."""
        (server.folder / "new.toml").write_text(text)
        (server.folder / "new.toml").replace(server.folder / "feeds.toml")

    replace_config(CONFIG.replace("News", "Other"))
    assert eventually(lambda: server.title() == "Other")
    replace_config('[site]\ntitle = "News"\n')
    server.wait_for_line("site.url: expected a text, found nothing")
    assert server.title() == "Other"
    replace_config(CONFIG)

    assert eventually(lambda: server.title() == "News")


@pytest.mark.slow
def test_serve_follows_the_site_s_templates_and_style(tmp_path: Path) -> None:
    site(tmp_path)
    (tmp_path / "feeds.toml").write_text(CONFIG + '[feeds]\ntemplates = "look"\n')
    (tmp_path / "look").mkdir()
    (tmp_path / "look" / "style.css").write_text("h1 { color: red }")
    server = started(tmp_path)
    assert "color: red" in server.get("").text
    (tmp_path / "look" / "style.css").write_text("h1 { color: teal }")
    server.wait_for_line("documents written")
    assert "color: teal" in server.get("").text
    (tmp_path / "look" / "page.html").write_text("{{titel}}")

    assert "page.html:1: there is no value titel" in server.wait_for_line("^not published: ")
    assert server.stop(signal.SIGTERM) == 0


def test_the_server_listens_on_localhost_only(server: Server) -> None:
    table = Path("/proc/net/tcp")
    if not table.is_file():
        pytest.skip("needs /proc/net/tcp")
    listening = [
        line.split()[1] for line in table.read_text().splitlines() if line.split()[3] == "0A"
    ]

    assert [at for at in listening if at.endswith(f":{server.port:04X}")] == [
        f"0100007F:{server.port:04X}"
    ]


def own_address() -> str:
    """The address of this machine in its network, as the system says; "" if there is no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def test_with_a_host_other_machines_see_the_feeds_at_its_address(tmp_path: Path) -> None:
    server = started(site(tmp_path), "posts", "--host", "0.0.0.0")
    address = own_address() or "127.0.0.1"
    here = f"http://{address}:{server.port}/"

    assert f"Serving {here}feeds.html" in server.output[-1]
    feed = feedparser.parse(httpx.get(f"{here}atom.xml").content).feed
    assert [link.href for link in feed.links if link.rel == "self"] == [f"{here}atom.xml"]
    hosts = {"evil.example": 400, "evil.example:1": 400, "10.1.2.3:8000": 200, "[::1]:8000": 200}
    hosts |= {socket.gethostname(): 200, f"{socket.gethostname()}.local:8000": 200, "": 400}
    assert {host: server.get("feeds.html", Host=host).status_code for host in hosts} == hosts
    server.stop(signal.SIGTERM)


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [COMMAND, "serve", "posts", "--port", "0", "--host", "192.0.2.1"],
        cwd=site(tmp_path), capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 2
    assert done.stderr.startswith("--host 192.0.2.1: this machine cannot listen there (")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:8000", 200),
        ("evil.example", 400),
        ("evil.example:8000", 400),
        ("127.0.0.1.evil.example", 400),
        ("", 400),
    ],
)
def test_only_a_request_to_this_machine_is_answered(server: Server, host: str, status: int) -> None:
    """A page of the web can give its own name the address 127.0.0.1 (DNS rebinding)."""
    assert server.get("/feeds.html", Host=host).status_code == status


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_serve_stops_on_a_signal_and_deletes_its_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signal_: signal.Signals
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    server = started(site(tmp_path))
    assert [path.name for path in temporary.iterdir() if path.name.startswith("feeds-")]

    status = server.stop(signal_)
    assert status == (130 if signal_ == signal.SIGINT else 0), server.process.stdout.read()
    assert [path.name for path in temporary.iterdir() if path.name.startswith("feeds-")] == []


def test_serve_out_keeps_the_feeds(tmp_path: Path) -> None:
    server = started(site(tmp_path), "posts", "--out", "kept")
    server.stop(signal.SIGTERM)

    assert (tmp_path / "kept" / "public" / "atom.xml").is_file()


@pytest.mark.slow
def test_serve_follows_a_change_right_after_the_start(tmp_path: Path) -> None:
    site(tmp_path)
    for number in range(450):  # enough for the first build to take a while
        (tmp_path / "posts" / f"{number}.md").write_bytes(post("Old", "2026-10-01"))
    server = started(tmp_path)
    (tmp_path / "posts" / "one.md").write_bytes(post("Changed", "2026-11-01"))

    assert eventually(lambda: server.titles()[0] == "Changed")
    assert server.stop(signal.SIGTERM) == 0


@pytest.mark.slow
def test_serve_serves_posts_in_a_bucket(
    tmp_path: Path, moto_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {
        "AWS_ENDPOINT_URL": moto_server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "testsecret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    bucket = boto3.resource("s3").create_bucket(Bucket="feeds-test-serve")
    bucket.put_object(Key="posts/one.md", Body=post("In a bucket"))
    server = started(site(tmp_path), f"s3://{bucket.name}/posts")

    assert server.titles() == ["In a bucket"]
    (tmp_path / "feeds.toml").write_text(CONFIG.replace("News", "Other"))
    assert eventually(lambda: server.title() == "Other")
    assert server.stop(signal.SIGTERM) == 0


@pytest.mark.slow
def test_a_port_in_use_is_reported(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [COMMAND, "serve", "posts", "--port", str(port)],
            cwd=site(tmp_path),
            capture_output=True,
            text=True,
        )
    assert done.returncode == 2
    assert done.stderr.endswith(f"port {port} is in use; choose another with --port (0: any)\n")
