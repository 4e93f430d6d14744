"""What every S3 server was asked about checksums, requests, versions and locks, and what AWS answers; as
test_local_s3_questions.py, which names the sources.

Where LocalS3 does not have what is asked for it says NotImplemented and stores nothing: that is its answer by design.
One question of the list is left to the tests of notifications: "notification config GET".
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

import pytest
from support import catalogue, signed
from support.questions import Questions
from support.stores import refusal, refused

question = Questions()


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


@pytest.mark.parametrize("name", question)
def test_the_answer_is_that_of_aws(world, name):
    question.ask(name, world)
