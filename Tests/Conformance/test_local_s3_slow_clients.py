"""The server's memory and its other clients, while a thousand clients take nothing, say nothing, or never come to an end."""

import re
import socket
from urllib.parse import urlsplit

import pytest
from support import stores
from support.servers import LocalS3

MIB = 1 << 20
CLIENTS = 1_000


@pytest.fixture
def server(tmp_path):
    with LocalS3(tmp_path / "slow") as server:
        stores.client(server).create_bucket(Bucket="slow")
        yield server


def connect(server, first: bytes) -> socket.socket:
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.settimeout(30)
    one.connect(("127.0.0.1", server.port))
    one.sendall(first)
    return one


def request(server, method: str, key: str, *headers: str) -> bytes:
    """A presigned request's head."""
    s3 = stores.client(server)
    name = {"GET": "get_object", "PUT": "put_object"}[method]
    url = urlsplit(s3.generate_presigned_url(name, Params={"Bucket": "slow", "Key": key}))
    lines = [f"{method} {url.path}?{url.query} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def expect_served(server):
    s3 = stores.client(server)
    s3.put_object(Bucket="slow", Key="good", Body=b"good")
    assert s3.get_object(Bucket="slow", Key="good")["Body"].read() == b"good"


def test_clients_that_take_no_byte_of_a_large_answer(server):
    stores.client(server).put_object(Bucket="slow", Key="large", Body=bytes(64 * MIB))
    head = request(server, "GET", "large")
    clients = [connect(server, head) for _ in range(CLIENTS)]
    expect_served(server)
    # The answers have begun.
    assert all(one.recv(12) == b"HTTP/1.1 200" for one in clients)
    expect_served(server)
    assert server.peak_kib() <= 100 << 10


def test_heads_and_connections_without_end(server):
    starts = [b"", b"GET /" + b"a" * 30_000, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 500]
    clients = [connect(server, starts[n % len(starts)]) for n in range(2 * CLIENTS)]
    expect_served(server)
    assert len(clients) == 2 * CLIENTS
    assert server.peak_kib() <= 150 << 10


def test_bodies_that_stop(server):
    head = request(server, "PUT", "stopped", "Content-Length: 1000000")
    clients = [connect(server, head + bytes(100_000)) for _ in range(CLIENTS)]
    expect_served(server)
    assert len(clients) == CLIENTS
    assert server.peak_kib() <= 150 << 10
    listed = stores.client(server).list_objects_v2(Bucket="slow")
    assert [one["Key"] for one in listed["Contents"]] == ["good"]


def test_a_flood_of_requests_on_one_connection(server):
    head = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    one = connect(server, head)
    one.settimeout(1)
    try:
        for _ in range(200):
            one.sendall(head * 1_000)
    except OSError:
        # It does not read on while its answers are not taken.
        pass
    expect_served(server)
    assert server.peak_kib() <= 100 << 10
    answer = one.recv(1 << 16).decode()
    assert re.match(r"HTTP/1.1 403 .*<Code>AccessDenied</Code>", answer, re.S)
