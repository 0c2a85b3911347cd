"""Events become messages with keys to read; no event raises an error."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.invariants import check_event

from feeds.aws.events import parse_messages
from feeds.publishing.message import Message

POSTS = "s3://posts-example/posts/"
RECORDED = Path(__file__).parent.parent / "events"


def recorded(name: str) -> object:
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))


def notification(key: object, name: object = "ObjectCreated:Put", bucket: object = "posts-example"):
    """One record of an S3 notification, with only the fields that are read."""
    return {
        "eventSource": "aws:s3",
        "eventName": name,
        "s3": {"bucket": {"name": bucket}, "object": {"key": key}},
    }


def queued(body: object, **changes: object):
    """One record of an SQS batch; a body that is not text is encoded as JSON."""
    text = body if isinstance(body, str) else json.dumps(body)
    return {"eventSource": "aws:sqs", "messageId": "m-1", "body": text, **changes}


def only(event: object, posts_url: str = POSTS) -> Message:
    (message,) = parse_messages(event, posts_url)
    return message


def in_queue(body: object, posts_url: str = POSTS) -> Message:
    return only({"Records": [queued(body)]}, posts_url)


# Recorded events of AWS: for each message in an event, its keys and the number of its notes.

KEYS = {
    "eventbridge-created": [(("red+green tea.md",), 0)],
    "eventbridge-expired": [(("old.md",), 0)],
    "eventbridge-restored": [(("thawed.md",), 0)],
    "eventbridge-tagged": [((), 1)],
    "keys": [(("2025-03-04-red+green tea.md", "2025/港股 早报.md"), 0)],
    "s3-created": [(("one.md", "two.md"), 0)],
    "s3-test-event": [((), 1)],
    "sqs-eventbridge": [(("a+b%20c.md",), 0), (("2025/港股 早报.md",), 0)],
    "sqs-mixed": [(("good.md",), 0), ((), 1), ((), 1), ((), 1), ((), 0), (("again.md",), 0)],
    "sqs-s3-created": [(("2025-03-04-red+green tea.md",), 0), (("2025/港股 早报.md",), 0)],
    "sqs-s3-expired": [(("old.md",), 0), (("older.md",), 0)],
    "sqs-s3-other-types": [((), 1), ((), 1), ((), 1)],
    "sqs-s3-removed": [(("gone.md",), 0), (("hidden.md",), 0)],
    "sqs-s3-restored": [(("thawed.md",), 0)],
    "sqs-s3-test-event": [((), 1)],
    "sqs-schedule": [(("2025-05-01-holiday plans+.md", "later/会议 100%25.md"), 0)],
    "sqs-sns-s3-created": [(("说明 & notes.md",), 0)],
}


@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_recorded_event_names_its_keys(name: str) -> None:
    messages = parse_messages(recorded(name), POSTS)
    assert [(message.keys, len(message.notes)) for message in messages] == KEYS[name]


def test_every_recorded_event_is_in_the_table() -> None:
    assert {path.stem for path in RECORDED.iterdir()} == set(KEYS)


def test_a_message_has_the_id_and_delivery_count_of_its_sqs_record() -> None:
    event = recorded("sqs-mixed")
    assert isinstance(event, dict)
    messages = parse_messages(event, POSTS)
    assert [m.id for m in messages] == [record["messageId"] for record in event["Records"]]
    assert [m.received for m in messages] == [1, 3, 1, 2, 1, 4]


def test_an_event_without_a_queue_has_no_id_and_one_delivery() -> None:
    assert only(recorded("s3-created")) == Message("", ("one.md", "two.md"), 1, ())


def test_notes_say_what_was_skipped_and_why() -> None:
    notes = [
        note for message in parse_messages(recorded("sqs-mixed"), POSTS) for note in message.notes
    ]
    assert notes == [
        "Skipped a message: its body is not JSON, or is too large to parse.",
        'Skipped the key "posts/theirs.md": its bucket is "someone-elses-example", '
        'and POSTS_URL names "posts-example".',
        'Skipped the key "images/logo.png": it is not under "posts/".',
    ]


# Event types


@pytest.mark.parametrize(
    "name",
    [
        "ObjectCreated:Put",
        "ObjectCreated:Post",
        "ObjectCreated:Copy",
        "ObjectCreated:CompleteMultipartUpload",
        "ObjectRemoved:Delete",
        "ObjectRemoved:DeleteMarkerCreated",
        "LifecycleExpiration:Delete",
        "LifecycleExpiration:DeleteMarkerCreated",
        "ObjectRestore:Post",
        "ObjectRestore:Completed",
        "ObjectRestore:Delete",
        "s3:ObjectCreated:Put",
    ],
)
def test_keys_of_created_removed_expired_and_restored_objects_are_found(name: str) -> None:
    assert in_queue({"Records": [notification("posts/a.md", name)]}).keys == ("a.md",)


@pytest.mark.parametrize(
    "name",
    [
        "ObjectTagging:Put",
        "ObjectAcl:Put",
        "ReducedRedundancyLostObject",
        "Replication:OperationReplicatedAfterThreshold",
        "LifecycleTransition",
        "IntelligentTiering",
        "",
        None,
        7,
        ["ObjectCreated:Put"],
    ],
)
def test_other_s3_event_types_become_a_note(name: object) -> None:
    message = in_queue({"Records": [notification("posts/a.md", name)]})
    assert message.keys == ()
    assert "eventName" in message.notes[0]


@pytest.mark.parametrize("kind", ["Object ACL Updated", "Object Access Tier Changed", None, {}])
def test_other_eventbridge_types_become_a_note(kind: object) -> None:
    event = recorded("eventbridge-created")
    assert isinstance(event, dict)
    event["detail-type"] = kind
    assert only(event).keys == ()
    assert "detail-type" in only(event).notes[0]


# Keys: decoded once, as the sender encoded them


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("red+flower.md", "red flower.md"),
        ("a%2Bb.md", "a+b.md"),
        ("100%2525.md", "100%25.md"),
        ("%E6%B8%AF%E8%82%A1.md", "港股.md"),
        ("港股.md", "港股.md"),
        ("2025%2F03%2Fa.md", "2025/03/a.md"),
        ("50%.md", "50%.md"),
    ],
)
def test_a_key_in_an_s3_notification_is_decoded_once(encoded: str, key: str) -> None:
    assert only({"Records": [notification("posts/" + encoded)]}).keys == (key,)


def test_a_key_from_eventbridge_or_this_program_is_not_decoded() -> None:
    for event in (recorded("eventbridge-created"), {"keys": ["red+green tea.md"]}):
        assert only(event).keys == ("red+green tea.md",)
    assert only({"keys": ["a%20b.md"]}).keys == ("a%20b.md",)


def test_a_key_that_does_not_decode_to_utf_8_is_skipped() -> None:
    message = only({"Records": [notification("posts/%FF%FE.md"), notification("posts/b.md")]})
    assert message.keys == ("b.md",)
    assert message.notes == ('Skipped the key "posts/%FF%FE.md": it does not decode to UTF-8.',)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("", "empty"),
        ("a\0b.md", "U+0000"),
        ("\ud800.md", "surrogate"),
        ("a" * 1025, "at most 1,024"),
        ("港" * 342, "at most 1,024"),
        (None, "not text"),
        (7, "not text"),
        (["a.md"], "not text"),
    ],
)
def test_an_invalid_key_is_skipped(key: object, why: str) -> None:
    for event in (
        {"keys": [key]},
        {"Records": [notification(key)]},
        {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {"bucket": {"name": "posts-example"}, "object": {"key": key}},
        },
    ):
        message = only(event, "memory:")
        assert message.keys == ()
        assert why in message.notes[0]


def test_a_key_may_have_1024_bytes_with_its_prefix() -> None:
    assert only({"keys": ["a" * 1024]}, "memory:").notes == ()
    assert only({"keys": ["a" * 1018]}).notes == ()
    assert only({"keys": ["a" * 1019]}).keys == ()


def test_a_folder_marker_is_skipped_without_a_note() -> None:
    for event in ({"keys": ["2025/"]}, {"Records": [notification("posts/"), notification("x/")]}):
        assert only(event) == Message("", (), 1, ())


# Buckets and prefixes


@pytest.mark.parametrize("posts_url", ["s3://posts-example/posts/", "s3://posts-example/posts"])
def test_the_prefix_in_posts_url_may_end_with_a_slash(posts_url: str) -> None:
    event = {"Records": [notification("posts/a.md"), notification("posts-old/b.md")]}
    assert only(event, posts_url).keys == ("a.md",)
    assert len(only(event, posts_url).notes) == 1


@pytest.mark.parametrize("posts_url", ["s3://posts-example", "s3://posts-example/"])
def test_without_a_prefix_in_posts_url_keys_stay_whole(posts_url: str) -> None:
    event = {"Records": [notification("posts/a.md"), notification("b.md", bucket="other")]}
    assert only(event, posts_url).keys == ("posts/a.md",)
    assert len(only(event, posts_url).notes) == 1


@pytest.mark.parametrize("posts_url", ["memory:", "posts", "/srv/posts", "./s3://posts-example"])
def test_events_of_every_bucket_are_read_if_posts_url_is_not_a_bucket(posts_url: str) -> None:
    event = {"Records": [notification("posts/a.md", bucket=b) for b in ("x", None)]}
    assert only(event, posts_url) == Message("", ("posts/a.md",), 1, ())


def test_keys_from_this_program_are_relative_to_posts_url() -> None:
    assert only({"keys": ["posts/a.md", "b.md"]}).keys == ("posts/a.md", "b.md")


def test_an_event_without_a_bucket_is_skipped_if_posts_url_names_one() -> None:
    message = only({"Records": [notification("posts/a.md", bucket=None)]})
    assert message.keys == ()
    assert "its bucket is not text" in message.notes[0]


# Several records in an event


def test_a_message_with_several_records_has_each_key_once_and_in_order() -> None:
    keys = ["posts/b.md", "posts/a.md", "posts/b.md", "posts/c.md"]
    assert in_queue({"Records": [notification(k) for k in keys]}).keys == ("b.md", "a.md", "c.md")


@pytest.mark.parametrize(
    "broken",
    [
        None,
        7,
        "record",
        [],
        {},
        {"eventSource": "aws:s3"},
        {"eventSource": "aws:kinesis", "eventName": "ObjectCreated:Put"},
        {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put"},
        {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": [1]},
        notification(None),
        notification("\ud800"),
    ],
)
def test_a_broken_record_does_not_hide_its_neighbours(broken: object) -> None:
    records = [notification("posts/a.md"), broken, notification("posts/b.md")]
    for message in (only({"Records": records}), in_queue({"Records": records})):
        assert message.keys == ("a.md", "b.md")
        assert len(message.notes) == 1


def test_a_broken_message_does_not_hide_its_neighbours() -> None:
    event = {
        "Records": [
            queued({"keys": ["a.md"]}, messageId="m-1"),
            {**queued(""), "messageId": "m-2", "body": None},
            7,
            queued({"keys": ["c.md"]}, messageId="m-3", attributes="none"),
        ]
    }
    messages = parse_messages(event, POSTS)
    assert [(m.id, m.keys) for m in messages] == [
        ("m-1", ("a.md",)),
        ("m-2", ()),
        ("m-3", ("c.md",)),
        ("", ()),
    ]
    assert [len(m.notes) for m in messages] == [0, 1, 0, 1]


# Unknown events and unreadable messages


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not json",
        "\ufeff{}",
        "\ud800",
        "{" * 100,
        "[" * 200_000,
        "9" * 5_000,
        "null",
        "[]",
        "7",
        '"keys"',
        "{}",
        '{"keys": "a.md"}',
        '{"Records": {}}',
        '{"Records": []}',
        '{"Type": "Notification"}',
        '{"Type": "Notification", "Message": {"keys": ["a.md"]}}',
        '{"Type": "SubscriptionConfirmation", "SubscribeURL": "https://example.com/"}',
        json.dumps({"Records": [queued({"keys": ["a.md"]})]}),
    ],
)
def test_an_unreadable_message_body_becomes_a_note(body: str) -> None:
    message = in_queue(body)
    assert (message.id, message.keys, len(message.notes)) == ("m-1", (), 1)


def test_an_sns_notification_inside_another_is_not_opened() -> None:
    inner = json.dumps({"Type": "Notification", "Message": json.dumps({"keys": ["a.md"]})})
    assert in_queue({"Type": "Notification", "Message": inner}).keys == ()


@pytest.mark.parametrize("event", [None, 7, "Records", [], [{}], {}, {"Records": []}])
def test_an_unknown_event_is_one_message_with_a_note(event: object) -> None:
    message = only(event)
    assert (message.id, message.keys, message.received) == ("", (), 1)
    assert len(message.notes) == 1


def test_an_empty_list_of_keys_is_a_message_without_notes() -> None:
    assert only({"keys": []}) == Message("", (), 1, ())


@pytest.mark.parametrize(
    ("count", "received"),
    [("1", 1), ("12", 12), ("0", 1), ("-3", 1), ("x", 1), ("²", 1), ("9" * 5000, 1), (3, 1)],
)
def test_the_delivery_count_is_parsed_from_text(count: object, received: int) -> None:
    record = queued({"keys": []}, attributes={"ApproximateReceiveCount": count})
    assert only({"Records": [record]}).received == received


def test_a_message_without_an_id_is_still_read() -> None:
    event = {"Records": [queued({"keys": ["a.md"]}, messageId=None)]}
    assert only(event) == Message("", ("a.md",), 1, ())


# Quoted text in notes


def test_a_forged_line_in_a_key_stays_in_its_quotes() -> None:
    event = {"Records": [notification("other/%0AINFO:%20forged")]}
    assert only(event).notes == (
        'Skipped the key "other/\\nINFO: forged": it is not under "posts/".',
    )


# Any event

texts = st.text(st.characters(), max_size=30)  # lone surrogates too
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
keys = texts | anything
near_records = st.fixed_dictionaries(
    {},
    optional={
        "eventSource": st.sampled_from(["aws:s3", "aws:sqs"]) | anything,
        "eventName": st.sampled_from(["ObjectCreated:Put", "ObjectTagging:Put"]) | texts,
        "s3": anything
        | st.fixed_dictionaries(
            {
                "bucket": anything | st.just({"name": "posts-example"}) | st.just({"name": "\n"}),
                "object": anything | keys.map(lambda key: {"key": key}),
            }
        ),
    },
)
near_events = st.one_of(
    st.fixed_dictionaries({"Records": anything | st.lists(near_records | anything, max_size=4)}),
    st.fixed_dictionaries({"keys": anything | st.lists(keys, max_size=4)}),
    st.fixed_dictionaries(
        {
            "source": st.just("aws.s3"),
            "detail-type": st.sampled_from(["Object Created", "Object Deleted"]) | anything,
            "detail": anything
            | st.fixed_dictionaries(
                {
                    "bucket": st.just({"name": "posts-example"}) | anything,
                    "object": keys.map(lambda key: {"key": key}) | anything,
                }
            ),
        }
    ),
    st.fixed_dictionaries({"Service": texts, "Event": st.just("s3:TestEvent") | texts}),
)
bodies = st.one_of(
    texts,
    anything.map(json.dumps),
    near_events.map(json.dumps),
    near_events.map(lambda e: json.dumps({"Type": "Notification", "Message": json.dumps(e)})),
)
batches = st.fixed_dictionaries(
    {
        "Records": st.lists(
            st.fixed_dictionaries(
                {"eventSource": st.just("aws:sqs"), "body": bodies | anything},
                optional={
                    "messageId": texts | anything,
                    "attributes": anything
                    | texts.map(lambda count: {"ApproximateReceiveCount": count}),
                },
            )
            | near_records
            | anything,
            max_size=4,
        )
    }
)
places = st.sampled_from([POSTS, "s3://posts-example", "s3://", "memory:", "posts"])


@pytest.mark.slow
@given(anything | near_events | batches, places)
def test_no_event_raises_and_no_note_breaks_its_line(event: object, posts_url: str) -> None:
    check_event(event, posts_url)


object_keys = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
object_keys = object_keys.filter(lambda key: len(key.encode()) <= 1000 and not key.endswith("/"))


@given(object_keys, st.sampled_from([quote_plus, quote, lambda key: quote_plus(key, safe="/")]))
def test_decoding_a_key_of_an_s3_notification_reverses_its_encoding(key: str, encode) -> None:
    event = {"Records": [notification(encode("posts/" + key))]}
    assert only(event) == Message("", (key,), 1, ())
    assert in_queue(event).keys == (key,)
    envelope = {"Type": "Notification", "Message": json.dumps(event)}
    assert in_queue(envelope).keys == (key,)


@given(object_keys)
def test_any_key_from_eventbridge_or_this_program_is_unchanged(key: str) -> None:
    event = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": "posts-example"}, "object": {"key": "posts/" + key}},
    }
    assert only(event).keys == in_queue(event).keys == (key,)
    assert only({"keys": [key]}).keys == in_queue({"keys": [key]}).keys == (key,)
