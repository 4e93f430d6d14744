"""What every S3 server was asked about objects, keys, listings, uploads, copies and conditions, and what AWS answers, asked
of the embedded endpoint; one test a question. Those about requests, versions and the rest are in
test_local_s3_more_questions.py.

Sources of AWS's answers: https://docs.aws.amazon.com/AmazonS3/latest/API/ and the answers recorded from AWS in
https://github.com/localstack/localstack/tree/main/tests/aws/services/s3 (the .snapshot.json files).
"""

import hashlib
import http.client
from datetime import datetime, timedelta, timezone

import pytest
from support import catalogue, stores
from support.pool import new_bucket
from support.questions import MIB, Questions
from support.stores import refused

question = Questions()


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


@pytest.mark.parametrize("name", question)
def test_the_answer_is_that_of_aws(world, name):
    question.ask(name, world)
