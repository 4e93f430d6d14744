"""Who is let in to the Lambda API, asked by botocore with a clock, a secret, a scope or a request that is not right, and by
sockets that stop half-way: refused in Lambda's words, and nothing is invoked."""

import contextlib
import datetime
import http.client
import json
import socket
from unittest import mock
from urllib.parse import urlsplit

import botocore.auth
import botocore.compat
import botocore.crt.auth
import botocore.exceptions
import pytest

from support.runtime import create, refused

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


@pytest.fixture(scope="module")
def counter(client):
    """A function that tells how often it ran."""
    create(client, "counter", "n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n\n")
    return "counter"


@pytest.fixture
def ran(client, counter):
    """Holds a test to having invoked nothing."""
    before = json.loads(client.invoke(FunctionName=counter)["Payload"].read())
    yield
    assert json.loads(client.invoke(FunctionName=counter)["Payload"].read()) == before + 1


@contextlib.contextmanager
def clock(offset: datetime.timedelta):
    """botocore's clock, off by so much."""
    real = botocore.compat.get_current_datetime

    def wrong(*arguments, **settings):
        return real(*arguments, **settings) + offset

    # The second signs where AWS's own runtime in C is installed.
    with (
        mock.patch.object(botocore.auth, "get_current_datetime", wrong),
        mock.patch.object(botocore.crt.auth, "get_current_datetime", wrong),
    ):
        yield


def changed(client, change):
    """The client, with each request changed after it was signed."""

    def handle(request, **_):
        # What it returned would be taken for an answer.
        change(request)

    client.meta.events.register_last("before-send.lambda", handle)
    return client


@pytest.mark.parametrize(
    "minutes, message",
    [(-6, r"Signature expired: {time} is now earlier than {edge} ({now} - 5 min.)"),
     (6, r"Signature not yet current: {time} is still later than {edge} ({now} + 5 min.)")],
)  # fmt: skip
def test_a_clock_that_is_off_is_told(runtime, counter, ran, minutes, message):
    with clock(datetime.timedelta(minutes=minutes)):
        said = refused("InvalidSignatureException", lambda: runtime.client().invoke(FunctionName=counter))
    words = said.replace("(", "").split()
    times = [word for word in words if word.startswith("20") and word.endswith("Z")]
    time, edge, now = (datetime.datetime.strptime(word, "%Y%m%dT%H%M%SZ") for word in times)
    assert said == message.format(time=times[0], edge=times[1], now=times[2])
    assert edge - now == datetime.timedelta(minutes=5 if minutes > 0 else -5)
    assert abs(time - now - datetime.timedelta(minutes=minutes)) < datetime.timedelta(seconds=60)


@pytest.mark.parametrize("minutes", [-4, 4])
def test_a_clock_may_be_off_a_little(runtime, counter, minutes):
    with clock(datetime.timedelta(minutes=minutes)):
        assert runtime.client().invoke(FunctionName=counter)["StatusCode"] == 200


def test_a_wrong_secret_and_an_unknown_key(runtime, counter, ran):
    invoke = {"FunctionName": counter}
    assert refused("InvalidSignatureException", lambda: runtime.client(secret="x" * 40).invoke(**invoke)) == MISMATCH
    message = refused("UnrecognizedClientException", lambda: runtime.client(access="AKIAOTHER").invoke(**invoke))
    assert message == "The security token included in the request is invalid."


def test_a_request_without_a_signature(runtime, counter, ran):
    client = changed(runtime.client(), lambda request: request.headers.pop("Authorization"))
    message = refused("MissingAuthenticationTokenException", lambda: client.invoke(FunctionName=counter))
    assert message == "Missing Authentication Token"


def test_what_was_changed_on_the_way(runtime, counter, ran):
    def body(request):
        request.body = request.body.replace(b"1", b"2")

    def query(request):
        request.url = request.url.replace("Qualifier=1", "Qualifier=%24LATEST")

    def path(request):
        request.url = request.url.replace("/functions/other/", f"/functions/{counter}/")

    def invocation(request):
        request.headers["X-Amz-Invocation-Type"] = "Event"

    def refused_after(change, **settings):
        return refused(
            "InvalidSignatureException",
            lambda: changed(runtime.client(), change).invoke(**({"FunctionName": counter} | settings)),
        )

    assert refused_after(body, Payload=b'{"n": 1}') == MISMATCH
    assert refused_after(query, Qualifier="1") == MISMATCH
    assert refused_after(path, FunctionName="other") == MISMATCH
    assert refused_after(invocation, InvocationType="DryRun") == MISMATCH
    # A header that was not there when it was signed.
    assert refused_after(invocation) == "'X-Amz-Invocation-Type' must be a 'SignedHeader' in the AWS Authorization."


def test_another_scope(runtime, counter, ran):
    client = runtime.client()
    client._request_signer._region_name = "eu-west-1"
    message = refused("InvalidSignatureException", lambda: client.invoke(FunctionName=counter))
    assert message == "Credential should be scoped to a valid region. "
    client = runtime.client()
    client._request_signer._signing_name = "s3"
    message = refused("InvalidSignatureException", lambda: client.invoke(FunctionName=counter))
    assert message == "Credential should be scoped to correct service: 'lambda'. "


def captured(runtime, **settings) -> tuple[str, dict, bytes]:
    """A signed request that was not sent: path, headers and body."""
    seen = {}

    def take(request, **_):
        seen.update(url=request.url, headers=dict(request.headers.items()), body=request.body)
        raise KeyboardInterrupt

    client = runtime.client()
    client.meta.events.register("before-send.lambda", take)
    with pytest.raises(KeyboardInterrupt):
        client.invoke(**settings)
    headers = {k: v.decode() if isinstance(v, bytes) else v for k, v in seen["headers"].items()}
    return urlsplit(seen["url"]).path, headers, seen["body"]


@pytest.mark.parametrize("cut", [1, 10])
def test_half_a_request_invokes_nothing(runtime, counter, ran, cut):
    path, headers, body = captured(runtime, FunctionName=counter, Payload=b'{"n": [1, 2, 3]}')
    place = urlsplit(runtime.url)
    with socket.create_connection((place.hostname, place.port), 30) as one:
        lines = [f"POST {path} HTTP/1.1", f"Host: {place.netloc}", *(f"{k}: {v}" for k, v in headers.items())]
        one.sendall("\r\n".join([*lines, "", ""]).encode() + body[:-cut])
        one.shutdown(socket.SHUT_WR)
        assert b" 200 " not in one.recv(1 << 16)


def test_the_same_request_whole_is_served(runtime, counter):
    path, headers, body = captured(runtime, FunctionName=counter, Payload=b'{"n": [1, 2, 3]}')
    place = urlsplit(runtime.url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    connection.request("POST", path, body, headers)
    assert connection.getresponse().status == 200
