"""What every S3 server was asked, and what AWS answers, asked of the embedded endpoint; one test a question.

Where LocalS3 does not have what is asked for it says NotImplemented and stores nothing: that is its answer by design.
Sources of AWS's answers: https://docs.aws.amazon.com/AmazonS3/latest/API/ and the answers recorded from AWS in
https://github.com/localstack/localstack/tree/main/tests/aws/services/s3 (the .snapshot.json files).
"""

import base64
import hashlib
import http.client
import json
import socket
import struct
import urllib.error
import urllib.parse
import urllib.request
import zlib
from datetime import datetime, timedelta, timezone

import boto3
import pytest
from botocore.config import Config
from support import catalogue, signed, stores
from support.pool import new_bucket
from support.stores import refusal, refused

MIB = 1 << 20
QUESTIONS: dict[str, tuple] = {}


def question(*names, **arguments):
    """The questions that a function asks; with more than one name each argument is a list, one value a name."""

    def register(function):
        for index, name in enumerate(names):
            given = {key: values[index] for key, values in arguments.items()}
            assert name not in QUESTIONS, name
            QUESTIONS[name] = (function, given)
        return function

    return register


class World:
    """What a question is asked with: the server, boto3 with its defaults, an empty bucket."""

    def __init__(self, server, s3, bucket):
        self.server, self.s3, self.bucket = server, s3, bucket

    def put(self, key="k", body=b"hello", **more):
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **more)

    def get(self, key="k", **more):
        return self.s3.get_object(Bucket=self.bucket, Key=key, **more)

    def body(self, key="k", **more):
        return self.get(key, **more)["Body"].read()

    def head(self, key="k", **more):
        return self.s3.head_object(Bucket=self.bucket, Key=key, **more)

    def keys(self):
        return list(stores.keys(self.s3, self.bucket))

    def at(self, key="k", **more):
        return {"Bucket": self.bucket, "Key": key, **more}

    def versions(self):
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})

    def upload(self, key="k", numbers=(1, 2), sizes=(5 * MIB, 4), **options):
        """An upload with its parts, not completed: its address and what was answered for each part."""
        address = self.at(key, UploadId=self.s3.create_multipart_upload(Bucket=self.bucket, Key=key, **options)["UploadId"])
        parts = []
        for number, size in zip(numbers, sizes):
            etag = self.s3.upload_part(PartNumber=number, Body=b"%d" % (number % 10) * size, **address)["ETag"]
            parts.append({"PartNumber": number, "ETag": etag})
        return address, {"Parts": parts}

    def signed(self, method="PUT", key="k", **more):
        return signed.Signed(self.server, method, self.bucket, key, **more)

    def signer(self):
        return boto3.client(
            "s3", endpoint_url=self.server.endpoint, aws_access_key_id=self.server.access,
            aws_secret_access_key=self.server.secret, region_name="us-east-1",
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )  # fmt: skip


@pytest.fixture
def world(server, s3, plain):
    return World(server, s3, plain)


# Buckets


@question("create bucket", "head/list buckets")
def buckets(w):
    name = w.bucket + "-new"
    assert w.s3.create_bucket(Bucket=name)["Location"] == "/" + name
    assert w.s3.head_bucket(Bucket=name)["BucketRegion"] == "us-east-1"
    assert name in [bucket["Name"] for bucket in w.s3.list_buckets()["Buckets"]]
    # In us-east-1 making one's own bucket again is no error.
    w.s3.create_bucket(Bucket=name)


@question("head missing bucket -> 404")
def head_missing_bucket(w):
    assert refused(w.s3.head_bucket, Bucket="no-such-bucket") == (404, "404")


@question("get-bucket-location")
def location(w):
    assert w.s3.get_bucket_location(Bucket=w.bucket)["LocationConstraint"] is None


# Objects


@question("put: ETag == MD5", "get + head")
def put_get_head(w):
    etag = '"5d41402abc4b2a76b9719d911017c592"'
    assert w.put()["ETag"] == etag
    assert (w.get()["ETag"], w.head()["ETag"], w.head()["ContentLength"]) == (etag, etag, 5)
    assert w.head()["ContentType"] == "binary/octet-stream"
    assert w.body() == b"hello"


@question("get missing -> 404 NoSuchKey")
def get_missing(w):
    assert refused(w.get) == (404, "NoSuchKey")


@question("range get bytes=1-3", "range get suffix bytes=-2", range=["bytes=1-3", "bytes=-2"], expected=["1-3", "3-4"])
def ranges(w, range, expected):
    w.put()
    answer = w.get(Range=range)
    first, last = map(int, expected.split("-"))
    assert answer["Body"].read() == b"hello"[first : last + 1]
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["ContentRange"]) == (206, f"bytes {expected}/5")


@question("zero-byte object", 'folder marker "dir/" zero-byte', key=["k", "dir/"])
def empty(w, key):
    w.put(key, b"")
    assert w.head(key)["ContentLength"] == 0
    assert w.keys() == [key]


