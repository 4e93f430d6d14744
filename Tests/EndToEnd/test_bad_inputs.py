"""One cause, one clear message on standard error, the right exit code, within five seconds, and nothing half-written."""

import json
import re
import signal
import subprocess
import time

import pytest
from support import stores
from support.faults import Fault, Proxy
from support.pool import new_bucket
from support.servers import ACCESS, SECRET
from support.tools import binary, free_port
from support.untrusted import UntrustedServer

WRONG_SECRET = "this-is-not-the-secret-0123456789"


def assert_told(result, code: int, *words: str) -> None:
    """One message of at most a few lines that names what it is about and gives nothing away."""
    assert result.code == code, result
    assert result.seconds < 5, result
    message = result.err.strip()
    assert message.startswith("brigade: ") or "\nbrigade: " in "\n" + message, result
    assert message.count("brigade: ") == 1, result
    assert len(message.splitlines()) <= 6, result
    for word in words:
        assert re.search(word, message, re.IGNORECASE), f"no {word!r} in\n{result}"
    said = result.out + result.err
    for trace in ("Fatal error", "Traceback", "Thread 0", "S3Error(", "TransportError("):
        assert trace not in said, result
    for secret in (SECRET, WRONG_SECRET):
        assert secret not in said, result


@pytest.fixture
def sides(pool, brigade):
    """A bucket with one object, an empty one on another server, and connections a and b to them."""
    source, target = pool.get("local-s3"), pool.get("local-s3", 2)
    bucket, copy = new_bucket(source), new_bucket(target)
    stores.put_many(source, bucket, {f"k{n}": b"body" for n in range(20)})
    brigade.connect("a", source.url())
    brigade.connect("b", target.url())
    yield source, bucket, target, copy
    assert stores.keys(stores.client(target), copy) == {}, "something was written"
    assert stores.pending_uploads(target, copy) == []


COMMANDS = ("copy", "sync", "verify")


@pytest.mark.parametrize("command", COMMANDS)
def test_unknown_connection(sides, brigade, command):
    _, bucket, _, copy = sides
    result = brigade.run(command, f"s3://nowhere@{bucket}", f"s3://b@{copy}")
    assert_told(result, 2, "nowhere", "BRIGADE_CONNECTION_NOWHERE")


@pytest.mark.parametrize("command", COMMANDS)
def test_who_asks_for_a_document_gets_one_of_a_failure_too(sides, brigade, command):
    _, bucket, _, copy = sides
    result = brigade.run(command, "--json", f"s3://a@{bucket}-not", f"s3://b@{copy}")
    assert_told(result, 4, f"{bucket}-not")
    document = json.loads(result.out)
    assert document["exitCode"] == 4
    assert f"{bucket}-not" in document["error"]
    result = brigade.run(command, "--json", f"s3://nowhere@{bucket}", f"s3://b@{copy}")
    assert_told(result, 2, "nowhere")
    assert json.loads(result.out)["exitCode"] == 2


