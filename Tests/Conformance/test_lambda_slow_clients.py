"""The memory of `brigade up` and its other clients, while a thousand clients say nothing, stop half-way or take nothing."""

import http.client
import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from support.runtime import Runtime, create

MIB = 1 << 20
CLIENTS = 1_000


@pytest.fixture
def runtime():
    running = Runtime()
    create(running.client(), "echo", "def handler(event, context): return event\n", Timeout=60, MemorySize=512)
    yield running
    running.stop()


def connect(runtime, first: bytes) -> socket.socket:
    place = urlsplit(runtime.url)
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.settimeout(30)
    one.connect((place.hostname, place.port))
    one.sendall(first)
    return one


def head(runtime, body: bytes, keys: tuple[str, str] | None = None) -> bytes:
    """A signed invocation's head."""
    url = f"{runtime.url}/2015-03-31/functions/echo/invocations"
    request = botocore.awsrequest.AWSRequest("POST", url, data=body)
    access, secret = keys or runtime.keys
    botocore.auth.SigV4Auth(botocore.credentials.Credentials(access, secret), "lambda", "us-east-1").add_auth(request)
    place = urlsplit(url)
    lines = [f"POST {place.path} HTTP/1.1", f"Host: {place.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def peak_kib(runtime) -> int:
    status = Path(f"/proc/{runtime.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def expect_served(runtime):
    answer = runtime.client().invoke(FunctionName="echo", Payload=b'{"n": 1}')
    assert json.loads(answer["Payload"].read()) == {"n": 1}


def test_heads_and_connections_without_end(runtime):
    starts = [b"", b"POST /" + b"a" * 30_000, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 500]
    clients = [connect(runtime, starts[n % len(starts)]) for n in range(3 * CLIENTS)]
    expect_served(runtime)
    assert len(clients) == 3 * CLIENTS
    assert peak_kib(runtime) <= 250 << 10


def test_bodies_of_clients_without_a_key_are_not_taken(runtime):
    first = head(runtime, bytes(6 * MIB), ("AKIAOTHER", "x" * 40))
    clients = [connect(runtime, first) for _ in range(CLIENTS)]
    expect_served(runtime)
    assert all(b" 403 " in one.recv(100) for one in clients)
    assert peak_kib(runtime) <= 200 << 10


def test_bodies_that_stop(runtime):
    body = b'"' + b"x" * (200_000 - 2) + b'"'
    first = head(runtime, body)
    clients = [connect(runtime, first + body[:100_000]) for _ in range(CLIENTS)]
    expect_served(runtime)
    assert len(clients) == CLIENTS
    # What has come of them is held, once.
    assert peak_kib(runtime) <= (200 << 10) + CLIENTS * 2 * 100_000 // 1024
    for one in clients:
        one.close()
    expect_served(runtime)
    # Only what was whole was run.
    reports = runtime.brigade("logs", "echo").stdout.count("REPORT")
    assert reports == 2, reports


def test_all_that_may_be_held_is_bounded(runtime):
    """More than that is told to come again, and what was held is let go of."""
    body = b'"' + b"x" * (6 * MIB - 2) + b'"'
    first = head(runtime, body)
    clients = [connect(runtime, first) for _ in range(100)]
    refused = 0
    for one in clients:
        try:
            one.sendall(body[:-1])
        except OSError:
            # It was refused on the way.
            pass
    for one in clients:
        one.settimeout(0.01)
        try:
            refused += b" 503 " in one.recv(100)
        except OSError:
            pass
        one.close()
    assert refused >= 10
    expect_served(runtime)
    assert peak_kib(runtime) <= 900 << 10


def test_who_takes_no_answers_is_not_listened_to(runtime):
    body = b'"' + b"x" * (1 * MIB - 2) + b'"'
    request = head(runtime, body) + body
    one = connect(runtime, b"")
    one.settimeout(3)
    sent = 0
    try:
        for _ in range(200):
            one.sendall(request)
            sent += 1
    except OSError:
        # It does not read on while its answers are not taken.
        pass
    assert sent < 200
    expect_served(runtime)
    assert peak_kib(runtime) <= 250 << 10
    # They are all there when they are taken.
    one.settimeout(30)
    answer = http.client.HTTPResponse(one)
    answer.begin()
    assert answer.status == 200 and len(answer.read()) == MIB