@question('key "dir" and "dir/x" coexist')
def shadowed(w):
    w.put("dir", b"1")
    w.put("dir/x", b"2")
    assert (w.body("dir"), w.body("dir/x"), w.keys()) == (b"1", b"2", ["dir", "dir/x"])


@question("overwrite changes ETag")
def overwrite(w):
    assert w.put()["ETag"] != w.put(body=b"other")["ETag"] == w.head()["ETag"]


@question("delete idempotent (missing -> 204)")
def delete_missing(w):
    assert w.s3.delete_object(**w.at())["ResponseMetadata"]["HTTPStatusCode"] == 204


@question("DeleteObjects (batch, incl. missing)")
def batch(w):
    for number in range(5):
        w.put(f"k{number}")
    wanted = [{"Key": f"k{number}"} for number in range(5)] + [{"Key": "never was"}]
    answer = w.s3.delete_objects(Bucket=w.bucket, Delete={"Objects": wanted})
    assert (len(answer["Deleted"]), answer.get("Errors"), w.keys()) == (6, None, [])


# Listings


def numbered(w):
    keys = [f"pg/{number:02}" for number in range(25)]
    for key in [*keys, "dir/x", "cx"]:
        w.put(key, b"x")
    return keys


@question("list v2 pagination")
def pages(w):
    keys = numbered(w)
    pages = list(w.s3.get_paginator("list_objects_v2").paginate(
        Bucket=w.bucket, Prefix="pg/", PaginationConfig={"PageSize": 10}))  # fmt: skip
    assert [len(page["Contents"]) for page in pages] == [10, 10, 5]
    assert [entry["Key"] for page in pages for entry in page["Contents"]] == keys


@question("list v2 StartAfter", "list v2 delimiter", "list v2 prefix mid-segment")
def bounded(w):
    keys = numbered(w)
    after = w.s3.list_objects_v2(Bucket=w.bucket, StartAfter="pg/20")
    assert [entry["Key"] for entry in after["Contents"]] == keys[21:]
    page = w.s3.list_objects_v2(Bucket=w.bucket, Delimiter="/")
    assert [entry["Prefix"] for entry in page["CommonPrefixes"]] == ["dir/", "pg/"]
    assert [entry["Key"] for entry in page["Contents"]] == ["cx"]
    page = w.s3.list_objects_v2(Bucket=w.bucket, Prefix="pg/1")
    assert [entry["Key"] for entry in page["Contents"]] == keys[10:20]


@question("list order = UTF-8 bytes")
def order(w):
    keys = ["Z", "a", "a b", "a/b", "é", "日", "\uffee", "\U00010000", "😀"]
    for key in reversed(keys):
        w.put(key)
    assert w.keys() == keys == sorted(keys, key=str.encode)


@question("list v1 + marker")
def first_listing(w):
    keys = numbered(w)
    page = w.s3.list_objects(Bucket=w.bucket, Prefix="pg/", Marker="pg/09", MaxKeys=5)
    assert [entry["Key"] for entry in page["Contents"]] == keys[10:15]
    assert page["IsTruncated"] and "NextMarker" not in page
    page = w.s3.list_objects(Bucket=w.bucket, Delimiter="/", MaxKeys=1)
    assert page["NextMarker"] == "cx"


@question("Last-Modified granularity in LIST")
def granularity(w):
    w.put()
    answer = w.signed("GET", key="").send()
    modified = answer.body.partition(b"<LastModified>")[2].partition(b"<")[0].decode()
    assert modified.endswith(".000Z")
    assert datetime.strptime(modified, "%Y-%m-%dT%H:%M:%S.000Z").replace(tzinfo=timezone.utc) == w.head()["LastModified"]


# Keys

KEYS = {
    "space": "a b/c d", "plus": "a+b", "percent": "100%", "percent raw %2F": "a%2Fb", "unicode": "grüße/日本語",
    "emoji": "😀", "double slash": "a//b", "leading slash": "/a", "dot segments": "a/./b/../c", 'lone ".." key': "..",
    "newline": "a\nb", "control \\x01": "a\x01b", "backslash": "a\\b", "quotes & < >": "\"'&<>", "?#;=@ etc": "?#;=@:,",
    "trailing space/dot": "a /b.", "1000 bytes (5x199)": "/".join(c * 199 for c in "abcde"),
    "1024 bytes, one segment": "z" * 1024, "NFD unicode": "e\u0301",
}  # fmt: skip


@question(*(f"key: {name}" for name in KEYS), key=list(KEYS.values()))
def key(w, key):
    w.put(key, key.encode())
    assert w.body(key) == key.encode()
    assert w.keys() == [key]
    w.s3.copy_object(Bucket=w.bucket, Key="copy", CopySource=w.at(key))
    assert w.body("copy") == key.encode()
    if key.isprintable() or "\n" in key:
        answer = w.s3.delete_objects(Bucket=w.bucket, Delete={"Objects": [{"Key": key}, {"Key": "copy"}]})
        assert [one["Key"] for one in answer["Deleted"]] == [key, "copy"]
    else:  # XML has no such characters.
        w.s3.delete_object(**w.at(key)), w.s3.delete_object(**w.at("copy"))
    assert w.keys() == []
    if len(key.encode()) == 1024:
        assert refused(w.put, key=key + "z") == (400, "KeyTooLongError")


