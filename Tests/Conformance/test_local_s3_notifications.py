"""Notifications of the embedded endpoint, as a webhook and AWS's clients see them."""

import json
import os
import re
import signal
import subprocess
import threading
import urllib.parse
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from minio import Minio
from minio.notificationconfig import NotificationConfig, PrefixFilterRule, QueueConfig, SuffixFilterRule
from support import peers, stores
from support.servers import LocalS3
from support.stores import refused
from support.tools import binary
from support.webhook import Webhook, key, summary

ARN = "arn:minio:sqs::hook:webhook"
TOKEN = "webhook-test-token"


@pytest.fixture
def hook():
    with Webhook() as receiver:
        yield receiver


@pytest.fixture
def store(tmp_path, hook):
    with Notifying(tmp_path / "store", hook) as server:
        yield server


@pytest.fixture
def client(store):
    return stores.client(store, defaults=True)


class Notifying(LocalS3):
    def __init__(self, folder, hook, *flags: str):
        super().__init__(folder, flags=("--no-fsync", "--webhook", f"hook={hook.url}", *flags))

    def environment(self):
        return super().environment() | {"BRIGADE_WEBHOOK_TOKEN": TOKEN}

    @property
    def log(self) -> str:
        return Path(f"{self.folder}.log").read_text()


def subscribe(s3, bucket="photos", events=("s3:ObjectCreated:*", "s3:ObjectRemoved:*"), rules=(), **more):
    """Makes the bucket if it is not there, and has its events sent."""
    s3.create_bucket(Bucket=bucket, **more)
    queue = {"QueueArn": ARN, "Events": list(events)}
    if rules:
        queue["Filter"] = {"Key": {"FilterRules": [{"Name": name, "Value": value} for name, value in rules]}}
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [queue]}
    )


