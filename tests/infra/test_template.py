"""The CloudFormation template that osls makes of serverless.yml and infra/."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.emitted import ACCOUNT, ROOT, STACK, Resolved, Template, emit

from feeds import paths
from feeds.aws import scheduler
from feeds.aws.events import parse_messages
from feeds.aws.metrics import NAMESPACE
from feeds.documents.http_headers import CACHE_CONTROL
from feeds.publishing import websub
from infra import package
from infra.package import RUNTIME

pytestmark = pytest.mark.slow

OTHERS = {"ExistingPosts": "their-site", "PostsFolder": "site/posts"}
FULL = {
    "AlarmEmail": "desk@example.com",
    "Domain": "feeds.example.com",
    "Certificate": "12345678-90ab-cdef-1234-567890abcdef",
}


@pytest.fixture(scope="module")
def made(template: Template) -> Resolved:
    return Resolved(template)


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"]]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def mapping(made: Resolved, queue: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The event source mapping of a queue, the queue, and the function that it starts."""
    arn = made.of({"Fn::GetAtt": [queue, "Arn"]})
    mappings = made.resources("AWS::Lambda::EventSourceMapping").values()
    (found,) = (one for one in mappings if one["EventSourceArn"] == arn)
    function = found["FunctionName"].removeprefix("<").removesuffix(".Arn>")
    return found, made.resources()[queue], made.resources()[function]


