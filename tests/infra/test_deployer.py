"""infra/deployer.json: what whoever deploys may do, beside what CloudFormation and osls do.

CloudFormation acts with the rights of whoever deploys. The schema of each resource type lists the
actions that it calls to create, read, update and delete one; cfn-lint has these schemas, and a list
of all actions of IAM with their kinds of resources.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from support.emitted import ACCOUNT, OSLS, ROOT, STACK, Template

cfnlint = pytest.importorskip("cfnlint", reason="there is no cfn-lint here: pip install cfn-lint")

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # noqa: E402

pytestmark = pytest.mark.slow

POLICY = json.loads((ROOT / "infra" / "deployer.json").read_text())
ACTIONS_OF_IAM = json.loads(
    (Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json").read_text()
)
REGION = "eu-central-1"

# Properties that this stack does not use, and the actions that only they need. A test checks that
# the template has none of these properties.
UNUSED = {
    "KmsKeyArn|KmsMasterKeyId|KMSMasterKeyID|KmsKeyId": (
        r"kms:.+|logs:(Associate|Disassociate)KmsKey"
    ),
    "VpcConfig": r"ec2:.+",
    "FileSystemConfigs": r"elasticfilesystem:.+|s3files:.+",
    "Layers": r"lambda:GetLayerVersion",
    "CodeSigningConfigArn": r"lambda:GetCodeSigningConfig",
    "CapacityProviderConfig": r"lambda:PassCapacityProvider",
    "VpcOriginConfig": r"cloudfront:GetVpcOrigin",
    "ConnectionMode": r"cloudfront:(Create|Get)ConnectionGroup",
    "Staging": r"cloudfront:UpdateDistributionWithStagingConfig",
    "MetadataTableConfiguration|MetadataConfiguration": (
        r"s3tables:.+|s3:(Create|Update)BucketMetadata\w+"
    ),
    "FieldIndexPolicies": r"logs:(Put|Delete)IndexPolicy",
    "ResourcePolicyDocument": r"logs:(Put|Delete)ResourcePolicy|logs:CreateLogDelivery",
    "DataProtectionPolicy": r"(logs|sns):PutDataProtectionPolicy|firehose:.+",
    "BearerTokenAuthenticationEnabled": r"logs:PutBearerTokenAuthentication",
    "DeletionProtectionEnabled": r"logs:PutLogGroupDeletionProtection",
    "ObjectLambda|AccessControl": r"s3:(PutObjectAcl|PutBucketAcl)",
}

# The kind of resource, in IAM's words, and the name of one of this stack.
KINDS = {
    "AWS::CloudFront::CachePolicy": ("cache-policy", "an-id"),
    "AWS::CloudFront::Distribution": ("distribution", "AN1ID"),
    "AWS::CloudFront::Function": ("function", f"{STACK}-{REGION}"),
    "AWS::CloudFront::OriginAccessControl": ("origin-access-control", "AN1ID"),
    "AWS::CloudFront::ResponseHeadersPolicy": ("response-headers-policy", "an-id"),
    "AWS::CloudWatch::Alarm": ("alarm", f"{STACK}-QueueIsOld-1ABC"),
    "AWS::CloudWatch::Dashboard": ("dashboard", f"{STACK}-{REGION}"),
    "AWS::Events::Rule": ("rule-on-default-event-bus", f"{STACK}-PostsRule-1ABC"),
    "AWS::IAM::Role": ("role", f"{STACK}-PublishRole-1ABC"),
    "AWS::Lambda::EventInvokeConfig": ("function", f"{STACK}-audit"),
    "AWS::Lambda::EventSourceMapping": ("eventSourceMapping", "an-id"),
    "AWS::Lambda::Function": ("function", f"{STACK}-publish"),
    "AWS::Lambda::Permission": ("function", f"{STACK}-audit"),
    "AWS::Logs::LogGroup": ("log-group", f"/aws/lambda/{STACK}-publish"),
    "AWS::S3::Bucket": ("bucket", f"{STACK}-feeds-{ACCOUNT}-{REGION}"),
    "AWS::S3::BucketPolicy": ("bucket", f"{STACK}-feeds-{ACCOUNT}-{REGION}"),
    "AWS::SNS::Topic": ("topic", f"{STACK}-AlarmTopic-1ABC"),
    "AWS::SQS::Queue": ("queue", f"{STACK}-notify.fifo"),
    "AWS::SQS::QueuePolicy": ("queue", f"{STACK}-publish"),
    "AWS::Scheduler::ScheduleGroup": ("schedule-group", f"{STACK}-publish"),
}
# Actions of these types on resources of another kind.
OTHERS = {
    "role": f"{STACK}-PublishRole-1ABC",
    "schedule": f"{STACK}-publish/p-1",
    "object": f"{STACK}-serverlessdeploymentbucket-1abc/function.zip",
}


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def is_allowed(action: str, arn: str) -> bool:
    """Whether a statement allows it. IAM ignores the case of actions, and a star matches all."""
    return any(
        any(fnmatchcase(action.lower(), one.lower()) for one in listed(statement["Action"]))
        and any(fnmatchcase(arn, one) for one in listed(statement["Resource"]))
        for statement in POLICY["Statement"]
    )


def spec(action: str) -> dict[str, Any] | None:
    """What IAM says of an action; None if IAM has no such action. Some schemas name such ones."""
    service, _, name = action.partition(":")
    found: dict[str, Any] | None = ACTIONS_OF_IAM[service]["Actions"].get(name.lower())
    return found


def arn_of(service: str, kind: str, name: str) -> str:
    """An ARN of this account; a name fills the first place that IAM leaves open."""
    form = ACTIONS_OF_IAM[service]["Resources"][kind.lower()]["ARNFormats"][0]
    form = form.replace(".*", name, 1).replace("/.*", "").replace(":.*", "")
    values = {"Partition": "aws", "Region": REGION, "Account": ACCOUNT}
    return re.sub(r"\$\{(\w+)\}", lambda found: values.get(found[1], name), form)


def needed_by(type_: str) -> Iterator[tuple[str, str]]:
    """The actions, each with the ARN that it is for, that CloudFormation needs for a type."""
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", type_).schema["handlers"]
    kind, name = KINDS[type_]
    actions = {
        action
        for handler in ("create", "read", "update", "delete")
        for action in handlers.get(handler, {}).get("permissions", [])
    }
    for action in sorted(actions):
        if any(re.fullmatch(unused, action) for unused in UNUSED.values()):
            continue
        known = spec(action)
        if known is None:
            continue
        kinds = known.get("Resources", [])
        if not kinds:
            yield action, "*"
        elif kind in kinds:
            yield action, arn_of(action.split(":")[0], kind, name)
        else:
            (other,) = OTHERS.keys() & set(kinds)
            yield action, arn_of(action.split(":")[0], other, OTHERS[other])


def types_of(template: Template) -> set[str]:
    return {resource["Type"] for resource in template["Resources"].values()}


def test_policy_allows_what_cloudformation_does_with_each_resource(template: Template) -> None:
    assert types_of(template) == KINDS.keys()
    needed = {
        (type_, action, arn) for type_ in types_of(template) for action, arn in needed_by(type_)
    }
    assert len(needed) > 150
    assert {one for one in needed if not is_allowed(*one[1:])} == set()


def test_stack_does_not_use_the_properties_that_need_more(template: Template) -> None:
    names = set(re.findall(r'"(\w+)":', json.dumps(template["Resources"])))
    assert names & set("|".join(UNUSED).split("|")) == set()


# The names of calls are those of actions, but for these.
ACTION_OF_CALL = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:DeleteObjects": "s3:DeleteObject",
}
# Calls that osls makes only for services with APIs, container images, log events, exports or a
# stack policy, or (ECR) goes on without.
NOT_CALLED = (
    r"(apigateway\w*|api-gateway|ecr|cloudwatch-logs):.+"
    r"|cloudformation:(SetStackPolicy|ListExports)"
)


def calls_of_osls() -> set[str]:
    """The calls in the modules of osls that deploy, remove and describe a stack, as actions."""
    if not OSLS.exists():
        pytest.skip("there is no osls here: npm ci")
    calls = set()
    folder = ROOT / "node_modules" / "osls" / "lib" / "plugins" / "aws"
    for part in ("deploy", "remove", "info", "lib"):
        for file in (folder / part).rglob("*.js"):
            text = file.read_text()
            for names, client in re.findall(
                r"const \{([^}]*)\} = require\('@aws-sdk/client-([\w-]+)'\)", text
            ):
                calls |= {f"{client}:{name}" for name in re.findall(r"(\w+)Command\b", names)}
    return {ACTION_OF_CALL.get(call, call) for call in calls if not re.fullmatch(NOT_CALLED, call)}


ARNS = {
    "cloudformation": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/1",
    "s3": f"arn:aws:s3:::{STACK}-serverlessdeploymentbucket-1abc",
    "lambda": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-publish",
}
# What the commands of docs/deploy.md and infra/error_page.py do beside osls, and what IAM asks for
# beside the calls: tags of the stack, uploads in parts, versions in a bucket to remove.
BESIDE = {
    "cloudformation:TagResource",
    "cloudformation:UntagResource",
    "s3:PutObject",
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:ListBucketVersions",
    "lambda:InvokeFunction",
}


def test_policy_allows_what_osls_calls() -> None:
    calls = calls_of_osls()
    assert {"cloudformation:CreateChangeSet", "s3:ListBucket", "lambda:GetFunction"} <= calls
    denied = {
        action
        for action in calls | BESIDE
        if not is_allowed(
            action,
            ARNS[action.split(":")[0]] if (spec(action) or {}).get("Resources") else "*",
        )
    }
    assert denied == set()


def test_policy_allows_nothing_that_is_not_needed(template: Template) -> None:
    """Each action of the policy, also one with a star, is one that the others tests need."""
    needed = {action for type_ in types_of(template) for action, _ in needed_by(type_)}
    needed |= calls_of_osls() | BESIDE
    unneeded = {
        action
        for statement in POLICY["Statement"]
        for action in listed(statement["Action"])
        if not any(fnmatchcase(one.lower(), action.lower()) for one in needed)
    }
    assert unneeded == set()


def test_policy_names_this_service_wherever_aws_has_names() -> None:
    """The ARNs of these kinds have ids that AWS chooses, so that no pattern can select them."""
    ids = {"eventSourceMapping", "distribution", "cache-policy"}
    ids |= {"origin-access-control", "response-headers-policy"}
    for statement in POLICY["Statement"]:
        for arn in listed(statement["Resource"]):
            if "bucketfeed-" in arn or arn.endswith(":event-source-mapping:*"):
                continue
            assert arn == "*"
            for action in listed(statement["Action"]):
                service, _, name = action.lower().partition(":")
                for one, known in ACTIONS_OF_IAM[service]["Actions"].items():
                    if fnmatchcase(one, name):
                        kinds = set(known.get("Resources", []))
                        assert not kinds or kinds & ids, action


def test_policy_fits_into_a_managed_policy() -> None:
    """IAM: 6,144 characters without white space."""
    assert len(re.sub(r"\s", "", json.dumps(POLICY))) <= 6144


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("s3:DeleteBucket", "arn:aws:s3:::my-site"),
        ("s3:GetObject", "arn:aws:s3:::my-site/index.html"),
        ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/admin"),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:other"),
        ("cloudformation:DeleteStack", f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/other/1"),
        ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/bucketfeed-user"),
    ],
)
def test_policy_does_not_allow_other_things_of_the_account(action: str, arn: str) -> None:
    assert spec(action) is not None
    assert not is_allowed(action, arn)
