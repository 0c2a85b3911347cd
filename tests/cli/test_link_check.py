"""The link check: which links are dead, how politely it visits, and its limits."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.sites import post

from feeds.cli import main
from feeds.cli.link_check import LinkCheckResult, is_public, look_up, visit_links


class Server:
    """Responds to `/404` with 404 and so on, on every loopback address, and keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        self.agents: set[str] = set()
        self.hosts: set[str] = set()
        self.reached: list[str] = []
        self.busy: dict[str, int] = {}
        self.most_hosts = self.most_of_one = 0
        self.lock = threading.Lock()
        self.port = 0

    def url(self, path: str, host: int = 1) -> str:
        return f"http://127.0.0.{host}:{self.port}/{path}"

    @contextlib.contextmanager
    def visitor(self, host: str) -> Iterator[None]:
        with self.lock:
            self.busy[host] = self.busy.get(host, 0) + 1
            self.most_of_one = max(self.most_of_one, self.busy[host])
            self.most_hosts = max(self.most_hosts, sum(map(bool, self.busy.values())))
        yield
        with self.lock:
            self.busy[host] -= 1


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            # The visitor leaves before the response is sent: the next visit starts right after it.
            with server.visitor(self.headers["Host"]):
                status, target = self.prepare()
            self.send_response(status)
            if target:
                self.send_header("Location", target)
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()

        def prepare(self) -> tuple[int, str]:
            server.requests.append((self.command, self.path))
            server.agents.add(self.headers["User-Agent"])
            server.hosts.add(self.headers["Host"])
            server.reached.append(self.connection.getsockname()[0])
            assert "Authorization" not in self.headers
            word = self.path.strip("/").split("/")[0]
            if word == "slow":
                time.sleep(0.2)
            if word == "never":
                time.sleep(3)
            if word == "drip":
                for _ in range(30):
                    self.wfile.write(b"H")
                    self.wfile.flush()
                    time.sleep(0.1)
            status = int(word) if word.isdigit() else 200
            if word == "get-only":
                status = 404 if self.command == "HEAD" else 200
            targets = {
                "to": self.path.removeprefix("/to"),
                "loop": "/loop",
                "ftp": "ftp://a.example/",
            }
            return (302, targets[word]) if word in targets else (status, "")

        def log_message(self, *_: object) -> None:
            pass

    listener = ThreadingHTTPServer(("0.0.0.0", 0), Handler)
    listener.daemon_threads = True
    listener.block_on_close = False
    server.port = listener.server_port
    thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    listener.shutdown()
    thread.join()
    listener.server_close()


def visited(*urls: str, seconds: float = 20, timeout: float = 1) -> LinkCheckResult:
    return visit_links(
        urls, seconds=seconds, pause=0, timeout=(timeout, timeout), addresses=look_up
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("200", ""),
        ("204", ""),
        ("404", "the server responds with 404"),
        ("410", "the server responds with 410"),
        ("500", "the server responds with 500"),
        ("503", "the server responds with 503"),
        ("to/200", ""),
        ("to/404", "the server responds with 404"),
        ("ftp", "it redirects to an address that is not a web address"),
        ("loop", "it redirects more than 5 times"),
        ("never", "the server does not respond"),
    ],
)
def test_a_dead_link_is_reported_with_the_reason(server: Server, path: str, what: str) -> None:
    url = server.url(path)

    assert visited(url).dead == ({url: what} if what else {})


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_site_that_blocks_programs_is_not_dead(server: Server, status: int) -> None:
    assert visited(server.url(str(status))).dead == {}


def test_a_server_without_head_support_is_visited_with_get(server: Server) -> None:
    assert visited(server.url("get-only")).dead == {}
    assert server.requests == [("HEAD", "/get-only"), ("GET", "/get-only")]


def test_a_host_that_does_not_exist_is_reported() -> None:
    dead = visit_links(["https://news.invalid/a"], pause=0).dead

    assert dead == {"https://news.invalid/a": "there is no host news.invalid"}


def test_a_refused_connection_is_reported() -> None:
    assert set(visited("http://127.0.0.1:9/").dead.values()) == {"cannot connect to the server"}


def test_only_web_addresses_are_visited(server: Server) -> None:
    visits = visited("ftp://example.com/", "file:///etc/passwd", "javascript:alert(1)", "")

    assert visits == LinkCheckResult({}, 0)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "[::1]"]
)
def test_a_private_address_is_reported_and_not_visited(server: Server, host: str) -> None:
    (what,) = visit_links([f"http://{host}:{server.port}/"], pause=0).dead.values()

    assert what == f"{host.strip('[]')} is not on the public Internet"
    assert server.requests == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "100.64.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1",
        "239.1.1.1", "255.255.255.255", "168.63.129.16", "::1", "::", "fe80::1%eth0", "fd00::1",
        "fec0::1", "ff02::1", "ff0e::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1",
        "::ffff:168.63.129.16", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
        "64:ff9b::168.63.129.16", "2002:7f00:1::", "2001:0:1::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_an_address_that_does_not_lead_to_the_web_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "168.63.129.17", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"],
)
def test_an_address_of_the_web_is_public(address: str) -> None:
    assert is_public(address)


