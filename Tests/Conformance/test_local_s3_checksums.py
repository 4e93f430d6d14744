"""Checksums in the embedded endpoint: five algorithms, in headers and trailers, of objects, parts, copies and wholes."""

import base64
import hashlib
import zlib

import pytest
from support import catalogue, signed, stores
from support.stores import refused

MIB = 1 << 20
BODY = catalogue.body("checksums", 100_000)
ALGORITHMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]
KINDS = [
    ("CRC32", "FULL_OBJECT"), ("CRC32C", "FULL_OBJECT"), ("CRC64NVME", "FULL_OBJECT"),
    ("CRC32", "COMPOSITE"), ("CRC32C", "COMPOSITE"), ("SHA1", "COMPOSITE"), ("SHA256", "COMPOSITE"),
]  # fmt: skip


def crc(polynomial: int, width: int, data: bytes) -> bytes:
    """A reflected CRC with all bits set before and turned after."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (polynomial if byte & 1 else 0)
        table.append(byte)
    value = ones = (1 << width) - 1
    for byte in data:
        value = table[(value ^ byte) & 255] ^ value >> 8
    return (value ^ ones).to_bytes(width // 8, "big")


def digest(algorithm: str, data: bytes) -> str:
    found = {
        "CRC32": lambda: zlib.crc32(data).to_bytes(4, "big"),
        "CRC32C": lambda: crc(0x82F63B78, 32, data),
        "CRC64NVME": lambda: crc(0x9A6C9329AC4BC9B5, 64, data),
        "SHA1": lambda: hashlib.sha1(data).digest(),
        "SHA256": lambda: hashlib.sha256(data).digest(),
    }[algorithm]()
    return base64.b64encode(found).decode()


VALUES = {name: digest(name, BODY) for name in ALGORITHMS}


@pytest.fixture
def bucket(plain):
    return plain


@pytest.fixture
def plainly(server):
    """A client that sends and asks for no checksums of its own."""
    return stores.client(server)


def header(algorithm):
    return f"x-amz-checksum-{algorithm.lower()}"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("way", ["header", signed.CHUNKS_TRAILER, signed.UNSIGNED_TRAILER])
def test_each_comes_in_a_header_or_a_trailer(server, bucket, plainly, algorithm, way):
    name, value = header(algorithm), VALUES[algorithm]
    wrong = digest(algorithm, b"other")

    def put(key, value):
        request = signed.Signed(server, "PUT", bucket, key)
        if way == "header":
            request.headers[name] = value
            return request.send(BODY)
        request.payload = way
        return request.send(BODY, trailer=(name, value))

    answer = put("k", value)
    assert (answer.status, answer.headers[name], answer.headers["x-amz-checksum-type"]) == (200, value, "FULL_OBJECT")
    for given, code in ((wrong, "BadDigest"), ("AAAA", "InvalidRequest"), ("?", "InvalidRequest")):
        answer = put("wrong", given)
        assert (answer.status, answer.code) == (400, code), given
    assert list(stores.keys(plainly, bucket)) == ["k"]
    for method in ("GET", "HEAD"):
        request = signed.Signed(server, method, bucket, "k")
        assert name not in request.send().headers
        request.headers["x-amz-checksum-mode"] = "ENABLED"
        assert request.send().headers[name] == value
    # Of a range there is none to give.
    request = signed.Signed(server, "GET", bucket, "k", headers={"x-amz-checksum-mode": "ENABLED", "range": "bytes=0-9"})
    assert name not in request.send().headers
    found = plainly.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["Checksum"])["Checksum"]
    assert found == {f"Checksum{algorithm}": value, "ChecksumType": "FULL_OBJECT"}
    listed = plainly.list_objects_v2(Bucket=bucket)["Contents"][0]
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == ([algorithm], "FULL_OBJECT")


@pytest.mark.parametrize(
    ("way", "code"),
    # Without the signature of a trailer the chunks are not at their end.
    [(signed.CHUNKS_TRAILER, "InvalidRequest"), (signed.UNSIGNED_TRAILER, "MalformedTrailerError")],
)
def test_a_trailer_that_was_announced_must_come(server, bucket, plainly, way, code):
    request = signed.Signed(server, "PUT", bucket, "k", payload=way, headers={"x-amz-trailer": header("CRC32")})
    answer = request.send(BODY)
    assert (answer.status, answer.code) == (400, code)
    answer = request.send(BODY, trailer=(header("SHA1"), VALUES["SHA1"]), announces=header("CRC32"))
    assert (answer.status, answer.code) == (400, "MalformedTrailerError")
    assert stores.keys(plainly, bucket) == {}


def test_one_checksum_is_enough(server, bucket):
    two = {header(name): VALUES[name] for name in ("CRC32", "SHA1")}
    answer = signed.Signed(server, "PUT", bucket, "k", headers=two).send(BODY)
    assert (answer.status, answer.code) == (400, "InvalidRequest")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("source", ["same", "other", "none", "parts"])
def test_a_copy_gets_the_checksum_that_is_asked_for(bucket, s3, plainly, algorithm, source):
    field = f"Checksum{algorithm}"
    body = BODY
    if source == "parts":
        body = bytes(5 * MIB) + BODY
        upload(s3, bucket, "source", "SHA256", "COMPOSITE", [bytes(5 * MIB), BODY]).complete()
    elif source == "none":
        plainly.put_object(Bucket=bucket, Key="source", Body=BODY)
    else:
        given = algorithm if source == "same" else ALGORITHMS[ALGORITHMS.index(algorithm) - 1]
        s3.put_object(Bucket=bucket, Key="source", Body=BODY, ChecksumAlgorithm=given)
    address = {"Bucket": bucket, "Key": "copy", "CopySource": {"Bucket": bucket, "Key": "source"}}
    copied = plainly.copy_object(ChecksumAlgorithm=algorithm, **address)["CopyObjectResult"]
    head = s3.head_object(Bucket=bucket, Key="copy", ChecksumMode="ENABLED")
    assert (head[field], head["ChecksumType"]) == (copied[field], "FULL_OBJECT")
    if source != "parts" or algorithm in ("CRC32", "SHA1", "SHA256"):  # The others are slow in Python.
        assert head[field] == digest(algorithm, body)
    # Without a word the source's own comes along.
    copied = plainly.copy_object(**address)["CopyObjectResult"]
    kinds = [name for name in copied if name.startswith("Checksum") and name != "ChecksumType"]
    kept = s3.head_object(Bucket=bucket, Key="source", ChecksumMode="ENABLED")
    assert kinds == [name for name in kept if name.startswith("Checksum") and name != "ChecksumType"]


class upload:
    """A multipart upload whose parts are there."""

    def __init__(self, s3, bucket, key, algorithm, kind, bodies):
        self.s3, self.field = s3, f"Checksum{algorithm}"
        self.at = {"Bucket": bucket, "Key": key}
        self.at["UploadId"] = s3.create_multipart_upload(ChecksumAlgorithm=algorithm, ChecksumType=kind, **self.at)["UploadId"]
        self.parts = []
        for number, body in enumerate(bodies, 1):
            part = s3.upload_part(PartNumber=number, Body=body, ChecksumAlgorithm=algorithm, **self.at)
            self.parts.append({"PartNumber": number, "ETag": part["ETag"], self.field: part[self.field]})

    def arguments(self, **more):
        return {**self.at, "MultipartUpload": {"Parts": self.parts}, **more}

    def complete(self, **more):
        return self.s3.complete_multipart_upload(**self.arguments(**more))

    def refused(self, **more):
        return refused(self.s3.complete_multipart_upload, **self.arguments(**more))

    def whole(self, kind, bodies):
        if kind == "FULL_OBJECT":
            self.s3.put_object(Bucket=self.at["Bucket"], Key="one", Body=b"".join(bodies), ChecksumAlgorithm=self.field[8:])
            return self.s3.head_object(Bucket=self.at["Bucket"], Key="one", ChecksumMode="ENABLED")[self.field]
        joined = b"".join(base64.b64decode(part[self.field]) for part in self.parts)
        return f"{digest(self.field[8:], joined)}-{len(bodies)}"


@pytest.mark.parametrize(("algorithm", "kind"), KINDS)
def test_the_whole_is_checked_at_the_end(bucket, s3, algorithm, kind):
    bodies = [bytes(5 * MIB), b"last"]
    one = upload(s3, bucket, "k", algorithm, kind, bodies)
    value, field = one.whole(kind, bodies), one.field
    wrong = digest(algorithm, b"other") + ("-2" if kind == "COMPOSITE" else "")
    other = next(name for name in ALGORITHMS if name != algorithm)
    assert one.refused(**{field: wrong}) == (400, "BadDigest")
    assert one.refused(**{field: "wrong"}) == (400, "InvalidRequest")
    assert one.refused(**{f"Checksum{other}": digest(other, b"")}) == (400, "InvalidRequest")
    assert one.refused(MpuObjectSize=1) == (400, "InvalidRequest")
    other_kind = "COMPOSITE" if kind == "FULL_OBJECT" else "FULL_OBJECT"
    assert one.refused(ChecksumType=other_kind) == (400, "InvalidRequest")
    assert refused(s3.head_object, Bucket=bucket, Key="k")[0] == 404
    done = one.complete(ChecksumType=kind, MpuObjectSize=5 * MIB + 4, **{field: value})
    assert (done[field], done["ChecksumType"]) == (value, kind)
    found = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["Checksum"])["Checksum"]
    assert found == {field: value.partition("-")[0], "ChecksumType": kind}


@pytest.mark.parametrize(("algorithm", "kind"), KINDS)
def test_parts_bring_their_checksums_unless_the_whole_has_one(bucket, s3, plainly, algorithm, kind):
    one = upload(s3, bucket, "k", algorithm, kind, [b"first"])
    wrong = next(name for name in ALGORITHMS if name != algorithm)
    part = {**one.at, "PartNumber": 2, "Body": b"x"}
    assert refused(s3.upload_part, ChecksumAlgorithm=wrong, **part) == (400, "InvalidRequest")
    bare = [{name: value for name, value in given.items() if name != one.field} for given in one.parts]
    if kind == "COMPOSITE":
        assert refused(plainly.upload_part, **part) == (400, "InvalidRequest")
        assert one.refused(MultipartUpload={"Parts": bare}) == (400, "InvalidRequest")
    else:
        assert plainly.upload_part(**{**part, "PartNumber": 1, "Body": b"first"})[one.field] == one.parts[0][one.field]
    changed = [{**one.parts[0], one.field: digest(algorithm, b"other")}]
    assert one.refused(MultipartUpload={"Parts": changed}) == (400, "InvalidPart")
    copied = {"Bucket": bucket, "Key": "source"}
    s3.put_object(Body=b"first", **copied)
    again = s3.upload_part_copy(PartNumber=1, CopySource=copied, **one.at)["CopyPartResult"]
    assert again[one.field] == one.parts[0][one.field]
    one.complete(MultipartUpload={"Parts": bare if kind == "FULL_OBJECT" else one.parts})
    assert s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["Body"].read() == b"first"


@pytest.mark.parametrize(
    "given",
    [
        {"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "COMPOSITE"},
        {"ChecksumAlgorithm": "SHA1", "ChecksumType": "FULL_OBJECT"},
        {"ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"},
        {"ChecksumAlgorithm": "MD4"},
        {"ChecksumType": "FULL_OBJECT"},
    ],
)
def test_what_cannot_be_is_refused_at_the_start(bucket, plainly, given):
    assert refused(plainly.create_multipart_upload, Bucket=bucket, Key="k", **given) == (400, "InvalidRequest")