def test_a_result_that_cannot_be_written_is_no_success(sides, brigade):
    _, bucket, _, copy = sides
    for arguments in (["--help"], ["copy", "--dry-run", f"s3://a@{bucket}", f"s3://b@{copy}"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [str(binary()), *arguments], env=brigade.env, stdin=subprocess.DEVNULL, stdout=full,
                stderr=subprocess.PIPE, text=True, timeout=60,
            )  # fmt: skip
        assert done.returncode == 1, done
        assert "standard output" in done.stderr and "No space left" in done.stderr, done


@pytest.mark.parametrize("flags, words", [
    (["--quiet", "--verbose"], ["--quiet", "--verbose"]),
    (["--include", "["], ["glob", "closed"]),
])  # fmt: skip
def test_flags_that_make_no_sense(sides, brigade, flags, words):
    _, bucket, _, copy = sides
    result = brigade.run("copy", *flags, f"s3://a@{bucket}", f"s3://b@{copy}")
    assert_told(result, 2, *words)
    assert result.out == ""


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("side", ["source", "destination"])
def test_wrong_secret(sides, brigade, command, side):
    source, bucket, target, copy = sides
    name, server = ("a", source) if side == "source" else ("b", target)
    brigade.connect(name, server.url(secret=WRONG_SECRET))
    result = brigade.run(command, f"s3://a@{bucket}", f"s3://b@{copy}")
    assert_told(result, 4, "SignatureDoesNotMatch|secret", f"BRIGADE_CONNECTION_{name.upper()}")


@pytest.mark.parametrize("side", ["source", "destination"])
def test_wrong_key(sides, brigade, side):
    source, bucket, target, copy = sides
    name, server = ("a", source) if side == "source" else ("b", target)
    brigade.connect(name, server.url(access="NOSUCHACCESSKEY"))
    result = brigade.run("copy", f"s3://a@{bucket}", f"s3://b@{copy}")
    assert_told(result, 4, "InvalidAccessKeyId|access key", f"BRIGADE_CONNECTION_{name.upper()}")


def test_wrong_secret_at_rclone(pool, brigade):
    server = pool.get("rclone")
    bucket, copy = new_bucket(server), new_bucket(server)
    brigade.connect("a", server.url(secret=WRONG_SECRET))
    assert_told(brigade.run("copy", f"s3://a@{bucket}", f"s3://a@{copy}/x"), 4, "secret|SignatureDoesNotMatch")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("side", ["source", "destination"])
def test_missing_bucket(sides, brigade, command, side):
    _, bucket, _, copy = sides
    missing = "no-such-bucket"
    a, b = (missing, copy) if side == "source" else (bucket, missing)
    result = brigade.run(command, f"s3://a@{a}", f"s3://b@{b}")
    assert_told(result, 4, missing, "bucket")


@pytest.mark.parametrize("side", ["source", "destination"])
def test_nobody_listens(sides, brigade, side):
    _, bucket, _, copy = sides
    port = free_port()
    name = "a" if side == "source" else "b"
    brigade.connect(name, f"http://{ACCESS}:secret@127.0.0.1:{port}?region=us-east-1&style=path")
    result = brigade.run("copy", f"s3://a@{bucket}", f"s3://b@{copy}")
    assert_told(result, 4, f"127.0.0.1:{port}", "cannot reach|refused")


def test_a_host_that_does_not_exist(sides, brigade):
    _, bucket, _, copy = sides
    brigade.connect("a", f"http://{ACCESS}:secret@no-such-host.invalid:9000?region=us-east-1&style=path")
    result = brigade.run("copy", f"s3://a@{bucket}", f"s3://b@{copy}")
    assert_told(result, 4, "no-such-host.invalid")


def test_a_certificate_that_is_not_trusted(sides, brigade, tmp_path):
    _, bucket, _, copy = sides
    with UntrustedServer(tmp_path) as server:
        url = f"https://{ACCESS}:secret@127.0.0.1:{server.port}?region=us-east-1&style=path"
        brigade.connect("a", url)
        result = brigade.run("copy", f"s3://a@{bucket}", f"s3://b@{copy}")
        assert_told(result, 4, "certificate|trust")
        # Trusted by its own bundle, the same server is let in and refuses by itself.
        trusted = brigade.run(
            "copy", f"s3://a@{bucket}", f"s3://b@{copy}", env={"AWS_CA_BUNDLE": str(server.certificate)}
        )
        assert trusted.code == 4 and "certificate" not in trusted.err, trusted


@pytest.mark.parametrize(
    "location", ["s3:/one-slash", "http://127.0.0.1/bucket", "bucket", "s3://", "s3://a@", "s3://@bucket", "s3://a@B_"]
)
def test_a_location_that_is_none(sides, brigade, location):
    _, _, _, copy = sides
    result = brigade.run("copy", location, f"s3://b@{copy}")
    assert result.code in (2, 4), result
    assert_told(result, result.code, re.escape(location.removeprefix("s3://")) or "s3://")


@pytest.mark.parametrize(
    "url",
    [
        "not a url",
        "ftp://k:s@127.0.0.1:1",
        "http://127.0.0.1:99999999",
        f"http://{ACCESS}:{WRONG_SECRET}@",
        f"http://{ACCESS}:{WRONG_SECRET}@127.0.0.1:9000?style=sideways",
    ],
)
def test_a_connection_that_is_malformed(sides, brigade, url):
    _, bucket, _, copy = sides
    brigade.connect("a", url)
    assert_told(brigade.run("copy", f"s3://a@{bucket}", f"s3://b@{copy}"), 2, "BRIGADE_CONNECTION_A")


@pytest.mark.parametrize(
    "a,b", [("", ""), ("x/", "x/"), ("", "inside/"), ("x/", "x/y/")], ids=["equal", "equal-prefix", "inside", "deeper"]
)
def test_source_and_destination_overlap(sides, brigade, a, b):
    source, bucket, _, _ = sides
    before = stores.keys(stores.client(source), bucket)
    result = brigade.run("copy", f"s3://a@{bucket}/{a}", f"s3://a@{bucket}/{b}")
    assert_told(result, 2, "same|inside|overlap")
    assert stores.keys(stores.client(source), bucket) == before


def test_no_permission_to_write(sides, brigade):
    _, bucket, target, copy = sides
    fault = Fault("status", method="PUT", times=10_000, status=403, code="AccessDenied")
    creating = Fault("status", method="POST", times=10_000, status=403, code="AccessDenied")
    with Proxy(target.port, fault, creating) as proxy:
        brigade.connect("b", target.url(port=proxy.port))
        result = brigade.run("copy", f"s3://a@{bucket}", f"s3://b@{copy}")
    assert result.code in (1, 4), result
    # Twenty objects were refused for one reason: it is said once, not twenty times.
    assert result.err.count("AccessDenied") <= 2, result
    assert_told(result, result.code, "AccessDenied|may not write|permission")


def test_a_mistyped_command_and_option(brigade):
    wrong = brigade.run("cpoy", "s3://a@b", "s3://c@d")
    assert wrong.code == 2 and "copy" in wrong.err, wrong
    option = brigade.run("copy", "s3://a@b", "s3://c@d", "--dryrun")
    assert option.code == 2 and "--dry-run" in option.err, option


def test_help_fits_a_screen(brigade):
    for command in ("copy", "sync", "verify", "probe", "local-s3", "demo"):
        result = brigade.run(command, "--help")
        assert result.code == 0, result
        assert max(map(len, result.out.splitlines())) <= 100, command


def test_one_endpoint_by_two_names(sides, brigade):
    source, bucket, _, _ = sides
    brigade.connect("other", source.url().replace("127.0.0.1", "localhost"))
    result = brigade.run("sync", f"s3://other@{bucket}/sub", f"s3://a@{bucket}", "--delete")
    assert_told(result, 2, "inside")
    assert len(stores.keys(stores.client(source), bucket)) == 20


def test_local_s3_keeps_out_of_a_folder_of_others(brigade, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "README.md").write_text("my own")
    result = brigade.run("local-s3", "--root", str(folder), "--listen", "127.0.0.1:0")
    assert_told(result, 2, "not empty", "--root")
    assert (folder / "README.md").read_text() == "my own"


def test_local_s3_ends_well_when_it_is_stopped(brigade, tmp_path):
    running = brigade.start("local-s3", "--root", str(tmp_path / "s3"), "--listen", "127.0.0.1:0")
    deadline = time.monotonic() + 20
    while not (tmp_path / "s3/session").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)  # Polling another process.
    running.signal(signal.SIGINT)
    result = running.wait(20)
    assert (result.code, result.err) == (0, ""), result


