"""`brigade up` with a rule keeps a destination in step with its source."""

import base64
import http.client
import json

import pytest
from support.replicating import TOKEN, Replicating
from support.runtime import eventually
from support.webhook import Webhook


@pytest.fixture
def pair(tmp_path):
    with Replicating(tmp_path, "deletes: propagate") as pair:
        yield pair


def test_what_changes_at_the_source_appears_at_the_destination(pair):
    pair.s3.put_object(Bucket="photos", Key="before/it began", Body=b"old")
    pair.up()
    pair.when_equal()
    assert pair.when_quiet()["scan"]["endedAt"]
    pair.s3.put_object(Bucket="photos", Key="a b+c%20ü", Body=b"new", Metadata={"x": "y"})
    pair.s3.put_object(Bucket="photos", Key="before/it began", Body=b"newer")
    pair.when_equal()
    assert pair.copy.head_object(Bucket="copy", Key="a b+c%20ü")["Metadata"] == {"x": "y"}
    pair.s3.delete_object(Bucket="photos", Key="a b+c%20ü")
    pair.when_equal()
    state = pair.when_quiet()
    assert state["replicated"] >= 3 and state["failed"] == 0
    assert 0 <= state["lagSeconds"]["p50"] <= state["lagSeconds"]["p99"] < 30


def test_tags_and_metadata_alone_travel(pair):
    pair.s3.put_object(Bucket="photos", Key="a", Body=b"x")
    pair.up()
    pair.when_equal()
    pair.s3.put_object_tagging(Bucket="photos", Key="a", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    eventually(lambda: pair.copy.get_object_tagging(Bucket="copy", Key="a")["TagSet"] == [{"Key": "k", "Value": "v"}])
    pair.s3.copy_object(
        Bucket="photos", Key="a", CopySource="photos/a", MetadataDirective="REPLACE", Metadata={"m": "1"}
    )
    eventually(lambda: pair.copy.head_object(Bucket="copy", Key="a")["Metadata"] == {"m": "1"})


def test_a_delete_storm_stops_at_the_cap_and_a_person_lets_it_go_on(tmp_path):
    with Replicating(tmp_path, "deletes: propagate\nmaxDelete: 5") as pair:
        for number in range(20):
            pair.s3.put_object(Bucket="photos", Key=f"k{number}", Body=b"x")
        pair.up()
        pair.when_equal()
        for number in range(20):
            pair.s3.delete_object(Bucket="photos", Key=f"k{number}")
        eventually(lambda: pair.status()["heldDeletes"] == 15)
        assert len(pair.sides()[1]) == 15
        listed = pair.runtime.brigade("failures", "list")
        assert "Deletes.held" in listed.stdout and listed.returncode == 0
        replayed = pair.runtime.brigade("failures", "replay", "--rule", "photos")
        assert replayed.returncode == 0, replayed.stderr
        pair.when_equal()


def test_quarantine_gives_every_object_back(tmp_path):
    with Replicating(tmp_path, "deletes: quarantine") as pair:
        pair.s3.put_object(Bucket="photos", Key="a/b", Body=b"precious", Metadata={"x": "y"})
        pair.up()
        pair.when_equal()
        pair.s3.delete_object(Bucket="photos", Key="a/b")
        eventually(lambda: "a/b" not in pair.sides()[1])
        kept = [key for key in pair.sides()[1] if key.startswith(".brigade-quarantine/photos/")]
        assert len(kept) == 1 and kept[0].endswith("Z/a/b")
        answer = pair.copy.get_object(Bucket="copy", Key=kept[0])
        assert answer["Body"].read() == b"precious" and answer["Metadata"]["x"] == "y"
        # A look at both sides does not take it for something to be deleted.
        assert pair.runtime.brigade("reconcile", "photos", "--endpoint", pair.url).returncode == 0
        pair.when_quiet()
        assert kept[0] in pair.sides()[1]


def test_nothing_is_lost_when_the_runtime_is_killed(pair):
    pair.up()
    pair.when_quiet()
    for number in range(200):
        pair.s3.put_object(Bucket="photos", Key=f"k{number}", Body=str(number).encode())
        if number == 100:
            pair.runtime.kill()
            pair.runtime.process = None
            pair.up()
    pair.when_equal()


def test_a_source_that_is_gone_deletes_nothing(pair):
    pair.s3.put_object(Bucket="photos", Key="a", Body=b"x")
    pair.up()
    pair.when_equal()
    pair.s3.delete_object(Bucket="photos", Key="a")
    pair.when_equal()
    pair.copy.put_object(Bucket="copy", Key="extra", Body=b"x")
    # An empty source: nothing is deleted by a comparison.
    pair.runtime.brigade("reconcile", "photos", "--endpoint", pair.url)
    pair.when_quiet()
    assert "extra" in pair.sides()[1]


def test_who_is_to_be_told_is_told_once_and_when_it_is_over(tmp_path):
    with Webhook() as hook:
        top = f'alerts: {{ webhook: "{hook.url}/a-secret-path", token: {{ environment: ALERT_TOKEN }} }}\n'
        with Replicating(tmp_path, "deletes: propagate\nmaxDelete: 1", top=top, environment={"ALERT_TOKEN": "t0ken"}) as pair:
            for key in ("a", "b", "c"):
                pair.s3.put_object(Bucket="photos", Key=key, Body=b"x")
            pair.up()
            pair.when_equal()
            pair.s3.delete_object(Bucket="photos", Key="a")
            pair.s3.delete_object(Bucket="photos", Key="b")
            hook.wait(lambda hook: len(hook.taken) >= 1)
            headers, body = hook.requests[0]
            alert = json.loads(body)
            assert headers["Authorization"] == "Bearer t0ken"
            assert (alert["kind"], alert["rule"], alert["isRaised"]) == ("deletesHeld", "photos", True)
            pair.runtime.brigade("failures", "replay")
            hook.wait(lambda hook: len(hook.taken) >= 2)
            assert json.loads(hook.requests[1][1])["isRaised"] is False
            assert "a-secret-path" not in pair.runtime.output() and "t0ken" not in pair.runtime.output()


def test_nothing_unauthenticated_is_taken(pair):
    pair.up()
    pair.when_quiet()
    # The source tells nobody of this one.
    body = json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "photos"}, "object": {"key": "k"}}}]})

    def post(body: str, query: str = "", **headers):
        link = http.client.HTTPConnection("127.0.0.1", pair.port, timeout=10)
        link.request("POST", "/events/s3" + query, body, headers)
        return link.getresponse().status

    before = pair.status()["replicated"]
    assert post(body) == 403
    assert post(body, Authorization="Bearer wrong") == 403
    assert post(body, "?token=wrong") == 403
    assert pair.status()["replicated"] == before
    password = base64.b64encode(f"anyone:{TOKEN}".encode()).decode()
    for given in ({"Authorization": f"Bearer {TOKEN}"}, {"Authorization": TOKEN}, {"Authorization": f"Basic {password}"}):
        assert post(body, **given) == 200
    assert post(body, f"?token={TOKEN}") == 200
    eventually(lambda: pair.status()["replicated"] > before)
    # What cannot be read is kept, and its sender goes on.
    for odd in ("", "{", "[" * 100_000, '{"Records": [{"eventName": 5}]}', "\x00"):
        assert post(odd, Authorization=TOKEN) == 200
    assert pair.runtime.process.poll() is None
    assert post("x" * (7 << 20), Authorization=TOKEN) == 413