def test_an_event_is_what_minio_sends(store, client, hook):
    subscribe(client)
    name = "2026/a b+c ü&<>.txt"
    before = datetime.now(timezone.utc)
    put = client.put_object(
        Bucket="photos", Key=name, Body=b"hello", ContentType="text/plain", CacheControl="no-cache", Metadata={"camera-Model": "x & y"}
    )
    hook.wait_for(1)
    headers, body = hook.requests[0]
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["Content-Type"] == "application/json"
    # As Go writes it: no white space, and what could end a script element is escaped.
    assert b'"Key":"photos/2026/a b+c \xc3\xbc\\u0026\\u003c\\u003e.txt"' in body
    event = json.loads(body)
    assert list(event) == ["EventName", "Key", "Records"]
    assert event["EventName"] == "s3:ObjectCreated:Put" and event["Key"] == f"photos/{name}"
    (record,) = event["Records"]
    assert list(record) == [
        "eventVersion", "eventSource", "awsRegion", "eventTime", "eventName", "userIdentity", "requestParameters",
        "responseElements", "s3", "source",
    ]  # fmt: skip
    assert (record["eventVersion"], record["eventSource"]) == ("2.0", "minio:s3")
    assert record["awsRegion"] == "us-east-1"
    time = datetime.strptime(record["eventTime"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    assert abs(time - before) < timedelta(seconds=30)
    assert record["userIdentity"] == {"principalId": store.access}
    assert record["requestParameters"] == {
        "principalId": store.access, "region": "us-east-1", "sourceIPAddress": "127.0.0.1",
    }  # fmt: skip
    answer = record["responseElements"]
    assert set(answer) == {"x-amz-id-2", "x-amz-request-id", "x-minio-deployment-id", "x-minio-origin-endpoint"}
    assert answer["x-amz-request-id"] == put["ResponseMetadata"]["RequestId"]
    assert answer["x-minio-origin-endpoint"] == store.endpoint
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}", answer["x-minio-deployment-id"])
    s3 = record["s3"]
    assert (s3["s3SchemaVersion"], s3["configurationId"]) == ("1.0", "Config")
    owner = {"principalId": store.access}
    assert s3["bucket"] == {"name": "photos", "ownerIdentity": owner, "arn": "arn:aws:s3:::photos"}
    item = s3["object"]
    assert list(item) == ["key", "size", "eTag", "contentType", "userMetadata", "sequencer"]
    assert item["key"] == urllib.parse.quote_plus(name, safe="")
    assert (item["size"], item["eTag"], item["contentType"]) == (5, put["ETag"].strip('"'), "text/plain")
    assert item["userMetadata"] == {
        "X-Amz-Meta-Camera-Model": "x & y", "cache-control": "no-cache", "content-type": "text/plain",
    }  # fmt: skip
    assert re.fullmatch(r"[0-9A-F]{16}", item["sequencer"])
    assert record["source"]["host"] == "127.0.0.1" and record["source"]["port"] == ""
    assert "boto3" in record["source"]["userAgent"].lower()


def test_every_change_has_its_event(client, hook):
    subscribe(client, ObjectLockEnabledForBucket=True)
    bucket = {"Bucket": "photos"}
    one = client.put_object(**bucket, Key="k", Body=b"x")["VersionId"]
    client.copy_object(**bucket, Key="c", CopySource="photos/k")
    upload = client.create_multipart_upload(**bucket, Key="m")["UploadId"]
    part = client.upload_part(**bucket, Key="m", UploadId=upload, PartNumber=1, Body=b"part")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    client.complete_multipart_upload(**bucket, Key="m", UploadId=upload, MultipartUpload=parts)
    client.put_object_tagging(**bucket, Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    client.delete_object_tagging(**bucket, Key="k")
    until = datetime.now(timezone.utc) + timedelta(days=1)
    client.put_object_retention(**bucket, Key="k", Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until})
    client.put_object_legal_hold(**bucket, Key="k", LegalHold={"Status": "OFF"})
    marker = client.delete_object(**bucket, Key="k")["VersionId"]
    client.delete_object(**bucket, Key="k", VersionId=marker)
    client.delete_objects(**bucket, Delete={"Objects": [{"Key": "c"}, {"Key": "m"}]})
    client.delete_object(**bucket, Key="k", VersionId=one, BypassGovernanceRetention=True)
    events = hook.wait_for(12)
    assert sorted(events) == sorted([
        ("ObjectCreated:Put", "k"), ("ObjectCreated:Copy", "c"), ("ObjectCreated:CompleteMultipartUpload", "m"),
        ("ObjectCreated:PutTagging", "k"), ("ObjectCreated:DeleteTagging", "k"), ("ObjectCreated:PutRetention", "k"),
        ("ObjectCreated:PutLegalHold", "k"), ("ObjectRemoved:DeleteMarkerCreated", "k"), ("ObjectRemoved:Delete", "k"),
        ("ObjectRemoved:DeleteMarkerCreated", "c"), ("ObjectRemoved:DeleteMarkerCreated", "m"), ("ObjectRemoved:Delete", "k"),
    ])  # fmt: skip
    # In order for each key, each with a greater sequencer than the one before, and the version that it is about.
    mine = [record for record in hook.taken if key(record) == "k"]
    assert [summary(record)[0] for record in mine] == [
        "ObjectCreated:Put", "ObjectCreated:PutTagging", "ObjectCreated:DeleteTagging", "ObjectCreated:PutRetention",
        "ObjectCreated:PutLegalHold", "ObjectRemoved:DeleteMarkerCreated", "ObjectRemoved:Delete", "ObjectRemoved:Delete",
    ]  # fmt: skip
    sequencers = [record["s3"]["object"]["sequencer"] for record in mine]
    assert sequencers == sorted(set(sequencers))
    assert [record["s3"]["object"]["versionId"] for record in mine] == [one] * 5 + [marker, marker, one]
    removal = mine[-1]["s3"]["object"]
    assert set(removal) == {"key", "versionId", "sequencer"}


def test_without_versions_a_removal_has_none_and_nothing_removed_is_no_event(client, hook):
    subscribe(client)
    client.put_object(Bucket="photos", Key="k", Body=b"")
    client.delete_object(Bucket="photos", Key="not there")
    client.delete_object(Bucket="photos", Key="k")
    assert hook.wait_for(2) == [("ObjectCreated:Put", "k"), ("ObjectRemoved:Delete", "k")]
    created, removed = (record["s3"]["object"] for record in hook.taken)
    # As Go leaves out what is empty.
    assert "size" not in created and "versionId" not in created
    assert set(removed) == {"key", "sequencer"}


def test_what_is_refused_is_no_event(client, hook):
    subscribe(client)
    given = {"Bucket": "photos", "Key": "k", "Body": b"x"}
    assert refused(client.put_object, **given, ContentMD5="AAAAAAAAAAAAAAAAAAAAAA==") == (400, "BadDigest")
    assert refused(client.put_object, **given, IfMatch='"0"')[0] in (404, 412)
    client.put_object(Bucket="photos", Key="last", Body=b"x")
    assert hook.wait_for(1) == [("ObjectCreated:Put", "last")]


def test_prefix_suffix_and_events_narrow_it(client, hook):
    subscribe(client, events=["s3:ObjectCreated:Put"], rules=[("prefix", "images/"), ("suffix", ".jpg")])
    for name in ("images/a.jpg", "images/a.png", "a.jpg", "images/.jpg", "images/b.jpg"):
        client.put_object(Bucket="photos", Key=name, Body=b"x")
    client.delete_object(Bucket="photos", Key="images/a.jpg")
    client.copy_object(Bucket="photos", Key="images/c.jpg", CopySource="photos/images/b.jpg")
    client.put_object(Bucket="photos", Key="images/last.jpg", Body=b"x")
    names = [name for event, name in hook.wait_for(4)]
    assert sorted(names) == ["images/.jpg", "images/a.jpg", "images/b.jpg", "images/last.jpg"]
    # An overlap sends an event once, and an empty configuration sends none.
    queues = [{"QueueArn": ARN, "Events": ["s3:ObjectCreated:*"]}, {"QueueArn": ARN, "Events": ["s3:ObjectCreated:Put"]}]
    client.put_bucket_notification_configuration(
        Bucket="photos", NotificationConfiguration={"QueueConfigurations": queues}
    )
    client.put_object(Bucket="photos", Key="twice", Body=b"x")
    client.put_bucket_notification_configuration(Bucket="photos", NotificationConfiguration={})
    client.put_object(Bucket="photos", Key="silent", Body=b"x")
    subscribe(client)
    client.put_object(Bucket="photos", Key="end", Body=b"x")
    hook.wait(lambda hook: any(key(record) == "end" for record in hook.taken))
    assert [key(record) for record in hook.taken[4:]] == ["twice", "end"]


def test_a_configuration_comes_back_as_it_was_given(client):
    client.create_bucket(Bucket="photos")
    empty = client.get_bucket_notification_configuration(Bucket="photos")
    assert set(empty) == {"ResponseMetadata"}
    rules = [{"Name": "prefix", "Value": "a&b/"}, {"Name": "suffix", "Value": ".ü"}]
    queue = {
        "Id": "mine", "QueueArn": "arn:minio:sqs:us-east-1:hook:webhook",
        "Events": ["s3:ObjectCreated:Put", "s3:ObjectRemoved:*"], "Filter": {"Key": {"FilterRules": rules}},
    }  # fmt: skip
    given = {"QueueConfigurations": [queue]}
    client.put_bucket_notification_configuration(Bucket="photos", NotificationConfiguration=given)
    assert client.get_bucket_notification_configuration(Bucket="photos")["QueueConfigurations"] == [queue]
    assert refused(client.get_bucket_notification_configuration, Bucket="missing") == (404, "NoSuchBucket")


@pytest.mark.parametrize(
    "change, expected",
    [
        ({"QueueArn": "arn:minio:sqs::other:webhook"}, "InvalidArgument"),
        ({"QueueArn": "arn:minio:sqs:eu-central-1:hook:webhook"}, "InvalidArgument"),
        ({"QueueArn": "arn:aws:sqs:us-east-1:000000000000:queue"}, "InvalidArgument"),
        ({"Events": ["s3:ObjectRestore:Post"]}, "InvalidArgument"),
        ({"Events": []}, "MalformedXML"),
        ({"Filter": {"Key": {"FilterRules": [{"Name": "infix", "Value": "x"}]}}}, "InvalidArgument"),
        ({"Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "x"}] * 2}}}, "InvalidArgument"),
        ({"Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "x" * 1025}]}}}, "InvalidArgument"),
    ],
)
def test_a_wrong_configuration_is_refused_and_changes_nothing(client, change, expected):
    subscribe(client)
    before = client.get_bucket_notification_configuration(Bucket="photos")["QueueConfigurations"]
    queue = {"QueueArn": ARN, "Events": ["s3:ObjectCreated:*"]} | change
    given = {"Bucket": "photos", "NotificationConfiguration": {"QueueConfigurations": [queue]}}
    assert refused(client.put_bucket_notification_configuration, **given)[1] == expected
    assert client.get_bucket_notification_configuration(Bucket="photos")["QueueConfigurations"] == before


def test_other_destinations_than_queues_are_not_implemented(client):
    client.create_bucket(Bucket="photos")
    for name, arn in [("TopicConfigurations", "TopicArn"), ("LambdaFunctionConfigurations", "LambdaFunctionArn")]:
        one = {arn: "arn:aws:x:us-east-1:000000000000:y", "Events": ["s3:ObjectCreated:*"]}
        given = {"Bucket": "photos", "NotificationConfiguration": {name: [one]}}
        assert refused(client.put_bucket_notification_configuration, **given) == (501, "NotImplemented")


def test_minio_and_aws_configure_it_too(store, client, hook):
    client.create_bucket(Bucket="photos")
    library = Minio(f"127.0.0.1:{store.port}", store.access, store.secret, secure=False)
    queue = QueueConfig(
        queue=ARN, events=["s3:ObjectCreated:*"], config_id="1",
        prefix_filter_rule=PrefixFilterRule("a/"), suffix_filter_rule=SuffixFilterRule(".x"),
    )  # fmt: skip
    library.set_bucket_notification("photos", NotificationConfig(queue_config_list=[queue]))
    found = library.get_bucket_notification("photos").queue_config_list[0]
    assert (found.queue, found.prefix_filter_rule.value, found.suffix_filter_rule.value) == (ARN, "a/", ".x")
    client.put_object(Bucket="photos", Key="a/k.x", Body=b"x")
    assert hook.wait_for(1) == [("ObjectCreated:Put", "a/k.x")]
    library.delete_bucket_notification("photos")
    assert "QueueConfigurations" not in client.get_bucket_notification_configuration(Bucket="photos")
    document = json.dumps({"QueueConfigurations": [{"QueueArn": ARN, "Events": ["s3:ObjectRemoved:*"]}]})
    environment = peers.aws_environment(store)
    aws = ["--endpoint-url", store.endpoint, "s3api"]
    peers.run(
        "aws", *aws, "put-bucket-notification-configuration", "--bucket", "photos",
        "--notification-configuration", document, env=environment,
    )  # fmt: skip
    answer = peers.run("aws", *aws, "get-bucket-notification-configuration", "--bucket", "photos", env=environment)
    assert json.loads(answer)["QueueConfigurations"][0]["Events"] == ["s3:ObjectRemoved:*"]


def test_a_long_answer_is_an_answer(client, hook):
    subscribe(client)
    hook.answer = b"x" * (200 << 10)
    for number in range(3):
        client.put_object(Bucket="photos", Key="k", Body=b"%d" % number)
    assert len(hook.wait_for(3)) == 3
    # Each was sent once.
    assert len(hook.requests) == 3


def test_who_has_subscribed_and_then_lists_misses_nothing(tmp_path, hook):
    """Writes that began before the subscription was made, and are done after it, are told."""
    with Notifying(tmp_path / "store", hook) as store:
        store.flags = tuple(flag for flag in store.flags if flag != "--no-fsync")
        store.stop()
        store.start()
        s3, other = stores.client(store), stores.client(store)
        s3.create_bucket(Bucket="photos")
        for number in range(300):
            s3.put_object(Bucket="photos", Key=f"k{number}", Body=b"x")
        names = [{"Key": f"k{number}"} for number in range(300)]
        batch = threading.Thread(target=other.delete_objects, kwargs={"Bucket": "photos", "Delete": {"Objects": names}})
        batch.start()
        subscribe(s3)
        there = set(stores.keys(s3, "photos"))
        batch.join()
        hook.wait(lambda hook: there <= {key(record) for record in hook.taken})


def test_a_refused_key_waits_and_the_others_go_on(client, hook):
    subscribe(client)
    refusing = True
    hook.status = lambda record: 500 if refusing and key(record) == "bad" else 204
    for number in range(3):
        client.put_object(Bucket="photos", Key="bad", Body=b"%d" % number)
        for name in "abc":
            client.put_object(Bucket="photos", Key=f"{name}{number}", Body=b"x")
    hook.wait(lambda hook: {key(record) for record in hook.taken} == {f"{a}{b}" for a in "abc" for b in range(3)})
    hook.wait(lambda hook: any(b'"Key":"photos/bad"' in body for _, body in hook.requests))
    refusing = False
    hook.wait_for(12)
    mine = [record["s3"]["object"] for record in hook.taken if key(record) == "bad"]
    assert [one["eTag"] for one in mine] == [stores.hashlib.md5(b"%d" % number).hexdigest() for number in range(3)]


def test_nothing_is_lost_while_the_webhook_is_away_and_the_server_is_killed(tmp_path):
    with Webhook() as hook:
        pass
    store = Notifying(tmp_path / "store", hook).start()
    try:
        subscribe(stores.client(store))
        for round in range(3):
            s3 = stores.client(store)
            for number in range(40):
                s3.put_object(Bucket="photos", Key=f"{round}-{number}", Body=b"x")
            store.process.send_signal(signal.SIGKILL)
            store.process.wait()
            store.start()
        # Each life that tried tells it.
        assert re.search(r"does not take a notification: .*; it is sent again, and \d+ wait", store.log), store.log
        with hook:
            hook.wait_for(120)
            assert {key(record) for record in hook.taken} == {f"{a}-{b}" for a in range(3) for b in range(40)}
    finally:
        store.stop()


def test_what_waits_stays_when_the_webhook_is_left_out(tmp_path, hook):
    folder = tmp_path / "store"
    hook.status = lambda record: 503
    with Notifying(folder, hook) as store:
        s3 = stores.client(store)
        subscribe(s3)
        s3.put_object(Bucket="photos", Key="one", Body=b"x")
        hook.wait(lambda hook: hook.requests)
    with LocalS3(folder) as store:
        # The bucket's configuration stands, so this one waits as well.
        stores.client(store).put_object(Bucket="photos", Key="two", Body=b"x")
        assert "1 notifications wait for the webhook hook" in Path(f"{folder}.log").read_text()
    hook.status = lambda record: 200
    with Notifying(folder, hook):
        assert sorted(hook.wait_for(2)) == [("ObjectCreated:Put", "one"), ("ObjectCreated:Put", "two")]


def test_the_command_line_configures_it(tmp_path, hook):
    token = tmp_path / "token"
    token.write_text("Basic c2VjcmV0\n")
    flags = [
        "--notify", "photos?prefix=a%26b/&event=s3:ObjectCreated:*", "--notify", "films?webhook=hook", "--webhook-token", str(token),
    ]  # fmt: skip
    with Notifying(tmp_path / "store", hook, *flags) as store:
        s3 = stores.client(store)
        for bucket in ("photos", "films"):
            s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket="photos", Key="a&b/c", Body=b"x")
        s3.put_object(Bucket="photos", Key="other", Body=b"x")
        s3.delete_object(Bucket="photos", Key="a&b/c")
        s3.put_object(Bucket="films", Key="f", Body=b"x")
        s3.delete_object(Bucket="films", Key="f")
        events = hook.wait_for(3)
        assert sorted(events) == [("ObjectCreated:Put", "a&b/c"), ("ObjectCreated:Put", "f"), ("ObjectRemoved:Delete", "f")]
        # Two words are sent as they are.
        assert {headers["Authorization"] for headers, _ in hook.requests} == {"Basic c2VjcmV0"}
        assert f"Notifies    {hook.url}    ({ARN})" in store.log
        command_line = Path(f"/proc/{store.process.pid}/cmdline").read_text()
        assert "c2VjcmV0" not in command_line and "c2VjcmV0" not in store.log


def test_a_failing_webhook_is_told_once_and_its_return_too(store, client, hook):
    subscribe(client)
    refusing = True
    hook.status = lambda record: 500 if refusing else 200
    for number in range(5):
        client.put_object(Bucket="photos", Key=f"k{number}", Body=b"x")
    hook.wait(lambda hook: len(hook.requests) >= 5)
    refusing = False
    hook.wait_for(5)
    store.stop()
    lines = [line for line in store.log.splitlines() if line.startswith("brigade:")]
    assert len(lines) == 2, lines
    assert re.fullmatch(rf"brigade: the webhook hook \({hook.url}\) does not take a notification: it answers 500; .*", lines[0])
    assert lines[1] == "brigade: the webhook hook takes notifications again"


@pytest.mark.parametrize(
    "flags, problem",
    [
        (["--notify", "photos"], "have no webhook to go to"),
        (["--webhook", "http://127.0.0.1/", "--notify", "photos?webhook=x"], "name no webhook that is there: x"),
        (["--webhook", "ftp://127.0.0.1/"], "needs an http or https URL"),
        (["--webhook", "http://me:secret@127.0.0.1/"], "holds a name or a password"),
        (["--webhook", "a b=http://127.0.0.1/"], "is no name for a webhook"),
        (["--webhook", "http://127.0.0.1/", "--webhook", "http://127.0.0.2/"], "two webhooks are called 1"),
        (["--webhook", "http://127.0.0.1/", "--notify", "photos?event=put"], "put is no event"),
        (["--webhook", "http://127.0.0.1/", "--notify", "photos?size=3"], 'there is no "size"'),
        (["--webhook", "http://127.0.0.1/", "--notify", "Photos"], "not a valid bucket name"),
        (["--webhook", "http://127.0.0.1/", "--webhook-token", "/nowhere"], "cannot read the token in /nowhere"),
    ],
)
def test_wrong_options_are_told(tmp_path, flags, problem):
    command = [str(binary()), "local-s3", "--root", str(tmp_path / "store"), "--listen", "127.0.0.1:0", *flags]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, env=dict(os.environ))
    assert ended.returncode == 2 and problem in ended.stderr, ended.stderr
    assert "secret" not in ended.stderr
    assert not (tmp_path / "store").exists()


def test_a_key_that_may_only_read_cannot_configure_it(tmp_path, hook):
    keys = tmp_path / "keys"
    keys.write_text("[reader]\naws_access_key_id = READER\naws_secret_access_key = reads\naccess = read\n")
    with Notifying(tmp_path / "store", hook, "--keys", str(keys)) as store:
        subscribe(stores.client(store))
        reader = stores.client(store, access="READER", secret="reads")
        assert reader.get_bucket_notification_configuration(Bucket="photos")["QueueConfigurations"]
        given = {"Bucket": "photos", "NotificationConfiguration": {}}
        assert refused(reader.put_bucket_notification_configuration, **given) == (403, "AccessDenied")
