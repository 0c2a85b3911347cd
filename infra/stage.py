"""The settings of a stage: the file deploy.STAGE.yml, which git ignores → its region, checked.

The file remembers the region and the parameters, so that a later deployment without them changes
the same stack, and does not create a second one. serverless.yml reads them from there.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import boto3
import yaml
from botocore.exceptions import BotoCoreError, ClientError

from feeds.errors import FeedsError

PARAMETERS = {
    "alarmEmail": "AlarmEmail",
    "domain": "Domain",
    "certificate": "Certificate",
    "postsBucket": "ExistingPosts",
    "postsFolder": "PostsFolder",
}
"""The keys beside `region`: params of serverless.yml, with their parameters in the template."""

_HEADER = "# Settings of the stage {stage}. docs/deploy.md explains them. Git ignores this file.\n"


def region_of(stage: str, region: str, folder: Path = Path()) -> str:
    """Return the region of a stage. Creates the stage's file if there is none.

    `region` is the one that the command names, ``""`` if it names none. A new file gets the
    parameters of the stack, if the stack exists in that region: somebody has deployed it from
    another checkout. Raises FeedsError if the region is not known or differs, if the file has a
    mistake, or if AWS does not answer.
    """
    file = folder / f"deploy.{stage}.yml"
    if not file.exists():
        if not region:
            raise FeedsError(
                f"{file.name} does not exist, so the region of the stage {stage} is not known. "
                f"Name it once: make deploy STAGE={stage} REGION=eu-central-1"
            )
        settings = {"region": region, **_deployed(f"bucketfeed-{stage}", region)}
        text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
        file.write_text(_HEADER.format(stage=stage) + text, encoding="utf-8")
        return region
    known = _read(file)["region"]
    if region not in ("", known):
        raise FeedsError(
            f"{file.name}: the stage {stage} is in {known}, not in {region}. In another region, "
            "the same command would create a second stack. Use another STAGE for it, or remove "
            f"the stack in {known} and delete the file"
        )
    return known


def _read(file: Path) -> dict[str, str]:
    try:
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FeedsError(f"{file.name} is not YAML: {error}") from None
    if not isinstance(settings, dict):
        raise FeedsError(f"{file.name}: write one setting on each line, such as region: eu-west-1")
    for name, value in settings.items():
        if name != "region" and name not in PARAMETERS:
            names = ", ".join(["region", *PARAMETERS])
            raise FeedsError(f"{file.name}: there is no setting {name}; there are {names}")
        if not isinstance(value, str):
            raise FeedsError(f"{file.name}: {name} must be a text; put it in quotation marks")
    if not re.fullmatch(r"[a-z]{2,}(-[a-z]+)+-\d+", settings.get("region", "")):
        raise FeedsError(f"{file.name}: region is needed, such as region: eu-central-1")
    return settings


def _deployed(stack: str, region: str) -> dict[str, str]:
    """The parameters of a stack that differ from the defaults; {} if there is no such stack."""
    try:
        client = boto3.client("cloudformation", region)
        (found,) = client.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return {}
        raise FeedsError(f"AWS was asked whether {stack} exists, and answered: {error}") from None
    except (BotoCoreError, ValueError) as error:
        raise FeedsError(f"AWS was asked whether {stack} exists: {error}") from None
    values = {one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", [])}
    return {
        name: values[parameter]
        for name, parameter in PARAMETERS.items()
        if values.get(parameter, "") not in ("", "none")
    }


def main() -> None:
    """Print the region of a stage; write its file if there is none."""
    parser = argparse.ArgumentParser(description="Print the region of a stage.")
    parser.add_argument("stage")
    parser.add_argument("region", nargs="?", default="", help="the region that the command names")
    options = parser.parse_args()
    try:
        print(region_of(options.stage, options.region))
    except FeedsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
