"""Memory is bounded by configuration, never by data: one large object, and many small ones."""

import hashlib
import http.client
from urllib.parse import urlsplit

import pytest
from support import peers, stores
from support.pool import new_bucket

MIB = 1 << 20
LIMIT_KIB = 64 << 10


class Stream:
    """`size` bytes that need no memory: 1 MiB of pattern, numbered, again and again."""

    def __init__(self, size: int):
        self.size, self.at = size, 0
        self.pattern = hashlib.sha512(b"pattern").digest() * (MIB // 64)

    def read(self, count: int = -1) -> bytes:
        """Exactly as many as asked for, while there are: less means the end to those who upload."""
        count = self.size - self.at if count < 0 else min(self.size - self.at, count)
        block = bytearray()
        while len(block) < count:
            start = self.at % MIB
            piece = bytearray(self.pattern[start : start + count - len(block)])
            if start == 0 and len(piece) >= 8:
                piece[:8] = self.at.to_bytes(8, "big")
            block += piece
            self.at += len(piece)
        return bytes(block)


@pytest.mark.parametrize("parts", ["one put", "in parts"])
def test_a_large_object_passes_through_little_memory(pool, brigade, soak, parts):
    size = (5 << 30 if soak else 1 << 30) - (0 if parts == "one put" else 12345)
    source, target = pool.get("local-s3"), pool.get("local-s3", 2)
    bucket, copy = new_bucket(source), new_bucket(target)
    s3 = stores.client(source)
    if parts == "one put":
        upload_in_one(source, bucket, size)
    else:
        s3.upload_fileobj(Stream(size), bucket, "k")
    brigade.connect("a", source.url())
    brigade.connect("b", target.url())
    result = brigade.run("copy", f"s3://a@{bucket}", f"s3://b@{copy}", "--json", timeout=600)
    assert result.code == 0, result
    assert result.json["bytes"] == size
    assert result.peak_kib <= LIMIT_KIB, f"{result.peak_kib / 1024:.1f} MiB"
    theirs = stores.client(target).head_object(Bucket=copy, Key="k")
    ours = s3.head_object(Bucket=bucket, Key="k")
    assert (ours["ETag"], ours["ContentLength"]) == (theirs["ETag"], theirs["ContentLength"])
    peers.rclone_check(source, bucket, target, copy)
    for client, name in ((s3, bucket), (stores.client(target), copy)):
        client.delete_object(Bucket=name, Key="k")


def upload_in_one(server, bucket: str, size: int) -> None:
    """One PUT of `size` bytes, streamed."""
    presigned = stores.client(server).generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"})
    url = urlsplit(presigned)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=120)
    connection.putrequest("PUT", f"{url.path}?{url.query}")
    connection.putheader("Content-Length", str(size))
    connection.endheaders()
    stream = Stream(size)
    while block := stream.read(MIB):
        connection.send(block)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200
    connection.close()


def test_many_objects_take_no_more_memory_than_few(pool, brigade, soak):
    counts = (20_000, 500_000) if soak else (1_000, 8_000)
    source, target = pool.get("local-s3"), pool.get("local-s3", 2)
    peaks = []
    for count in counts:
        bucket, copy = new_bucket(source), new_bucket(target)
        stores.put_many(source, bucket, {f"{n % 97:02}/{n:07}": b"%d" % n for n in range(count)})
        brigade.connect("a", source.url())
        brigade.connect("b", target.url())
        first = brigade.run("copy", f"s3://a@{bucket}", f"s3://b@{copy}", "--json", timeout=1200)
        assert first.code == 0 and first.json["copied"] == count, first
        second = brigade.run("sync", f"s3://a@{bucket}", f"s3://b@{copy}", "--delete", "--json", timeout=600)
        assert second.code == 0 and second.json["copied"] == 0, second
        peaks.append((first.peak_kib, second.peak_kib))
    assert max(max(pair) for pair in peaks) <= LIMIT_KIB, peaks
    if soak:
        few, many = peaks
        assert many[0] <= few[0] * 1.1 and many[1] <= few[1] * 1.1, peaks
