"""The file deploy.STAGE.yml, which remembers the region and the parameters of a stage."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
import yaml
from moto import mock_aws
from support.emitted import ROOT, Resolved, Template, emit

from feeds.errors import FeedsError
from infra.stage import PARAMETERS, region_of

FILE = "deploy.prod.yml"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def parameters() -> dict[str, dict[str, str]]:
    """The parameters of the template. Its conditions have tags of CloudFormation alone."""
    text = (ROOT / "infra" / "parameters.yml").read_text()
    return yaml.safe_load(text.partition("\nConditions:")[0])["Parameters"]  # type: ignore[no-any-return]


@mock_aws
def test_region_is_remembered_for_later_deployments(tmp_path: Path) -> None:
    assert region_of("prod", "eu-central-1", tmp_path) == "eu-central-1"
    assert region_of("prod", "", tmp_path) == "eu-central-1"
    assert region_of("prod", "eu-central-1", tmp_path) == "eu-central-1"


def test_region_must_be_named_once(tmp_path: Path) -> None:
    with pytest.raises(FeedsError, match="make deploy STAGE=prod REGION="):
        region_of("prod", "", tmp_path)
    assert not list(tmp_path.iterdir())


def test_another_region_would_make_a_second_stack_and_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("region: eu-central-1\n")

    with pytest.raises(FeedsError, match="eu-central-1, not in us-east-1"):
        region_of("prod", "us-east-1", tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("region: eu-central-1\nalarmMail: a@example.com\n", "no setting alarmMail"),
        ("region: eu-central-1\npostsFolder: 2026\n", "postsFolder must be a text"),
        ("alarmEmail: a@example.com\n", "region is needed"),
        ("region: Frankfurt\n", "region is needed"),
        ("eu-central-1\n", "one setting on each line"),
        ("region: [\n", "is not YAML"),
    ],
)
def test_mistake_in_the_file_is_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text)

    with pytest.raises(FeedsError, match=message) as raised:
        region_of("prod", "", tmp_path)
    assert str(raised.value).startswith(FILE)


@mock_aws
def test_file_of_an_existing_stack_gets_its_parameters(tmp_path: Path) -> None:
    """Without them, a deployment from a second checkout would take the e-mail address away."""
    body = {
        "Parameters": {name: {"Type": "String", "Default": ""} for name in parameters()},
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
    }
    given = {"AlarmEmail": "desk@example.com", "ExistingPosts": "my-site", "Certificate": "none"}
    boto3.client("cloudformation", "eu-west-1").create_stack(
        StackName="bucketfeed-prod",
        TemplateBody=json.dumps(body),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in given.items()],
    )

    region_of("prod", "eu-west-1", tmp_path)

    assert yaml.safe_load((tmp_path / FILE).read_text()) == {
        "region": "eu-west-1",
        "alarmEmail": "desk@example.com",
        "postsBucket": "my-site",
    }


def test_parameters_are_those_of_the_template() -> None:
    params = {name: one["Default"] for name, one in parameters().items()}

    assert params == {template: f"${{param:{name}}}" for name, template in PARAMETERS.items()}


def test_git_ignores_the_files() -> None:
    command = ["git", "-C", str(ROOT), "check-ignore", FILE, "deploy.dev.yml"]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode == 128:
        pytest.skip("this is not a git checkout")
    assert process.stdout.split() == [FILE, "deploy.dev.yml"]


@pytest.mark.slow
def test_deployment_takes_its_settings_from_the_file(tmp_path: Path, template: Template) -> None:
    settings = {
        "region": "eu-central-1",
        "alarmEmail": "desk@example.com",
        "domain": "feeds.example.com",
        "certificate": "12345678-90ab-cdef-1234-567890abcdef",
        "postsBucket": "my-site",
        "postsFolder": "content/posts",
    }
    file = tmp_path / FILE
    file.write_text(yaml.safe_dump(settings))

    emit(tmp_path / "template.json", region="", beside=[file])

    made = Resolved(json.loads((tmp_path / "template.json").read_text()))
    values = {name: made.values[parameter] for name, parameter in PARAMETERS.items()}
    assert values == {name: settings[name] for name in PARAMETERS}
    assert {name: one["Default"] for name, one in template["Parameters"].items()} == {
        **dict.fromkeys(PARAMETERS.values(), ""),
        "Certificate": "none",
    }


@pytest.mark.slow
def test_make_deploy_without_a_region_does_nothing(tmp_path: Path) -> None:
    """make stops at the first target of `deploy`, before it packages anything."""
    for name in ("Makefile", "requirements-build.lock", "requirements-dev.lock", "pyproject.toml"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    for name in ("infra", "feeds"):
        (tmp_path / name).symlink_to(ROOT / name)
    folder = tmp_path / "venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (folder / "python").chmod(0o755)
    (tmp_path / "venv" / ".installed").touch()

    command = ["make", "deploy", "STAGE=prod", "VENV=venv"]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert process.returncode == 2
    assert "Name it once: make deploy STAGE=prod REGION=" in process.stderr
    assert re.search("osls|function.zip", process.stdout) is None
    assert not (tmp_path / "build").exists()