# Metadata and tags


@question("system headers + user metadata")
def headers(w):
    given = catalogue.SYSTEM | {"Metadata": {"foo": "bar", "mixed-case": "V"}, "Expires": catalogue.WHEN}
    w.put(ContentEncoding="gzip", **given)
    head = w.head()
    assert {name: head[name] for name in catalogue.SYSTEM} == catalogue.SYSTEM
    assert head["Metadata"] == given["Metadata"]
    assert (head["ContentEncoding"], head["ExpiresString"]) == ("gzip", "Thu, 02 Jan 2031 03:04:05 GMT")


@question("user metadata RFC2047 value", "user metadata raw UTF-8 bytes", value=["=?UTF-8?Q?=C3=BC?=", "grüß"])
def encoded_metadata(w, value):
    raw = {"x-amz-meta-name": value.encode().decode("latin-1")}
    connection = http.client.HTTPConnection("127.0.0.1", w.server.port)
    # The signature is of the bytes; they are sent as they are.
    sign = w.signed(headers={"x-amz-meta-name": value})
    fields = sign.sign(b"x") | raw
    connection.request("PUT", sign.path, body=b"x", headers=fields)
    assert connection.getresponse().status == 200
    connection.close()
    answer = w.signed("GET").send()
    assert answer.headers["x-amz-meta-name"].encode("latin-1") == value.encode()


@question("user metadata 2 KiB total")
def large_metadata(w):
    w.put(Metadata={"m": "x" * 2047})
    assert w.head()["Metadata"] == {"m": "x" * 2047}
    assert refused(w.put, Metadata={"m": "x" * 2048}) == (400, "MetadataTooLarge")