def test_delete_spares_what_the_filter_is_not_about(sides, brigade):
    _, bucket, target, copy = sides
    s3 = stores.client(target)
    for key, body in (("tiny", b"x"), ("large", b"x" * 100)):
        s3.put_object(Bucket=copy, Key=key, Body=body)
    result = brigade.json("sync", f"s3://a@{bucket}", f"s3://b@{copy}", "--delete", "--min-size", "2")
    assert (result["copied"], result["deleted"]) == (20, 1)
    assert "tiny" in stores.keys(s3, copy)
    stores.empty_bucket(target, copy)


def test_keys_too_long_with_the_prefix(pool, brigade):
    """One cause, told of the longest; the others are copied."""
    source, target = pool.get("local-s3"), pool.get("local-s3", 2)
    bucket, copy = new_bucket(source), new_bucket(target)
    stores.put_many(source, bucket, {"k" * length: b"body" for length in (10, 1000, 1010, 1020)})
    brigade.connect("a", source.url())
    brigade.connect("b", target.url())
    result = brigade.run("copy", f"s3://a@{bucket}", f"s3://b@{copy}/backup/of/photos/")
    assert result.code == 1, result
    said = " ".join(result.err.split())
    for words in (
        "2 of 4 objects failed",
        "and 1 more the key has 1037 bytes with the destination's prefix, and S3 allows 1024",
        "use a prefix of at most 4 bytes at the destination",
    ):
        assert said.count(words) == 1, result
    assert sorted(map(len, stores.keys(stores.client(target), copy))) == [27, 1017]
