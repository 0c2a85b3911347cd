"""Makes the CloudFormation template of serverless.yml with osls, and resolves its functions.

`emit` packages a copy of the service, as `make deploy` does, without a network or an account.
`Resolved` evaluates the intrinsic functions, as CloudFormation does, in one account and region.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from support.shared import once

ROOT = Path(__file__).parent.parent.parent
OSLS = ROOT / "node_modules" / ".bin" / "osls"
ACCOUNT, REGION, STAGE = "123456789012", "us-east-1", "prod"
STACK = f"bucketfeed-{STAGE}"

Template = dict[str, Any]


def emit(target: Path, *params: str, region: str = REGION, beside: Sequence[Path] = ()) -> None:
    """Write the template, with params as ``name=value``. Skips the test if there is no osls.

    `beside` are files to copy beside serverless.yml. Without a region, osls takes that of a file.
    """
    if not OSLS.exists():
        pytest.skip("there is no osls here: npm ci")
    with TemporaryDirectory(prefix="emitted-") as folder:
        service = Path(folder)
        shutil.copytree(ROOT / "infra", service / "infra")
        for name in ("serverless.yml", "package.json"):
            shutil.copyfile(ROOT / name, service / name)
        for file in beside:
            shutil.copyfile(file, service / file.name)
        (service / "node_modules").symlink_to(ROOT / "node_modules")
        (service / "build").mkdir()
        (service / "build" / "function.zip").write_bytes(b"no function")
        (service / "build" / "edge.json").write_text('{"code": "function handler(e) {}"}')
        command = [str(OSLS), "package", "--stage", STAGE]
        command += ["--region", region] if region else []
        command += [word for param in params for word in ("--param", param)]
        done = subprocess.run(command, cwd=service, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        made = service / ".serverless" / "cloudformation-template-update-stack.json"
        shutil.copyfile(made, target)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The template of serverless.yml with its own params."""
    file = once(tmp_path_factory, "template.json", emit)
    return json.loads(file.read_text())  # type: ignore[no-any-return]


class Resolved:
    """A template with its conditions and references resolved.

    `Ref` and `Fn::GetAtt` of a resource give the value that tests need (ARNs, URLs, bucket names),
    or else ``<Name.Attribute>``.
    """

    def __init__(self, template: Template, **parameters: str) -> None:
        self.template = template
        self.values: dict[str, Any] = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Region": REGION,
            "AWS::Partition": "aws",
            "AWS::StackName": STACK,
            "AWS::NoValue": None,
        }
        for name, parameter in template["Parameters"].items():
            self.values[name] = parameters.get(name, parameter["Default"])

    def resources(self, kind: str = "") -> dict[str, dict[str, Any]]:
        """The properties, by name, of the resources of a type whose condition holds."""
        return {
            name: self.of(resource.get("Properties", {}))
            for name, resource in self.template["Resources"].items()
            if kind in ("", resource["Type"])
            if "Condition" not in resource or self.holds(resource["Condition"])
        }

    def outputs(self) -> dict[str, Any]:
        return {name: self.of(one["Value"]) for name, one in self.template["Outputs"].items()}

    def holds(self, condition: str) -> bool:
        return bool(self.of(self.template["Conditions"][condition]))

    def of(self, value: Any) -> Any:
        """The value with its intrinsic functions resolved, and without AWS::NoValue."""
        if isinstance(value, list):
            return [made for one in value if (made := self.of(one)) is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, given), *_ = value.items()
            if name == "Ref":
                return self._reference(given)
            if name == "Condition" and isinstance(given, str):
                return self.holds(given)
            if name.startswith("Fn::"):
                return getattr(self, "_" + name[4:].lower())(given)
        made = {key: self.of(one) for key, one in value.items()}
        return {key: one for key, one in made.items() if one is not None}

    def _if(self, given: list[Any]) -> Any:
        return self.of(given[1] if self.holds(given[0]) else given[2])

    def _equals(self, given: list[Any]) -> bool:
        one, other = self.of(given)
        return bool(one == other)

    def _not(self, given: list[Any]) -> bool:
        return not self.of(given)[0]

    def _join(self, given: list[Any]) -> str:
        return str(given[0]).join(self.of(given[1]))

    def _getatt(self, given: list[str]) -> Any:
        return self._attribute(*given)

    def _sub(self, given: Any) -> str:
        text, own = given if isinstance(given, list) else (given, {})
        own = self.of(own)

        def put(found: re.Match[str]) -> str:
            name = found[1]
            if name in own:
                return str(own[name])
            if "." in name:
                return str(self._attribute(*name.split(".", 1)))
            return str(self._reference(name))

        return re.sub(r"\$\{([\w:.]+)\}", put, text)

    def _reference(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        resource = self.template["Resources"][name]
        match resource["Type"]:
            case "AWS::S3::Bucket" if "BucketName" in resource["Properties"]:
                return self.of(resource["Properties"]["BucketName"])
            case "AWS::SQS::Queue":
                name = self.of(resource["Properties"]["QueueName"])
                return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"
            case "AWS::Scheduler::ScheduleGroup":
                return self.of(resource["Properties"]["Name"])
            case "AWS::Lambda::Function":
                return resource["Properties"]["FunctionName"]
        return f"<{name}>"

    def _attribute(self, name: str, attribute: str) -> Any:
        resource = self.template["Resources"][name]
        properties = resource.get("Properties", {})
        match resource["Type"], attribute:
            case "AWS::S3::Bucket", "Arn":
                return f"arn:aws:s3:::{self._reference(name)}"
            case "AWS::SQS::Queue", "Arn":
                return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.of(properties['QueueName'])}"
            case "AWS::SQS::Queue", "QueueName":
                return self.of(properties["QueueName"])
            case "AWS::Scheduler::ScheduleGroup", "Arn":
                at = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group"
                return f"{at}/{self.of(properties['Name'])}"
            case "AWS::IAM::Role", "Arn":
                return f"arn:aws:iam::{ACCOUNT}:role/{name}"
        return f"<{name}.{attribute}>"