@question("object tags (header, put, delete)", "x-amz-tagging-count on HEAD")
def tags(w):
    w.put(Tagging="a=1&b=x%20y")
    expected = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "x y"}]
    assert w.s3.get_object_tagging(**w.at())["TagSet"] == expected
    assert w.head()["ResponseMetadata"]["HTTPHeaders"]["x-amz-tagging-count"] == "2"
    tag = [{"Key": "z", "Value": "ü"}]
    w.s3.put_object_tagging(**w.at(), Tagging={"TagSet": tag})
    assert w.s3.get_object_tagging(**w.at())["TagSet"] == tag
    assert w.s3.delete_object_tagging(**w.at())["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert w.s3.get_object_tagging(**w.at())["TagSet"] == []
    for wrong in ("k=1&k=2", "k=1,l=2", "k=" + "v" * 257):
        assert refused(w.put, Tagging=wrong) == (400, "InvalidArgument")
    for wrong in ([*tag, *tag], [{"Key": "a,b", "Value": ""}], [{"Key": "aws:a", "Value": ""}]):
        assert refused(w.s3.put_object_tagging, **w.at(), Tagging={"TagSet": wrong}) == (400, "InvalidTag")
    many = [{"Key": str(number), "Value": ""} for number in range(11)]
    assert refused(w.s3.put_object_tagging, **w.at(), Tagging={"TagSet": many}) == (400, "BadRequest")


# Multipart


@question("multipart (ETag md5-N, metadata kept)", "multipart parts out of order", "multipart gaps in part numbers (1,5,9)",
          numbers=[(1, 2, 3), (3, 1, 2), (1, 5, 9)])  # fmt: skip
def multipart(w, numbers):
    size = 5 * MIB
    address, parts = w.upload(numbers=numbers, sizes=(size,) * 3, Metadata={"m": "v"}, ContentType="text/x", Tagging="t=1")
    parts["Parts"].sort(key=lambda part: part["PartNumber"])
    w.s3.complete_multipart_upload(MultipartUpload=parts, **address)
    digests = b"".join(hashlib.md5(b"%d" % number * size).digest() for number in sorted(numbers))
    head = w.head()
    assert head["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    assert (head["Metadata"], head["ContentType"], head["ContentLength"]) == ({"m": "v"}, "text/x", 3 * size)
    assert w.body() == b"".join(b"%d" % number * size for number in sorted(numbers))


@question("GET/HEAD ?partNumber=2")
def part_number(w):
    address, parts = w.upload()
    w.s3.complete_multipart_upload(MultipartUpload=parts, **address)
    for call in (w.get, w.head):
        answer = call(PartNumber=2)
        assert (answer["ContentLength"], answer["PartsCount"]) == (4, 2)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert w.get(PartNumber=2)["ContentRange"] == f"bytes {5 * MIB}-{5 * MIB + 3}/{5 * MIB + 4}"
    assert refused(w.get, PartNumber=3) == (416, "InvalidPartNumber")
    assert refused(w.get, PartNumber=1, Range="bytes=0-1") == (400, "InvalidRequest")
    w.put("one", b"12345678")
    assert w.get("one", PartNumber=1)["ContentRange"] == "bytes 0-7/8"
    assert refused(w.get, key="one", PartNumber=2) == (416, "InvalidPartNumber")


@question("ListParts / ListUploads / Abort")
def uploads(w):
    address, _ = w.upload(numbers=(1,), sizes=(4,))
    listed = w.s3.list_parts(**address)
    assert [(part["PartNumber"], part["Size"]) for part in listed["Parts"]] == [(1, 4)]
    assert (listed["NextPartNumberMarker"], listed["IsTruncated"]) == (1, False)
    listed = w.s3.list_multipart_uploads(Bucket=w.bucket)
    assert [one["UploadId"] for one in listed["Uploads"]] == [address["UploadId"]]
    assert (listed["NextKeyMarker"], listed["NextUploadIdMarker"]) == ("k", address["UploadId"])
    assert w.s3.abort_multipart_upload(**address)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert "Uploads" not in w.s3.list_multipart_uploads(Bucket=w.bucket)
    assert refused(w.s3.abort_multipart_upload, **address) == (404, "NoSuchUpload")


@question("UploadPartCopy (cross-bucket, range)")
def part_copy(w):
    other = new_bucket(w.server)
    data = catalogue.body("part copy", 6 * MIB)
    w.put("source", data)
    address = {"Bucket": other, "Key": "k"}
    address["UploadId"] = w.s3.create_multipart_upload(**address)["UploadId"]
    parts = []
    for number, chosen in enumerate((f"bytes=0-{5 * MIB - 1}", f"bytes={5 * MIB}-{5 * MIB + 9}"), 1):
        copied = w.s3.upload_part_copy(**address, PartNumber=number, CopySource=w.at("source"), CopySourceRange=chosen)
        parts.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
    given = {**address, "PartNumber": 3, "CopySource": w.at("source")}
    for wrong, code in (("0-8", "InvalidArgument"), ("bytes=1-0", "InvalidArgument"), ("bytes=-2", "InvalidArgument"),
                        ("bytes=1-", "InvalidArgument"), ("bytes=0-99999999", "InvalidArgument"),
                        ("bytes=99999998-99999999", "InvalidRequest")):  # fmt: skip
        assert refused(w.s3.upload_part_copy, CopySourceRange=wrong, **given) == (400, code), wrong
    w.s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **address)
    assert w.s3.get_object(Bucket=other, Key="k")["Body"].read() == data[: 5 * MIB + 10]


@question("complete twice / after complete")
def complete_twice(w):
    address, parts = w.upload()
    w.s3.complete_multipart_upload(MultipartUpload=parts, **address)
    assert refused(w.s3.complete_multipart_upload, MultipartUpload=parts, **address) == (404, "NoSuchUpload")
    assert refused(w.s3.list_parts, **address) == (404, "NoSuchUpload")


@question("part < 5 MiB -> EntityTooSmall")
def small_part(w):
    address, parts = w.upload(sizes=(10, 10))
    assert refused(w.s3.complete_multipart_upload, MultipartUpload=parts, **address) == (400, "EntityTooSmall")
    nothing = {"Parts": []}
    assert refused(w.s3.complete_multipart_upload, MultipartUpload=nothing, **address) == (400, "InvalidRequest")
    assert w.keys() == []


# Copies


def source(w, key="source"):
    w.put(key, Metadata={"foo": "bar", "mixed-case": "V"}, ContentType="text/x-probe; charset=utf-8", Tagging="a=1")
    return w.at(key)


@question("CopyObject same bucket, metadata COPY", "CopyObject cross-bucket", "CopyObject tags copied by default",
          crosses=[False, True, False])  # fmt: skip
def copy(w, crosses):
    given = source(w)
    target = {"Bucket": new_bucket(w.server) if crosses else w.bucket, "Key": "copy"}
    answer = w.s3.copy_object(CopySource=given, **target)
    head = w.s3.head_object(**target)
    assert answer["CopyObjectResult"]["ETag"] == head["ETag"] == w.head("source")["ETag"]
    assert head["Metadata"] == {"foo": "bar", "mixed-case": "V"}
    assert head["ContentType"] == "text/x-probe; charset=utf-8"
    assert w.s3.get_object_tagging(**target)["TagSet"] == [{"Key": "a", "Value": "1"}]


@question("CopyObject REPLACE metadata", "CopyObject onto itself w/ REPLACE", key=["copy", "source"])
def replace(w, key):
    given = source(w)
    if key == "source":
        assert refused(w.s3.copy_object, CopySource=given, **w.at(key)) == (400, "InvalidRequest")
    w.s3.copy_object(CopySource=given, MetadataDirective="REPLACE", Metadata={"n": "2"}, **w.at(key))
    assert (w.head(key)["Metadata"], w.head(key)["ContentType"]) == ({"n": "2"}, "binary/octet-stream")
    assert w.s3.get_object_tagging(**w.at(key))["TagSet"] == [{"Key": "a", "Value": "1"}]
    w.s3.copy_object(CopySource=given, TaggingDirective="REPLACE", Tagging="b=2", **w.at("other"))
    assert w.s3.get_object_tagging(**w.at("other"))["TagSet"] == [{"Key": "b", "Value": "2"}]


@question('CopyObject source key with "ü +%"')
def odd_source(w):
    w.s3.copy_object(CopySource=source(w, "ü +%"), **w.at("copy"))
    assert w.body("copy") == b"hello"


@question("CopyObject x-amz-copy-source-if-match bad->412")
def conditional_copy(w):
    given = {"CopySource": source(w), **w.at("copy")}
    etag, when = w.head("source")["ETag"], w.head("source")["LastModified"]
    for condition in ({"CopySourceIfMatch": '"bad"'}, {"CopySourceIfNoneMatch": etag}, {"CopySourceIfModifiedSince": when},
                      {"CopySourceIfUnmodifiedSince": when - timedelta(days=1)}):  # fmt: skip
        assert refused(w.s3.copy_object, **condition, **given) == (412, "PreconditionFailed")
    assert w.keys() == ["source"]
    w.s3.copy_object(CopySourceIfModifiedSince=when + timedelta(days=1), **given)
    w.s3.copy_object(CopySourceIfMatch=etag, CopySourceIfUnmodifiedSince=when - timedelta(days=1), **given)


# Conditions


@question("GET If-Match bad -> 412", "GET If-None-Match same -> 304")
def conditional_get(w):
    etag = w.put()["ETag"]
    assert refused(w.get, IfMatch='"bad"') == (412, "PreconditionFailed")
    assert refused(w.get, IfNoneMatch=etag)[0] == 304
    assert refused(w.get, IfNoneMatch=etag.strip('"'))[0] == 304
    assert w.body(IfMatch=etag) == w.body(IfNoneMatch='"other"') == b"hello"


@question("GET If-Modified-Since future-> 304")
def modified_since(w):
    """A date in the future says nothing: the object comes. The servers that answer 304 differ from AWS here."""
    w.put()
    when = w.head()["LastModified"]
    assert w.body(IfModifiedSince=when + timedelta(days=1)) == b"hello"
    assert refused(w.get, IfModifiedSince=when)[0] == 304
    assert refused(w.get, IfUnmodifiedSince=when - timedelta(days=1)) == (412, "PreconditionFailed")


@question("PUT If-None-Match:* existing -> 412", "PUT If-None-Match:* new -> 200", "PUT If-Match wrong -> 412",
          "PUT If-Match right -> 200")  # fmt: skip
def conditional_put(w):
    etag = w.put(IfNoneMatch="*")["ETag"]
    assert refused(w.put, body=b"2", IfNoneMatch="*") == (412, "PreconditionFailed")
    assert refused(w.put, body=b"2", IfMatch='"bad"') == (412, "PreconditionFailed")
    assert refused(w.put, body=b"2", IfNoneMatch=etag) == (501, "NotImplemented")
    assert refused(w.put, body=b"2", IfMatch=etag, IfNoneMatch="*") == (501, "NotImplemented")
    assert refused(w.put, key="missing", IfMatch=etag) == (404, "NoSuchKey")
    assert w.body() == b"hello"
    w.put(body=b"2", IfMatch=etag)
    assert w.body() == b"2"


@question("CompleteMPU If-None-Match:* -> 412")
def conditional_complete(w):
    address, parts = w.upload()
    etag = w.put()["ETag"]
    given = {"MultipartUpload": parts, **address}
    assert refused(w.s3.complete_multipart_upload, IfNoneMatch="*", **given) == (412, "PreconditionFailed")
    assert w.body() == b"hello"
    w.s3.complete_multipart_upload(IfMatch=etag, **given)
    assert w.head()["ContentLength"] == 5 * MIB + 4


# Checksums

ALGORITHMS = ["SHA256", "SHA1", "CRC32", "CRC32C", "CRC64NVME"]


@question(*(f"checksum {name.lower()}: stored, bad rejected" for name in ALGORITHMS), algorithm=ALGORITHMS)
def checksum(w, algorithm):
    field = f"Checksum{algorithm}"
    value = w.put(ChecksumAlgorithm=algorithm)[field]
    for call in (w.head, w.get):
        answer = call(ChecksumMode="ENABLED")
        assert (answer[field], answer["ChecksumType"]) == (value, "FULL_OBJECT")
    assert field not in w.head()
    assert refused(w.put, key="bad", body=b"other", **{field: value}) == (400, "BadDigest")
    assert refused(w.put, key="bad", **{field: "bad"}) == (400, "InvalidRequest")
    assert w.keys() == ["k"]


@question("bad Content-MD5 -> BadDigest")
def content_md5(w):
    assert refused(w.put, ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==") == (400, "BadDigest")
    assert refused(w.put, ContentMD5="MTIz") == (400, "InvalidDigest")
    assert w.keys() == []


@question("wrong x-amz-content-sha256 -> 400")
def content_sha256(w):
    answer = w.signed(payload=hashlib.sha256(b"other").hexdigest()).send(b"hello")
    assert (answer.status, answer.code) == (400, "XAmzContentSHA256Mismatch")
    assert w.keys() == []


@question("boto3 default (crc32 when_supported) put/get")
def defaults(w):
    assert w.put()["ChecksumCRC32"] == base64.b64encode(struct.pack(">I", zlib.crc32(b"hello"))).decode()
    assert w.body() == b"hello"


@question("GetObjectAttributes")
def attributes(w):
    w.put(ChecksumAlgorithm="SHA256")
    wanted = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
    found = w.s3.get_object_attributes(**w.at(), ObjectAttributes=wanted)
    assert (found["ETag"], found["ObjectSize"], found["StorageClass"]) == ("5d41402abc4b2a76b9719d911017c592", 5, "STANDARD")
    assert found["Checksum"]["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"hello").digest()).decode()
    assert "ObjectParts" not in found and found["LastModified"] == w.head()["LastModified"]
    assert refused(w.s3.get_object_attributes, **w.at(), ObjectAttributes=["Colour"]) == (400, "InvalidArgument")


# Requests

BODY = catalogue.body("chunks", 200_000)
CRC = ("x-amz-checksum-crc32", base64.b64encode(struct.pack(">I", zlib.crc32(BODY))).decode())


def assert_whole(w):
    answer = w.signed("GET").send()
    assert (answer.status, answer.body) == (200, BODY)
    assert "content-encoding" not in answer.headers


@question("UNSIGNED-PAYLOAD (http)", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-...-PAYLOAD-TRAILER (crc32)",
          "STREAMING-UNSIGNED-PAYLOAD-TRAILER (crc32)", trailer=[None, None, CRC, CRC],
          payload=[signed.UNSIGNED, signed.CHUNKS, signed.CHUNKS_TRAILER, signed.UNSIGNED_TRAILER])  # fmt: skip
def payloads(w, payload, trailer):
    answer = w.signed(payload=payload).send(BODY, trailer=trailer)
    assert answer.status == 200, answer.body
    assert_whole(w)
    if trailer:
        assert w.head(ChecksumMode="ENABLED")["ChecksumCRC32"] == CRC[1] == answer.headers[CRC[0]]


@question("  same with a wrong trailer checksum -> 400")
def wrong_trailer(w):
    for payload in (signed.CHUNKS_TRAILER, signed.UNSIGNED_TRAILER):
        answer = w.signed(payload=payload).send(BODY, trailer=(CRC[0], "AAAAAA=="))
        assert (answer.status, answer.code) == (400, "BadDigest")
    assert w.keys() == []


@question("  corrupt signed chunk -> 403")
def corrupt_chunk(w):
    for payload, trailer in ((signed.CHUNKS, None), (signed.CHUNKS_TRAILER, CRC)):
        answer = w.signed(payload=payload).send(
            BODY, trailer=trailer, spoil=lambda sent: sent[:100_000] + bytes([sent[100_000] ^ 1]) + sent[100_001:]
        )
        assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")
    assert w.keys() == []


@question("wrong secret -> 403", "unknown access key -> 403", "clock skew 20 min -> RequestTimeTooSkewed",
          code=["SignatureDoesNotMatch", "InvalidAccessKeyId", "RequestTimeTooSkewed"],
          wrong=[{"secret": "other"}, {"access": "NOBODY"}, {"skew": -1200}])  # fmt: skip
def refusals(w, wrong, code):
    for request in (w.signed(**wrong), w.signed("GET", key="", **wrong)):
        answer = request.send(b"x" if request.method == "PUT" else b"")
        assert (answer.status, answer.code) == (403, code)
    assert w.keys() == []


@question("anonymous list -> 403")
def anonymous(w):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{w.server.endpoint}/{w.bucket}")
    assert (caught.value.code, b"<Code>AccessDenied</Code>" in caught.value.read()) == (403, True)


def fetch(url, body=None):
    request = urllib.request.Request(url, data=body, method="GET" if body is None else "PUT")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@question("presigned GET (tampered -> 403)", "presigned PUT")
def presigned(w):
    key = "pre signed/ü+%"
    given = {"Params": w.at(key), "ExpiresIn": 60}
    assert fetch(w.signer().generate_presigned_url("put_object", **given), b"body")[0] == 200
    url = w.signer().generate_presigned_url("get_object", **given)
    assert fetch(url) == (200, b"body")
    status, body = fetch(url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"))
    assert (status, b"<Code>SignatureDoesNotMatch</Code>" in body) == (403, True)


@question("presigned expired -> 403")
def expired(w):
    w.put()
    request = w.signed("GET", skew=-120)
    request.sign(b"")
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{w.server.access}/{request.scope}",
        "X-Amz-Date": request.date, "X-Amz-Expires": "60", "X-Amz-SignedHeaders": "host",
    }  # fmt: skip
    text = urllib.parse.urlencode(query, quote_via=urllib.parse.quote, safe="-_.~")
    canonical = f"GET\n{request.path}\n{text}\nhost:127.0.0.1:{w.server.port}\n\nhost\nUNSIGNED-PAYLOAD"
    seal = request.seal("AWS4-HMAC-SHA256", hashlib.sha256(canonical.encode()).hexdigest())
    status, body = fetch(f"{w.server.endpoint}{request.path}?{text}&X-Amz-Signature={seal}")
    assert (status, b"<Code>AccessDenied</Code>" in body, b"Request has expired" in body) == (403, True, True)


@question("Expect: 100-continue PUT")
def expect_continue(w):
    request = w.signed(headers={"expect": "100-continue"})
    fields = request.sign(b"hello") | {"content-length": "5"}
    head = f"PUT {request.path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
    with socket.create_connection(("127.0.0.1", w.server.port), timeout=30) as connection:
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"hello")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert w.body() == b"hello"


@question("keep-alive connection reuse")
def keep_alive(w):
    connection = http.client.HTTPConnection("127.0.0.1", w.server.port, timeout=30)
    local = set()
    for number in range(3):
        request = w.signed(key=f"k{number}")
        fields = request.sign(b"x")
        connection.request("PUT", request.path, body=b"x", headers=fields)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        local.add(connection.sock.getsockname())
    connection.close()
    assert len(local) == 1


# Versions and object lock


@question("versioning: put/get by VersionId")
def by_version(w):
    w.versions()
    first, second = w.put(body=b"1")["VersionId"], w.put(body=b"2")["VersionId"]
    assert (w.body(), w.body(VersionId=first), w.body(VersionId=second)) == (b"2", b"1", b"2")
    assert w.get(VersionId=first)["VersionId"] == first
    assert refused(w.get, VersionId="wrong") == (400, "InvalidArgument")


@question("delete marker + ListObjectVersions", "undelete (delete the marker)")
def markers(w):
    w.versions()
    w.put(), w.put()
    marker = w.s3.delete_object(**w.at())
    assert marker["DeleteMarker"] is True
    status, code, headers = refusal(w.get)
    assert (status, code, headers["x-amz-delete-marker"]) == (404, "NoSuchKey", "true")
    assert headers["x-amz-version-id"] == marker["VersionId"]
    listed = w.s3.list_object_versions(Bucket=w.bucket)
    assert [len(listed["Versions"]), len(listed["DeleteMarkers"])] == [2, 1]
    assert w.s3.delete_object(**w.at(), VersionId=marker["VersionId"])["DeleteMarker"] is True
    assert w.body() == b"hello"


@question("GET delete marker by id -> 405")
def marker_by_id(w):
    w.versions()
    marker = w.s3.delete_object(**w.at())["VersionId"]
    status, code, headers = refusal(w.get, VersionId=marker)
    assert (status, code, headers["x-amz-delete-marker"], headers["allow"]) == (405, "MethodNotAllowed", "true", "DELETE")


@question("delete a version permanently")
def delete_version(w):
    w.versions()
    first, second = w.put()["VersionId"], w.put()["VersionId"]
    answer = w.s3.delete_object(**w.at(), VersionId=second)
    assert (answer["VersionId"], answer.get("DeleteMarker")) == (second, None)
    assert refused(w.get, VersionId=second) == (404, "NoSuchVersion")
    assert w.get()["VersionId"] == first


@question("CopyObject source ?versionId=")
def copy_version(w):
    w.versions()
    first = w.put(body=b"1")["VersionId"]
    w.put(body=b"2")
    answer = w.s3.copy_object(CopySource=w.at(VersionId=first), **w.at("copy"))
    assert (answer["CopySourceVersionId"], w.body("copy")) == (first, b"1")


@question("versioned tagging by VersionId")
def tag_version(w):
    w.versions()
    first = w.put()["VersionId"]
    w.put()
    tag = {"TagSet": [{"Key": "a", "Value": "1"}]}
    assert w.s3.put_object_tagging(**w.at(), VersionId=first, Tagging=tag)["VersionId"] == first
    assert w.s3.get_object_tagging(**w.at(), VersionId=first)["TagSet"] == tag["TagSet"]
    assert w.s3.get_object_tagging(**w.at())["TagSet"] == []


@question('suspend versioning -> "null" version')
def suspended(w):
    w.versions()
    kept = w.put(body=b"kept")["VersionId"]
    w.s3.put_bucket_versioning(Bucket=w.bucket, VersioningConfiguration={"Status": "Suspended"})
    assert "VersionId" not in w.put()
    assert (w.head()["VersionId"], w.body(VersionId="null"), w.body(VersionId=kept)) == ("null", b"hello", b"kept")
    answer = w.s3.copy_object(CopySource=w.at(), **w.at("copy"))
    assert (answer["VersionId"], answer.get("CopySourceVersionId")) == ("null", None)


@question("ListObjectVersions pagination")
def version_pages(w):
    w.versions()
    expected = [w.put(body=b"%d" % number)["VersionId"] for number in range(7)][::-1]
    pages = list(w.s3.get_paginator("list_object_versions").paginate(
        Bucket=w.bucket, PaginationConfig={"PageSize": 3}))  # fmt: skip
    assert [len(page["Versions"]) for page in pages] == [3, 3, 1]
    assert [version["VersionId"] for page in pages for version in page["Versions"]] == expected


def locked(w):
    w.bucket += "-lock"
    w.s3.create_bucket(Bucket=w.bucket, ObjectLockEnabledForBucket=True)


@question("object lock: legal hold blocks delete", "HEAD returns object-lock headers")
def legal_hold(w):
    locked(w)
    address = w.at(VersionId=w.put(ObjectLockLegalHoldStatus="ON")["VersionId"])
    assert w.head()["ObjectLockLegalHoldStatus"] == "ON"
    assert refused(w.s3.delete_object, **address) == (403, "AccessDenied")
    w.s3.put_object_legal_hold(LegalHold={"Status": "OFF"}, **address)
    assert w.head()["ObjectLockLegalHoldStatus"] == "OFF"
    w.s3.delete_object(**address)


@question("object lock: governance retention + bypass")
def governance(w):
    until = (datetime.now(timezone.utc) + timedelta(days=1)).replace(microsecond=0)
    # In a bucket without lock a bypass is a mistake, whatever it says.
    for bypass in (True, False):
        assert refused(w.s3.delete_object, **w.at(), BypassGovernanceRetention=bypass) == (400, "InvalidArgument")
    locked(w)
    lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until}
    address = w.at(VersionId=w.put(**lock)["VersionId"])
    assert {name: w.head()[name] for name in lock} == lock
    assert refused(w.s3.delete_object, **address) == (403, "AccessDenied")
    w.s3.delete_object(**address, BypassGovernanceRetention=True)
    assert w.keys() == []


# What is kept and echoed


@question("storage class STANDARD_IA echoed")
def storage_class(w):
    w.put(StorageClass="STANDARD_IA")
    assert w.head()["StorageClass"] == w.get()["StorageClass"] == "STANDARD_IA"
    assert w.s3.list_objects_v2(Bucket=w.bucket)["Contents"][0]["StorageClass"] == "STANDARD_IA"
    w.put("plain", StorageClass="STANDARD")
    assert "StorageClass" not in w.head("plain")
    for wrong in ("OUTPOSTS", "WARM"):
        assert refused(w.put, key="wrong", StorageClass=wrong) == (400, "InvalidStorageClass")


# What LocalS3 does not have

KEY = base64.b64encode(b"k" * 32).decode()
CUSTOMER = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": KEY}


@question("SSE-C put/get, 400 without key", "SSE-S3 (AES256) header echoed", "SSE-KMS header echoed",
          "object ACL canned public-read", "  ... anonymous GET then 200",
          given=[CUSTOMER, {"ServerSideEncryption": "AES256"}, {"ServerSideEncryption": "aws:kms"},
                 {"ACL": "public-read"}, {"GrantRead": "uri=http://acs.amazonaws.com/groups/global/AllUsers"}])  # fmt: skip
def not_done(w, given):
    """Nothing is encrypted and nothing public here: to take such an object would be to say that it is."""
    w.put("source")
    assert refused(w.put, **given) == (501, "NotImplemented")
    assert refused(w.s3.create_multipart_upload, **w.at(), **given) == (501, "NotImplemented")
    assert refused(w.s3.copy_object, CopySource=w.at("source"), **w.at(), **given) == (501, "NotImplemented")
    assert w.keys() == ["source"]
    assert "Uploads" not in w.s3.list_multipart_uploads(Bucket=w.bucket)
    # The owner's own full control is what is true of every object.
    for canned in ("private", "bucket-owner-full-control"):
        w.put(ACL=canned)


POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})
LIFECYCLE = {"Rules": [{"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]}
REPLICATION = {"Role": "arn:aws:iam::1:role/r", "Rules": [
    {"Status": "Enabled", "Prefix": "", "Destination": {"Bucket": "arn:aws:s3:::b"}}]}  # fmt: skip
INVENTORY = {"Id": "a", "IsEnabled": True, "IncludedObjectVersions": "All", "Schedule": {"Frequency": "Daily"},
             "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::b", "Format": "CSV"}}}  # fmt: skip


@question(
    "bucket tags", "bucket policy put/get", "lifecycle put/get", "replication config put/get", "inventory config put/get",
    name=["bucket_tagging", "bucket_policy", "bucket_lifecycle_configuration", "bucket_replication",
          "bucket_inventory_configuration"],
    given=[{"Tagging": {"TagSet": [{"Key": "a", "Value": "1"}]}}, {"Policy": POLICY}, {"LifecycleConfiguration": LIFECYCLE},
           {"ReplicationConfiguration": REPLICATION}, {"Id": "a", "InventoryConfiguration": INVENTORY}],
)  # fmt: skip
def not_configured(w, name, given):
    assert refused(getattr(w.s3, "put_" + name), Bucket=w.bucket, **given) == (501, "NotImplemented")
    identity = {"Id": given["Id"]} if "Id" in given else {}
    assert refused(getattr(w.s3, "get_" + name), Bucket=w.bucket, **identity) == (501, "NotImplemented")


#: One question of the list is left to the tests of notifications: "notification config GET".
@pytest.mark.parametrize("name", QUESTIONS)
def test_the_answer_is_that_of_aws(world, name):
    function, arguments = QUESTIONS[name]
    function(world, **arguments)