def test_only_the_address_that_was_checked_is_visited(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name leads to 127.0.0.2 when it is checked, and to 127.0.0.1 from then on."""
    answers = ["127.0.0.2"]
    real = socket.getaddrinfo

    def rebound(host: str, *rest: object, **more: object) -> object:
        if host == "news.example":
            host = answers.pop() if answers else "127.0.0.1"
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    assert visited(f"http://news.example:{server.port}/200").dead == {}
    assert server.requests == [("HEAD", "/200")]
    assert server.reached == ["127.0.0.2"]
    assert server.hosts == {f"news.example:{server.port}"}


def test_the_next_address_of_a_host_is_visited_if_the_first_is_unreachable(server: Server) -> None:
    url = server.url("200").replace("127.0.0.1", "news.example")
    found = visit_links([url], pause=0, addresses=lambda *_: ["127.0.0.1.", "127.0.0.1"])
    assert found.dead == {}


def test_a_proxy_of_the_environment_is_not_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert visited(server.url("200")).dead == {}


@pytest.mark.slow
def test_the_certificate_of_a_checked_address_must_be_the_host_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, port = tls_server(tmp_path, "news.example")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    good, bad = f"https://news.example:{port}/", f"https://other.example:{port}/"
    found = visit_links([good, bad], pause=0, addresses=lambda *_: ["127.0.0.1"])
    assert found.dead == {bad: "its certificate is not valid"}


def tls_server(folder: Path, name: str) -> tuple[Path, int]:
    """Start a server with TLS that answers 204; return its certificate for `name`, and its port."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl here")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.socket = context.wrap_socket(listener.socket, server_side=True)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    return certificate, listener.server_port


def test_a_redirect_into_a_private_network_is_not_followed(server: Server) -> None:
    url = server.url("to/200")
    dead = visit_links(
        [url], pause=0, addresses=lambda host, _: () if server.requests else [host]
    ).dead

    assert dead == {url: "127.0.0.1 is not on the public Internet"}
    assert server.requests == [("HEAD", "/to/200")]


def test_an_address_is_visited_once(server: Server) -> None:
    visited(server.url("200"), server.url("200"))

    assert server.requests == [("HEAD", "/200")]


@pytest.mark.slow
def test_hosts_are_visited_four_at_a_time_and_each_one_by_one(server: Server) -> None:
    urls = [server.url(f"slow/{n}", host) for host in range(1, 7) for n in range(3)]

    assert visited(*urls).dead == {}
    assert len(server.requests) == 18
    assert (server.most_of_one, server.most_hosts) == (1, 4)


@pytest.mark.slow
def test_a_host_has_a_pause_between_visits(server: Server) -> None:
    start = time.monotonic()
    visit_links([server.url("a"), server.url("b"), server.url("c")], pause=0.2, addresses=look_up)
    assert time.monotonic() - start >= 0.4


def test_link_check_has_its_own_user_agent(server: Server) -> None:
    visited(server.url("200"))

    (agent,) = server.agents
    assert agent.startswith("bucketfeed/")
    assert "+https://" in agent


@pytest.mark.slow
@pytest.mark.parametrize("path", ["never", "drip"])
def test_link_check_ends_in_time_and_counts_links_not_visited(server: Server, path: str) -> None:
    start = time.monotonic()
    visits = visited(
        *(server.url(f"{path}/{n}") for n in range(9)), server.url("404", 2), seconds=2
    )
    assert time.monotonic() - start < 6
    assert visits.dead.get(server.url("404", 2)) == "the server responds with 404"
    assert visits.not_visited >= 6


def test_link_check_reports_progress(server: Server) -> None:
    calls: list[tuple[int, int]] = []
    urls = [server.url("a"), server.url("b")]
    visit_links(urls, pause=0, addresses=look_up, progress=lambda *now: calls.append(now))
    assert calls == [(1, 2), (2, 2)]


# --- feeds check --links --------------------------------------------------------------------------


def test_check_links_reports_posts_with_dead_articles(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    site = f'[site]\ntitle = "News"\nurl = "{server.url("")}"\n[posts]\nid_authority = "a,2026"\n'
    (tmp_path / "feeds.toml").write_text(f'{site}permalink = "/404/:title/"\n')
    for name, more in (
        ("dead", f"source_url: {server.url('404')}"),
        ("alive", f"source_url: {server.url('200')}"),
        ("own", "permalink: /200/own/"),
        ("wrong", ""),
    ):
        (tmp_path / f"{name}.md").write_bytes(post(name, more=more))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(visit_links, "__kwdefaults__", visit_links.__kwdefaults__ | LOCAL)
    monkeypatch.setattr(sys, "argv", ["feeds", "check", "--links", "."])
    with pytest.raises(SystemExit) as exit_:
        main.main()
    output = capsys.readouterr()

    assert exit_.value.code == 1
    assert output.err.splitlines() == [
        "visiting the links of 4 posts",
        f"dead.md:1: warning: {server.url('404')}: the server responds with 404; "
        "find the article's new address, or check again later",
        f"wrong.md:1: warning: {server.url('404/wrong/')}: the server responds with 404; "
        "the site has no such page: correct posts.permalink, which gives its address",
    ]
    visited = {path for _, path in server.requests}
    assert visited == {"/404", "/200", "/200/own/", "/404/wrong/"}


LOCAL = {"addresses": look_up, "pause": 0}