@pytest.mark.parametrize("parameters", [{}, OTHERS, FULL])
def test_cfn_lint_finds_nothing(
    template: Template, parameters: dict[str, str], tmp_path: Path
) -> None:
    """W3005 is ignored: osls writes a dependency twice."""
    lint = shutil.which("cfn-lint", path=str(Path(sys.executable).parent))
    lint = lint or shutil.which("cfn-lint")
    if lint is None:
        pytest.skip("there is no cfn-lint here: pip install cfn-lint")
    known = template["Parameters"]
    given = {name: {**known[name], "Default": value} for name, value in parameters.items()}
    file = tmp_path / "template.json"
    file.write_text(json.dumps({**template, "Parameters": {**known, **given}}))

    process = subprocess.run(
        [lint, "--ignore-checks", "W3005", "--", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (process.stdout, process.returncode) == ("", 0)


def test_the_params_of_a_stage_become_parameters_of_the_stack(
    template: Template, tmp_path: Path
) -> None:
    parameter_of = {
        "alarmEmail": "AlarmEmail",
        "domain": "Domain",
        "certificate": "Certificate",
        "postsBucket": "ExistingPosts",
        "postsFolder": "PostsFolder",
    }
    values = {**OTHERS, **FULL}

    emit(
        tmp_path / "template.json",
        *(f"{param}={values[parameter_of[param]]}" for param in parameter_of),
    )

    parameters = json.loads((tmp_path / "template.json").read_text())["Parameters"]
    assert {name: one["Default"] for name, one in parameters.items()} == values
    for name, parameter in template["Parameters"].items():
        pattern = parameter.get("AllowedPattern", ".*")
        assert re.fullmatch(pattern, values[name]), name
        assert re.fullmatch(pattern, parameter["Default"]), name


# --- functions -----------------------------------------------------------------------------------


def test_the_runtime_of_the_functions_is_the_python_of_their_byte_code(made: Resolved) -> None:
    functions = made.resources("AWS::Lambda::Function")

    assert set(functions) == {f"{name}LambdaFunction" for name in ("Publish", "Notify", "Audit")}
    for function in functions.values():
        assert function["Runtime"] == "python" + ".".join(map(str, RUNTIME))
        assert function["Architectures"] == ["arm64"]
        assert {"Key": "stage", "Value": "prod"} in function["Tags"]


def test_each_function_gets_the_environment_variables_that_it_reads(made: Resolved) -> None:
    """The code reads each variable that is set, and each one that it requires is set."""
    asking = ("required_variable", "shared_queue", "os.environ.get")
    read = {
        node.args[0].value
        for source in [ROOT / "handler.py", *(ROOT / "feeds").rglob("*.py")]
        if package.is_used(source.relative_to(ROOT).as_posix())
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in asking
        if isinstance(node.args[0], ast.Constant)
    }
    of_glibc = {"MALLOC_ARENA_MAX"}
    set_ = {
        name: set(function.get("Environment", {}).get("Variables", {})) - of_glibc
        for name, function in made.resources("AWS::Lambda::Function").items()
    }

    # FEEDS_CONFIG has a default: the file beside handler.py in the zip. Lambda sets the other two.
    others = {"FEEDS_CONFIG", "AWS_LAMBDA_FUNCTION_NAME", "_HANDLER"}
    assert set().union(*set_.values()) == read - others
    stores = {"POSTS_URL", "FEEDS_URL"}
    queue = {"PUBLISH_QUEUE_URL", "SCHEDULER_ROLE_ARN"}
    assert set_["PublishLambdaFunction"] == {*stores, *queue, "NOTIFY_QUEUE_URL"}
    assert set_["NotifyLambdaFunction"] == set()
    assert set_["AuditLambdaFunction"] == {*stores, *queue}


@pytest.mark.parametrize(
    ("parameters", "url"),
    [
        ({}, f"s3://{STACK}-posts-{ACCOUNT}-us-east-1/"),
        ({"PostsFolder": "a/b"}, f"s3://{STACK}-posts-{ACCOUNT}-us-east-1/a/b"),
        (OTHERS, "s3://their-site/site/posts"),
    ],
)
def test_posts_url_is_the_bucket_and_folder_of_the_parameters(
    template: Template, parameters: dict[str, str], url: str
) -> None:
    made = Resolved(template, **parameters)
    function = made.resources()["PublishLambdaFunction"]

    assert function["Environment"]["Variables"]["POSTS_URL"] == url
    assert made.outputs()["PostsBucket"] == url.split("/")[2]


@pytest.mark.parametrize("queue", ["PublishQueue", "NotifyQueue"])
def test_the_visibility_timeout_is_longer_than_six_function_timeouts(
    made: Resolved, queue: str
) -> None:
    found, properties, function = mapping(made, queue)
    window = found.get("MaximumBatchingWindowInSeconds", 0)

    assert properties["VisibilityTimeout"] >= 6 * function["Timeout"] + window


@pytest.mark.parametrize("queue", ["PublishQueue", "NotifyQueue"])
def test_queues_report_failures_of_single_messages(made: Resolved, queue: str) -> None:
    found, _, _ = mapping(made, queue)

    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert found["ScalingConfig"]["MaximumConcurrency"] >= 2
    assert found["BatchSize"] <= 10 or found["MaximumBatchingWindowInSeconds"] >= 1


def test_pings_time_out_before_the_notify_function_does(made: Resolved) -> None:
    _, _, function = mapping(made, "NotifyQueue")

    assert function["Timeout"] > 2 * websub.DEADLINE


def test_the_audit_runs_daily(made: Resolved) -> None:
    (rule,) = made.resources("AWS::Events::Rule").values()

    assert rule["ScheduleExpression"] == "cron(17 3 * * ? *)"
    assert rule["Targets"][0]["Arn"] == "<AuditLambdaFunction.Arn>"


# --- queues --------------------------------------------------------------------------------------


@pytest.mark.parametrize("queue", ["PublishQueue", "NotifyQueue"])
def test_each_queue_has_a_dead_letter_queue_that_keeps_messages_for_14_days(
    made: Resolved, queue: str
) -> None:
    queues = made.resources("AWS::SQS::Queue")
    redrive = queues[queue]["RedrivePolicy"]
    dead = queues[queue.replace("Queue", "DeadQueue")]

    assert redrive["deadLetterTargetArn"].endswith(f":{dead['QueueName']}")
    assert redrive["maxReceiveCount"] >= 5
    assert dead["MessageRetentionPeriod"] == 14 * 86400 > queues[queue]["MessageRetentionPeriod"]
    assert dead.get("FifoQueue") == queues[queue].get("FifoQueue")


def test_queues_are_encrypted_and_polled_long(made: Resolved) -> None:
    queues = made.resources("AWS::SQS::Queue")

    assert len(queues) == 4
    assert all(queue["SqsManagedSseEnabled"] is True for queue in queues.values())
    for name in ("PublishQueue", "NotifyQueue"):
        assert queues[name]["ReceiveMessageWaitTimeSeconds"] == 20


def test_the_delay_of_pings_is_longer_than_caches_keep_a_copy(made: Resolved) -> None:
    delay = made.resources()["NotifyQueue"]["DelaySeconds"]
    fresh = {name: int(seconds) for name, seconds in re.findall(r"([a-z-]+)=(\d+)", CACHE_CONTROL)}

    assert delay == websub.DELAY
    assert delay >= websub.WINDOW + fresh["s-maxage"] + fresh["stale-while-revalidate"]
    assert delay <= 900, "the longest delay of SQS"
    assert websub.WINDOW <= 300, "a FIFO queue drops repeats for five minutes"


def test_only_the_posts_bucket_can_send_to_the_queue(made: Resolved) -> None:
    (policy,) = made.resources("AWS::SQS::QueuePolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"] == made.of({"Fn::GetAtt": ["PublishQueue", "Arn"]})
    assert statement["Condition"] == {
        "ArnEquals": {"aws:SourceArn": made.of({"Fn::GetAtt": ["PostsBucket", "Arn"]})},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }


# --- where posts come from -----------------------------------------------------------------------


def test_the_bucket_sends_all_events_that_change_a_post_in_its_folder(
    template: Template,
) -> None:
    made = Resolved(template, PostsFolder="a/b")
    bucket = made.resources()["PostsBucket"]
    told = bucket["NotificationConfiguration"]["QueueConfigurations"]
    url = made.resources()["PublishLambdaFunction"]["Environment"]["Variables"]["POSTS_URL"]

    for one in told:
        kind = one["Event"].removeprefix("s3:").removesuffix("*")
        (message,) = parse_messages(notification(kind, f"{PREFIX}x.md"), f"{url}")
        assert message.keys == ("x.md",), one["Event"]
        assert one["Filter"] == {"S3Key": {"Rules": [{"Name": "prefix", "Value": PREFIX}]}}
    kinds = {one["Event"].split(":")[1] for one in told}
    assert kinds == {"ObjectCreated", "ObjectRemoved", "LifecycleExpiration", "ObjectRestore"}
    assert "DependsOn" in made.template["Resources"]["PostsBucket"]


PREFIX = "a/b/"


def notification(kind: str, key: str) -> dict[str, Any]:
    bucket = {"name": f"{STACK}-posts-{ACCOUNT}-us-east-1"}
    record = {"eventSource": "aws:s3", "eventName": kind if ":" in kind else f"{kind}Put"}
    return {"Records": [{**record, "s3": {"bucket": bucket, "object": {"key": key}}}]}


def test_without_a_posts_folder_notifications_have_no_filter(made: Resolved) -> None:
    bucket = made.resources()["PostsBucket"]

    for one in bucket["NotificationConfiguration"]["QueueConfigurations"]:
        assert "Filter" not in one


def test_events_of_an_existing_posts_bucket_come_through_eventbridge(template: Template) -> None:
    made = Resolved(template, **OTHERS)
    resources = made.resources()
    rule = resources["PostsRule"]
    pattern = rule["EventPattern"]
    (statement,) = resources["PublishQueuePolicy"]["PolicyDocument"]["Statement"]

    assert "PostsBucket" not in resources
    assert pattern["detail"] == {
        "bucket": {"name": ["their-site"]},
        "object": {"key": [{"prefix": "site/posts/"}]},
    }
    for kind in pattern["detail-type"]:
        detail = {"bucket": {"name": "their-site"}, "object": {"key": "site/posts/a b.md"}}
        event = {"source": "aws.s3", "detail-type": kind, "detail": detail}
        (message,) = parse_messages(event, "s3://their-site/site/posts")
        assert message.keys == ("a b.md",), kind
    assert rule["Targets"] == [{"Id": "publish", "Arn": statement["Resource"]}]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": "<PostsRule.Arn>"}}


# --- buckets -------------------------------------------------------------------------------------


def test_buckets_are_private_encrypted_and_versioned_for_a_while(made: Resolved) -> None:
    buckets = made.resources("AWS::S3::Bucket")

    assert set(buckets) == {"PostsBucket", "FeedsBucket", "ServerlessDeploymentBucket"}
    for bucket in buckets.values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4
        assert bucket["BucketEncryption"]
    for name in ("PostsBucket", "FeedsBucket"):
        bucket = buckets[name]
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        (rule,) = bucket["LifecycleConfiguration"]["Rules"]
        assert 1 <= rule["NoncurrentVersionExpiration"]["NoncurrentDays"] <= 30
        assert "ExpirationInDays" not in rule, "posts and feeds themselves never expire"
        assert made.template["Resources"][name]["DeletionPolicy"] == "Retain"


def test_buckets_deny_requests_without_tls(made: Resolved) -> None:
    policies = made.resources("AWS::S3::BucketPolicy")

    for bucket in ("PostsBucket", "FeedsBucket"):
        name, arn = made.of({"Ref": bucket}), made.of({"Fn::GetAtt": [bucket, "Arn"]})
        (policy,) = (p for p in policies.values() if p["Bucket"] == name)
        (deny,) = (s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny")
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert (deny["Principal"], deny["Action"]) == ("*", "s3:*")
        assert deny["Resource"] == [arn, f"{arn}/*"]


def test_the_function_cannot_start_itself(made: Resolved) -> None:
    assert "NotificationConfiguration" not in made.resources()["FeedsBucket"]


def test_the_feeds_bucket_allows_cors_requests_of_web_readers(made: Resolved) -> None:
    (rule,) = made.resources()["FeedsBucket"]["CorsConfiguration"]["CorsRules"]

    assert (rule["AllowedOrigins"], rule["AllowedMethods"]) == (["*"], ["GET", "HEAD"])
    assert rule["AllowedHeaders"] == ["*"], "a preflight request asks for If-None-Match"


# --- roles ---------------------------------------------------------------------------------------


def test_each_function_has_a_role_of_its_own(made: Resolved) -> None:
    roles = [function["Role"] for function in made.resources("AWS::Lambda::Function").values()]

    assert len(set(roles)) == 3


def test_no_role_may_do_anything_to_anything(made: Resolved) -> None:
    """Each action is named. A star may only end a resource with names that are not known yet."""
    for name, role in made.resources("AWS::IAM::Role").items():
        for statement in statements(role):
            for action in listed(statement["Action"]):
                assert re.fullmatch(r"[a-z0-9]+:[A-Za-z]+", action), (name, action)
            for resource in listed(statement["Resource"]):
                assert resource != "*", name
                assert resource.count("*") <= 1, (name, resource)
                assert "*" not in resource or resource.endswith("/*"), (name, resource)


def test_a_role_may_do_what_its_function_does(made: Resolved) -> None:
    roles = made.resources("AWS::IAM::Role")
    may = {
        name: {
            (action, resource)
            for statement in statements(role)
            for action in listed(statement["Action"])
            for resource in listed(statement["Resource"])
        }
        for name, role in roles.items()
    }
    posts, feeds = (made.of({"Fn::GetAtt": [b, "Arn"]}) for b in ("PostsBucket", "FeedsBucket"))
    publish, notify = (made.of({"Fn::GetAtt": [q, "Arn"]}) for q in ("PublishQueue", "NotifyQueue"))
    group = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/{STACK}-publish/*"
    logs = {"logs:CreateLogStream", "logs:PutLogEvents"}
    take = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    scheduling = {
        *((f"scheduler:{verb}Schedule", group) for verb in ("Create", "Update")),
        ("iam:PassRole", made.of({"Fn::GetAtt": ["SchedulerRole", "Arn"]})),
    }
    writing = {
        (f"s3:{verb}Object", f"{feeds}/{folder}*")
        for verb in ("Get", "Put", "Delete")
        for folder in (paths.PUBLIC, paths.STATE)
    } | {("s3:ListBucket", feeds), ("s3:ListBucket", posts)}

    assert may["PublishRole"] == {
        *((action, "<PublishLogGroup.Arn>") for action in logs),
        *((action, publish) for action in take),
        *writing,
        *scheduling,
        ("scheduler:DeleteSchedule", group),
        ("s3:GetObject", f"{posts}/*"),
        ("sqs:SendMessage", notify),
    }
    assert may["NotifyRole"] == {
        *((action, "<NotifyLogGroup.Arn>") for action in logs),
        *((action, notify) for action in take),
    }
    assert may["AuditRole"] == {
        *((action, "<AuditLogGroup.Arn>") for action in logs),
        *writing,
        *scheduling,
        ("s3:GetObject", f"{posts}/*"),
        ("sqs:SendMessage", publish),
    }
    assert may["SchedulerRole"] == {("sqs:SendMessage", publish)}


def test_a_folder_is_all_of_the_posts_bucket_that_is_read(template: Template) -> None:
    made = Resolved(template, **OTHERS)
    read = [s for s in statements(made.resources()["PublishRole"]) if s["Action"] == "s3:GetObject"]

    assert [one["Resource"] for one in read] == ["arn:aws:s3:::their-site/site/posts/*"]


def test_only_the_folder_of_the_posts_may_be_listed(template: Template) -> None:
    """The audit's right alone is strict: a missing post is 404 only with a right without prefix."""
    made = Resolved(template, **OTHERS)
    conditions = {
        name: [
            statement.get("Condition")
            for statement in statements(made.resources()[name])
            if statement["Action"] == "s3:ListBucket"
            and statement["Resource"] == "arn:aws:s3:::their-site"
        ]
        for name in ("PublishRole", "AuditRole")
    }
    prefix = {"s3:prefix": "site/posts/*"}
    assert conditions == {
        "PublishRole": [{"StringLikeIfExists": prefix}],
        "AuditRole": [{"StringLike": prefix}],
    }


def test_all_posts_of_a_bucket_may_be_listed_if_they_are_in_no_folder(made: Resolved) -> None:
    posts = made.of({"Fn::GetAtt": ["PostsBucket", "Arn"]})
    for name in ("PublishRole", "AuditRole"):
        (listing,) = [
            statement
            for statement in statements(made.resources()[name])
            if (statement["Action"], statement["Resource"]) == ("s3:ListBucket", posts)
        ]
        assert not listing.get("Condition")


def test_browsers_use_only_tls_for_the_site(made: Resolved) -> None:
    policy = made.resources()["Headers"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    assert policy["StrictTransportSecurity"] == {
        "AccessControlMaxAgeSec": 365 * 24 * 3600,
        "IncludeSubdomains": False,
        "Preload": False,
        "Override": True,
    }


def test_only_schedules_of_this_stack_may_assume_the_scheduler_role(made: Resolved) -> None:
    role = made.resources()["SchedulerRole"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    url = made.of({"Ref": "PublishQueue"})

    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": made.of({"Fn::GetAtt": ["Schedules", "Arn"]})},
    }
    assert made.of({"Ref": "Schedules"}) == url.rpartition("/")[2], (
        "the group has the name of the queue"
    )
    assert scheduler.queue_arn(url, "us-east-1") == made.of({"Fn::GetAtt": ["PublishQueue", "Arn"]})


def test_the_schedule_group_has_the_name_that_the_code_uses(made: Resolved) -> None:
    calls: list[dict[str, Any]] = []

    class Client:
        meta = SimpleNamespace(region_name="us-east-1", partition="aws")
        exceptions = SimpleNamespace(ConflictException=KeyError, ResourceNotFoundException=KeyError)

        def create_schedule(self, **arguments: Any) -> None:
            calls.append(arguments)

        def delete_schedule(self, **arguments: Any) -> None:
            calls.append(arguments)

    role = made.of({"Fn::GetAtt": ["SchedulerRole", "Arn"]})
    url = made.of({"Ref": "PublishQueue"})
    schedules = scheduler.EventBridgeSchedules(url, role, Client())  # type: ignore[arg-type]
    schedules.set("a", datetime(2030, 1, 1, tzinfo=UTC), ["a.md"])
    schedules.clear("a")

    assert [arguments["GroupName"] for arguments in calls] == [made.of({"Ref": "Schedules"})] * 2


# --- the CDN -------------------------------------------------------------------------------------


def test_the_cdn_serves_the_public_folder_and_nobody_else_reads_it(made: Resolved) -> None:
    config = made.resources()["Distribution"]["DistributionConfig"]
    (origin,) = config["Origins"]
    policy = made.resources()["FeedsBucketPolicy"]["PolicyDocument"]["Statement"]
    arn = made.of({"Fn::GetAtt": ["FeedsBucket", "Arn"]})

    assert origin["OriginPath"] == "/" + paths.PUBLIC.rstrip("/")
    assert origin["OriginAccessControlId"] == "<OriginAccess.Id>"
    allowed = {(s["Action"], s["Resource"]): s for s in policy if s["Effect"] == "Allow"}
    assert set(allowed) == {("s3:GetObject", f"{arn}/public/*"), ("s3:ListBucket", arn)}
    for statement in allowed.values():
        assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        source = statement["Condition"]["StringEquals"]["aws:SourceArn"]
        assert source == f"arn:aws:cloudfront::{ACCOUNT}:distribution/<Distribution>"


def test_the_cdn_cannot_be_made_to_list_the_bucket(made: Resolved) -> None:
    """The CDN has the permission, so that a missing file is a 404."""
    config = made.resources()["Distribution"]["DistributionConfig"]
    cached = made.resources()["CachePolicy"]["CachePolicyConfig"]
    keyed = cached["ParametersInCacheKeyAndForwardedToOrigin"]

    assert config["Origins"][0]["OriginPath"] == "/public"
    assert keyed["QueryStringsConfig"] == {"QueryStringBehavior": "none"}
    # AWS's policy CORS-S3Origin forwards three headers and no query string.
    behaviour = config["DefaultCacheBehavior"]
    assert behaviour["OriginRequestPolicyId"] == "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf"
    assert "CacheBehaviors" not in config


def test_a_missing_file_is_a_404_with_a_page(made: Resolved) -> None:
    config = made.resources()["Distribution"]["DistributionConfig"]
    (response,) = config["CustomErrorResponses"]

    assert (response["ErrorCode"], response["ResponseCode"]) == (404, 404)
    assert (ROOT / "infra" / response["ResponsePagePath"].lstrip("/")).is_file()


def test_the_cdn_caches_by_cache_control_and_compresses(made: Resolved) -> None:
    behaviour = made.resources()["Distribution"]["DistributionConfig"]["DefaultCacheBehavior"]
    policy = made.resources()["CachePolicy"]["CachePolicyConfig"]
    keyed = policy["ParametersInCacheKeyAndForwardedToOrigin"]

    fresh = int(re.search(r"s-maxage=(\d+)", CACHE_CONTROL)[1])  # type: ignore[index]
    assert policy["MinTTL"] == 0
    assert policy["DefaultTTL"] == fresh <= policy["MaxTTL"]
    assert behaviour["Compress"] is True
    assert keyed["EnableAcceptEncodingBrotli"] is keyed["EnableAcceptEncodingGzip"] is True
    assert keyed["CookiesConfig"] == {"CookieBehavior": "none"}
    assert behaviour["ViewerProtocolPolicy"] == "redirect-to-https"


def test_cdn_responses_have_nosniff_and_cors_headers(made: Resolved) -> None:
    headers = made.resources()["Headers"]["ResponseHeadersPolicyConfig"]

    assert headers["SecurityHeadersConfig"]["ContentTypeOptions"] == {"Override": True}
    assert headers["CorsConfig"]["AccessControlAllowOrigins"] == {"Items": ["*"]}
    assert "Link" in headers["CorsConfig"]["AccessControlExposeHeaders"]["Items"]


def test_the_edge_function_runs_on_requests_and_responses(made: Resolved) -> None:
    behaviour = made.resources()["Distribution"]["DistributionConfig"]["DefaultCacheBehavior"]
    kinds = {one["EventType"] for one in behaviour["FunctionAssociations"]}

    assert kinds == {"viewer-request", "viewer-response"}
    assert made.resources()["EdgeFunction"]["FunctionCode"] == "function handler(e) {}"


def test_a_custom_domain_is_an_alias_with_its_certificate(template: Template) -> None:
    made = Resolved(template, **FULL)
    config = made.resources()["Distribution"]["DistributionConfig"]

    assert config["Aliases"] == ["feeds.example.com"]
    arn = config["ViewerCertificate"]["AcmCertificateArn"]
    assert arn == f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/{FULL['Certificate']}"
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert made.outputs()["FeedAddress"] == "https://feeds.example.com/atom.xml"


def test_the_outputs_name_the_posts_bucket_and_the_feed_address(made: Resolved) -> None:
    outputs = made.outputs()

    assert outputs["PostsBucket"] == f"{STACK}-posts-{ACCOUNT}-us-east-1"
    assert outputs["FeedsBucket"] == f"{STACK}-feeds-{ACCOUNT}-us-east-1"
    assert outputs["FeedAddress"] == "https://<Distribution.DomainName>/atom.xml"
    assert outputs["OpmlAddress"] == "https://<Distribution.DomainName>/feeds.opml"


# --- alarms --------------------------------------------------------------------------------------


def test_there_is_an_alarm_for_each_case_that_needs_a_person(made: Resolved) -> None:
    alarms = made.resources("AWS::CloudWatch::Alarm")
    watched = {
        (alarm["Namespace"], alarm["MetricName"], alarm["Dimensions"][0]["Value"])
        for alarm in alarms.values()
    }

    assert watched == {
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", f"{STACK}-publish"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", f"{STACK}-publish-dead"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", f"{STACK}-notify-dead.fifo"),
        *(("AWS/Lambda", "Errors", f"{STACK}-{name}") for name in ("publish", "notify", "audit")),
        (NAMESPACE, "Problems", f"{STACK}-publish"),
        (NAMESPACE, "Conflicts", f"{STACK}-publish"),
    }
    for alarm in alarms.values():
        assert alarm["TreatMissingData"] == "notBreaching"
        assert "AlarmActions" not in alarm, "nobody calls to hear of it"


def test_each_alarm_has_a_section_in_the_operations_guide(made: Resolved) -> None:
    manual = (ROOT / "docs" / "operations.md").read_text()

    for name, alarm in made.resources("AWS::CloudWatch::Alarm").items():
        section = re.search(r'See "(.+)"\.$', alarm["AlarmDescription"])
        assert section, name
        assert f"\n### {section[1]}\n" in manual, name


def test_alarms_are_sent_to_the_alarm_email_if_there_is_one(template: Template) -> None:
    made = Resolved(template, **FULL)
    (topic,) = made.resources("AWS::SNS::Topic").values()

    assert topic["Subscription"] == [{"Protocol": "email", "Endpoint": "desk@example.com"}]
    for alarm in made.resources("AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"] == ["<AlarmTopic>"]


def test_the_dashboard_shows_all_alarms_and_all_metrics_of_the_log(made: Resolved) -> None:
    (dashboard,) = made.resources("AWS::CloudWatch::Dashboard").values()
    body = json.loads(dashboard["DashboardBody"])
    batch = (ROOT / "feeds" / "aws" / "batch.py").read_text()

    alarms = {f"<{name}.Arn>" for name in made.resources("AWS::CloudWatch::Alarm")}
    assert set(body["widgets"][0]["properties"]["alarms"]) == alarms
    for metric in ("Posts", "Documents", "Problems", "Failed", "Conflicts"):
        assert f'"{metric}"' in dashboard["DashboardBody"]
        assert f"{metric}=" in batch, "the name that the function sends it under"
