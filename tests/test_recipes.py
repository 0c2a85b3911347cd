"""The files and commands of docs/recipes.md, run against local servers."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest
import yaml
from support.servers import ACCESS_KEY, SECRET_KEY, free_port, s3_client

from feeds.config_file.parse import parse_config
from feeds.documents.http_headers import stored_type
from feeds.paths import file_type
from infra.schema import SCHEMA

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
POSTS = ROOT / "examples" / "news" / "posts"
CONFIG = ROOT / "examples" / "news" / "feeds.toml"
REGION = "eu-central-1"


def section(heading: str) -> str:
    (text,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    return str(text)


def blocks(heading: str, kind: str = "") -> list[str]:
    """The code blocks of a section, of one language."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", section(heading), re.DOTALL | re.MULTILINE)
    return [text for name, text in found if name == kind]


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip(f"there is no {name} here")
    return found


def shell(command: str, folder: Path, endpoint: str, **environment: str) -> str:
    """Run a command of the page; what it printed. `.venv/bin/feeds` is the program of this test."""
    command = command.replace(".venv/bin/feeds", f"{sys.executable} -m feeds")
    # AWS CLI reads AWS_ENDPOINT_URL since 2.13 only.
    command = re.sub(r"\baws s3 ", f"aws --endpoint-url {endpoint} s3 ", command)
    inherited = {key: value for key, value in os.environ.items() if key != "AWS_CA_BUNDLE"}
    process = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env={
            **inherited,
            "PYTHONPATH": str(ROOT),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def keys(endpoint: str, bucket: str) -> dict[str, str]:
    """The keys of a bucket with their ETags."""
    listed = s3_client(endpoint).list_objects_v2(Bucket=bucket)
    return {one["Key"]: one["ETag"] for one in listed.get("Contents", [])}


def create_bucket(endpoint: str, bucket: str) -> None:
    client = s3_client(endpoint)
    for key in keys(endpoint, bucket) if bucket in names(endpoint) else ():
        client.delete_object(Bucket=bucket, Key=key)
    client.create_bucket(Bucket=bucket)


def names(endpoint: str) -> set[str]:
    return {one["Name"] for one in s3_client(endpoint).list_buckets()["Buckets"]}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A repository: posts in `_posts`, feeds.toml, and the built site in `_site`."""
    folder = tmp_path / "repository"
    shutil.copytree(POSTS / "_posts", folder / "_posts")
    (folder / "feeds.toml").write_text(
        '[site]\ntitle = "News"\nurl = "https://news.example.com/"\n'
        '[posts]\ngenerator = "jekyll"\nfolder = "_posts"\n'
    )
    (folder / "_site").mkdir()
    (folder / "_site" / "index.html").write_text("<title>A site</title>")
    return folder


# --- GitHub Actions ------------------------------------------------------------------------------

WORKFLOW = yaml.safe_load(blocks("GitHub Actions", "yaml")[0])
JOB = WORKFLOW["jobs"]["upload"]
BUCKET = JOB["env"]["POSTS"].removeprefix("s3://")
(SYNC,) = (step["run"] for step in JOB["steps"] if "run" in step)


def test_workflow_takes_a_role_and_runs_for_posts_of_the_main_branch() -> None:
    """YAML reads the key `on` as true."""
    assert WORKFLOW[True]["push"] == {"branches": ["main"], "paths": ["_posts/**"]}
    assert WORKFLOW["permissions"] == {"contents": "read", "id-token": "write"}
    (role,) = (one["with"] for one in JOB["steps"] if "role-to-assume" in one.get("with", {}))
    assert role["aws-region"] in BUCKET
    name = role["role-to-assume"].rpartition("/")[2]
    assert f"--role-name {name} " in blocks("GitHub Actions")[0]


def step_with(tool: str, endpoint: str) -> str:
    """The step of the page, for a local server: rclone does not read AWS_ENDPOINT_URL."""
    if tool == "aws":
        return str(SYNC)
    _, step = yaml.safe_load(blocks("GitHub Actions", "yaml")[1])
    return str(step["run"]).replace("provider=AWS", f'provider=Other,endpoint=\\"{endpoint}\\"')


@pytest.mark.parametrize("tool", ["aws", "rclone"])
def test_step_uploads_posts_and_deletes_those_that_are_gone(
    tool: str, site: Path, moto_server: str
) -> None:
    program(tool)
    step = step_with(tool, moto_server)
    create_bucket(moto_server, BUCKET)
    s3_client(moto_server).put_object(Bucket=BUCKET, Key="gone.md", Body=b"gone")

    shell(step, site, moto_server, **JOB["env"])

    folder = site / "_posts"
    expected = {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}
    assert len(expected) >= 10
    assert keys(moto_server, BUCKET).keys() == expected

    uploaded = modified(moto_server)
    for path in (site / "_posts").rglob("*.md"):  # a new checkout
        os.utime(path, (time.time() + 3600,) * 2)
    shell(step, site, moto_server, **JOB["env"])
    assert (modified(moto_server) == uploaded) is (tool == "rclone"), "as the page says"


def test_command_for_a_site_with_several_folders_uploads_only_posts(
    site: Path, moto_server: str
) -> None:
    program("aws")
    (command,) = re.findall(r"`(aws s3 sync \. [^`]*)`", section("GitHub Actions"))
    create_bucket(moto_server, BUCKET)
    (site / "de" / "_posts").mkdir(parents=True)
    (site / "de" / "_posts" / "2026-11-20-hallo.md").write_text("---\ntitle: Hallo\n---\nText.\n")

    shell(command, site, moto_server, **JOB["env"])

    found = keys(moto_server, BUCKET).keys()
    assert {"de/_posts/2026-11-20-hallo.md", "_posts/2026-11-13-feeds.md"} <= found
    assert {key for key in found if "_posts/" not in key} == set()


def modified(endpoint: str) -> set[tuple[str, str]]:
    """The keys with the number of their uploads: versions of a bucket that keeps all."""
    client = s3_client(endpoint)
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    listed = client.list_object_versions(Bucket=BUCKET).get("Versions", [])
    return {(one["Key"], one["VersionId"]) for one in listed}


def test_uploading_the_same_posts_again_changes_no_feed(site: Path, moto_server: str) -> None:
    """The page says so of `aws s3 sync`. The audit stands for the function here."""
    for bucket in (BUCKET, "again"):
        create_bucket(moto_server, bucket)
    client = s3_client(moto_server)
    published = []
    for _ in range(2):
        for path in (site / "_posts").rglob("*.md"):
            key = path.relative_to(site / "_posts").as_posix()
            client.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())
        shell(f".venv/bin/feeds audit s3://{BUCKET} s3://again", site, moto_server)
        found = keys(moto_server, "again").items()
        published.append({key: etag for key, etag in found if key.startswith("public/")})
    assert len(published[0]) > 20
    assert published[0] == published[1]
    shell(".venv/bin/feeds build _posts public", site, moto_server)
    stored = client.get_object(Bucket="again", Key="public/atom.xml")["Body"].read().decode()
    ids = r"<id>(tag:.*)</id>"
    assert re.findall(ids, stored) == re.findall(ids, (site / "public" / "atom.xml").read_text())


@pytest.mark.parametrize("tool", ["aws", "rclone"])
def test_role_may_do_what_the_step_does_and_no_more(tool: str, site: Path) -> None:
    """A server that checks rights, as IAM does, with a user who has upload.json alone."""
    program(tool)
    _, upload = blocks("GitHub Actions", "json")
    with guarded_server() as endpoint:
        boto3.client("s3", REGION, endpoint_url=endpoint, **KEYS).create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        iam = boto3.client("iam", REGION, endpoint_url=endpoint, **KEYS)
        iam.create_user(UserName="upload")
        iam.put_user_policy(UserName="upload", PolicyName="upload", PolicyDocument=upload)
        key = iam.create_access_key(UserName="upload")["AccessKey"]
        boto3.client("s3", REGION, endpoint_url=endpoint, **KEYS).create_bucket(
            Bucket="other", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        httpx.post(f"{endpoint}/moto-api/reset-auth", content="0")
        own = {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
        step = step_with(tool, endpoint)
        shell(step, site, endpoint, **JOB["env"], **own)
        (site / "_posts" / "2026-11-13-feeds.md").unlink()
        shell(step, site, endpoint, **JOB["env"], **own)
        with pytest.raises(AssertionError, match="AccessDenied"):
            shell("aws s3 ls s3://other", site, endpoint, **own)


KEYS = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}


@contextlib.contextmanager
def guarded_server() -> Iterator[str]:
    """A moto server in a process of its own, because rights are checked in all of a process."""
    port = free_port()
    code = f"import moto.server as s; s.main(['-H', '127.0.0.1', '-p', '{port}'])"
    environment = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "1000"}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def wait_for(port: int) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    pytest.fail(f"nothing listens on port {port}")


def test_only_the_main_branch_of_the_repository_may_take_the_role() -> None:
    """The form of the claim is that of GitHub: repo:OWNER/NAME:ref:refs/heads/BRANCH."""
    trust = json.loads(blocks("GitHub Actions", "json")[0])
    (statement,) = trust["Statement"]
    claims = statement["Condition"]["StringEquals"]
    issuer = statement["Principal"]["Federated"].partition("oidc-provider/")[2]
    assert set(claims) == {f"{issuer}:aud", f"{issuer}:sub"}
    assert re.fullmatch(r"repo:[\w-]+/[\w-]+:ref:refs/heads/main", claims[f"{issuer}:sub"])


# --- beside a site -------------------------------------------------------------------------------


def test_site_and_feeds_share_a_bucket(site: Path, moto_server: str) -> None:
    program("aws")
    sync, build = blocks("Beside a site in S3 and CloudFront")[0].splitlines()
    create_bucket(moto_server, "my-site")
    client = s3_client(moto_server)
    client.put_object(Bucket="my-site", Key="old.html", Body=b"gone")

    for _ in range(2):
        shell(sync, site, moto_server)
        shell(build, site, moto_server)

    found = keys(moto_server, "my-site").keys()
    assert "index.html" in found
    assert "old.html" not in found
    feeds = {key for key in found if key.startswith("feeds/")}
    assert {"feeds/atom.xml", "feeds/feeds.html", "feeds/category/markets/rss.xml"} <= feeds
    assert found - feeds == {"index.html"}
    stored = client.head_object(Bucket="my-site", Key="feeds/atom.xml")
    assert stored["ContentType"].startswith("application/xml")
    assert "s-maxage=" in stored["CacheControl"]

    shell(sync.replace('--exclude "feeds/*"', ""), site, moto_server)
    assert keys(moto_server, "my-site").keys() == {"index.html"}, "the page says why --exclude"


# --- nginx ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def nginx(text: str, folder: Path) -> Iterator[str]:
    """Run nginx with a file of the page as the only server; the URL of it."""
    port = free_port()
    text = text.replace("listen 80;", f"listen 127.0.0.1:{port};")
    text = text.replace("/var/cache/nginx", str(folder / "cache"))
    (folder / "cache").mkdir()
    paths = "".join(
        f"{name}_temp_path {folder / name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    main = (
        f"daemon off; {user} pid {folder / 'pid'}; error_log {folder / 'log'};\n"
        f"events {{ }}\nhttp {{ access_log off;\n{paths}{text}\n}}\n"
    )
    (folder / "nginx.conf").write_text(main)
    command = [program("nginx"), "-c", str(folder / "nginx.conf"), "-p", str(folder)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The feeds of the example, as `feeds build` writes them."""
    folder = tmp_path_factory.mktemp("srv") / "feeds"
    config = folder.parent / "feeds.toml"
    config.write_text(CONFIG.read_text().replace("[feeds]", "[feeds]\nlimit = 2"))  # has archives
    command = f".venv/bin/feeds build {POSTS} {folder} --config {config}"
    shell(command, folder.parent, "http://127.0.0.1:9")
    return folder


def documents(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


def test_nginx_serves_a_folder_with_types_compression_and_conditions(
    public: Path, tmp_path: Path
) -> None:
    text = blocks("nginx", "nginx")[0].replace("/srv/feeds", str(public))
    names = documents(public)
    assert any("/archive/" in f"/{name}" for name in names)
    with nginx(text, tmp_path) as url, httpx.Client(base_url=url) as client:
        for name in names:
            plain = client.get(f"/{name}", headers={"accept-encoding": "identity"})
            type_ = file_type(name)
            assert type_ is not None
            assert plain.headers["content-type"] == type_.content_type, name
            assert plain.content == (public / name).read_bytes()
            assert plain.headers["cache-control"] == "public, max-age=300", name
            assert plain.headers["access-control-allow-origin"] == "*", name
            zipped = client.get(f"/{name}", headers={"accept-encoding": "gzip"})
            assert zipped.headers["content-encoding"] == "gzip", name
            assert zipped.headers["vary"] == "Accept-Encoding"
            for answer in (plain, zipped):
                known = {"if-none-match": answer.headers["etag"]}
                assert client.get(f"/{name}", headers=known).status_code == 304
        assert client.get("/").content == (public / "index.html").read_bytes()
        folder = client.get("/category/markets")
        assert (folder.status_code, folder.headers["location"]) == (301, "/category/markets/")
        assert client.get("/category/markets/").status_code == 200
        assert client.get("/none.xml").status_code == 404


def test_nginx_serves_a_bucket_and_keeps_copies(
    public: Path, tmp_path: Path, moto_server: str
) -> None:
    create_bucket(moto_server, "feeds")
    config = public.parent / "bucket.toml"
    config.write_text(CONFIG.read_text())
    shell(
        f".venv/bin/feeds build {POSTS} s3://feeds/public --config {config}", tmp_path, moto_server
    )
    names = [key.removeprefix("public/") for key in keys(moto_server, "feeds")]
    (policy,) = blocks("nginx", "json")
    client = s3_client(moto_server)
    client.put_bucket_policy(Bucket="feeds", Policy=policy)
    client.put_object(Bucket="feeds", Key="state/secret", Body=b"private")
    assert httpx.get(f"{moto_server}/feeds/state/secret").status_code == 403
    assert "category/markets/atom.xml" in names
    text = blocks("nginx", "nginx")[1].replace("http://127.0.0.1:8333", moto_server)
    with nginx(text, tmp_path) as url, httpx.Client(base_url=url) as reader:
        for name in names:
            answer = reader.get(f"/{name}", headers={"accept-encoding": "gzip"})
            assert answer.status_code == 200, answer.text
            type_ = file_type(name)
            assert type_ is not None
            assert answer.headers["content-type"] == stored_type(type_.content_type)
            assert answer.headers["content-encoding"] == "gzip", name
            assert "s-maxage=60" in answer.headers["cache-control"]
            known = {"if-none-match": answer.headers["etag"]}
            assert reader.get(f"/{name}", headers=known).status_code == 304
        assert reader.get("/category/markets/").headers["content-type"].startswith("text/html")
        assert reader.get("/..%2fstate/secret").status_code == 400
        assert reader.get("/x%0d%0aHost:%20other").status_code == 404, "one request, not two"
        assert reader.post("/atom.xml").status_code == 403
        before = reader.get("/atom.xml").content
        client.delete_object(Bucket="feeds", Key="public/atom.xml")
        assert reader.get("/atom.xml").content == before, "a copy is fresh for a minute"


# --- cron ----------------------------------------------------------------------------------------


def cron_line(text: str) -> tuple[dict[str, str], str]:
    """The variables of a crontab and the command of its only line, as cron reads them."""
    *variables, line = text.splitlines()
    assert "%" not in line, "cron reads a percent sign as a new line"
    return dict(one.split("=", 1) for one in variables), line.split(maxsplit=5)[5]


@pytest.mark.parametrize("server", ["moto_server", "seaweedfs"])
def test_cron_publishes_what_is_new_in_a_bucket(
    server: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    program("flock")
    endpoint = str(request.getfixturevalue(server))
    variables, command = cron_line(blocks("cron and any S3 server", "cron")[0])
    assert variables.keys() >= {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    shutil.copyfile(CONFIG, tmp_path / "feeds.toml")
    for bucket in ("posts", "feeds"):
        create_bucket(endpoint, bucket)
    client = s3_client(endpoint)
    for path in POSTS.rglob("*.md"):
        key = path.relative_to(POSTS).as_posix()
        client.put_object(Bucket="posts", Key=key, Body=path.read_bytes())
    command = command.replace("/srv/bucketfeed", str(tmp_path))

    (check,) = blocks("cron and any S3 server")
    doctor = check.replace("AWS_ENDPOINT_URL=http://127.0.0.1:8333 ", "")
    shell(doctor.strip(), tmp_path, endpoint, AWS_REGION=variables["AWS_REGION"])
    shell(command, tmp_path, endpoint, AWS_REGION=variables["AWS_REGION"])
    assert (
        "12 new" in (tmp_path / "audit.log").read_text()
        or "13 new" in (tmp_path / "audit.log").read_text()
    )
    assert "public/category/markets/atom.xml" in keys(endpoint, "feeds")

    new = b"---\ntitle: By cron\ndate: 2026-11-20\ncategories: markets\n---\nText.\n"
    client.put_object(Bucket="posts", Key="_posts/2026-11-20-cron.md", Body=new)
    shell(command, tmp_path, endpoint, AWS_REGION=variables["AWS_REGION"])
    feed = client.get_object(Bucket="feeds", Key="public/category/markets/atom.xml")
    assert b"By cron" in feed["Body"].read()


def test_cron_builds_a_folder(tmp_path: Path) -> None:
    program("flock")
    variables, command = cron_line(blocks("cron and any S3 server", "cron")[1])
    assert variables == {}
    shutil.copyfile(CONFIG, tmp_path / "feeds.toml")
    shutil.copytree(POSTS, tmp_path / "posts")
    out = tmp_path / "srv"
    command = command.replace("/srv/bucketfeed", str(tmp_path)).replace("/srv/feeds", str(out))

    shell(command, tmp_path, "http://127.0.0.1:9")

    assert (out / "category" / "markets" / "atom.xml").exists()
    assert "documents written" in (tmp_path / "build.log").read_text()


# --- editors -------------------------------------------------------------------------------------


def test_line_for_editors_names_the_file_and_is_a_comment_for_the_program() -> None:
    (line,) = blocks("An editor that knows feeds.toml", "toml")
    assert line.strip() == f"#:schema ./{SCHEMA.name}"
    assert parse_config(line + CONFIG.read_text()).site.title
