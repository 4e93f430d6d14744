"""The embedded endpoint as boto3 sees it, with boto3's own defaults: checksums in trailers, virtual parts and all."""

import hashlib
import io
import re
import urllib.error
import urllib.request

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError
from support import catalogue, servers, stores
from support.front import TLSFront
from support.pool import new_bucket
from support.stores import refused

MIB = 1 << 20
ALGORITHMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]


@pytest.fixture
def bucket(plain):
    return plain


def test_every_key_and_kind_is_held(server, bucket):
    count = catalogue.fill(server, bucket)
    held = stores.contents(server, bucket)
    assert len(held) == count
    for key in catalogue.holdable_keys(server.features):
        expected = b"" if key.endswith("/") else catalogue.body(key, 100 + len(key))
        assert held[key].sha256 == hashlib.sha256(expected).hexdigest(), key
    for kind in catalogue.KINDS:
        if kind.parts:
            bodies = [catalogue.body(f"{kind.name} {n}", size) for n, size in enumerate(kind.parts, 1)]
            digest = hashlib.md5(b"".join(hashlib.md5(part).digest() for part in bodies)).hexdigest()
            assert held[kind.key].etag == f"{digest}-{len(bodies)}", kind.name
        else:
            body = catalogue.body(kind.name, kind.size)
            assert held[kind.key].etag == hashlib.md5(body).hexdigest(), kind.name


def test_headers_metadata_and_tags_come_back(server, bucket, s3):
    catalogue.fill(server, bucket)
    head = s3.head_object(Bucket=bucket, Key="kind/system-headers")
    assert {name: head[name] for name in catalogue.SYSTEM} == catalogue.SYSTEM
    assert s3.head_object(Bucket=bucket, Key="kind/expires")["ExpiresString"] == "Thu, 02 Jan 2031 03:04:05 GMT"
    assert s3.head_object(Bucket=bucket, Key="kind/user-metadata")["Metadata"] == {"foo": "bar", "mixed-case": "V"}
    tags = s3.get_object_tagging(Bucket=bucket, Key="kind/tags")["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"a": "1", "b": "x y", "c": "+="}


@pytest.fixture
def over_tls(server, tmp_path):
    """boto3's defaults over TLS: bodies as aws-chunked, with the checksum in a trailer."""
    with TLSFront(tmp_path, server.port) as front:
        client = boto3.client(
            "s3", endpoint_url=f"https://127.0.0.1:{front.port}", verify=str(front.certificate),
            aws_access_key_id=server.access, aws_secret_access_key=server.secret, region_name="us-east-1",
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )  # fmt: skip
        sent = []
        client.meta.events.register("before-send.s3", lambda request, **_: sent.append(dict(request.headers)))
        yield client, sent
        client.close()


def header(headers: dict, name: str) -> str:
    value = {key.lower(): value for key, value in headers.items()}.get(name, b"")
    return value.decode() if isinstance(value, bytes) else value


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("size", [0, 1, 70_000, 3 * MIB])
def test_checksums_come_in_trailers(bucket, s3, over_tls, algorithm, size):
    client, sent = over_tls
    body = catalogue.body(f"{algorithm} {size}", size)
    client.put_object(Bucket=bucket, Key="k", Body=io.BytesIO(body), ChecksumAlgorithm=algorithm)
    assert header(sent[-1], "x-amz-content-sha256") == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    assert header(sent[-1], "x-amz-trailer") == f"x-amz-checksum-{algorithm.lower()}"
    head = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert head["Body"].read() == body
    assert head[f"Checksum{algorithm}"]
    assert "aws-chunked" not in head.get("ContentEncoding", "")


def test_parts_with_checksums_in_trailers(bucket, s3, over_tls):
    client, sent = over_tls
    body = catalogue.body("parts in trailers", 12 * MIB)
    settings = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    client.upload_fileobj(io.BytesIO(body), bucket, "parts", Config=settings)
    assert sum(header(one, "x-amz-trailer") != "" for one in sent) == 3
    assert s3.get_object(Bucket=bucket, Key="parts")["Body"].read() == body


def test_a_trailer_that_is_wrong_is_refused(bucket, s3, over_tls):
    client, _ = over_tls

    def falsify(request, **_):
        body = request.body.read() if hasattr(request.body, "read") else request.body
        request.body = re.sub(rb"(x-amz-checksum-crc32:)[^\r]*", rb"\1AAAAAA==", body)
        assert len(request.body) == len(body) and request.body != body

    client.meta.events.register("before-send.s3", falsify)
    with pytest.raises(ClientError) as caught:
        client.put_object(Bucket=bucket, Key="wrong", Body=io.BytesIO(b"body"), ChecksumAlgorithm="CRC32")
    assert caught.value.response["Error"]["Code"] == "BadDigest"
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_listings_page_in_the_order_of_utf8(server, bucket, s3):
    keys = catalogue.holdable_keys(server.features)
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    listed = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 3}):
        assert page["KeyCount"] <= 3
        listed += [entry["Key"] for entry in page["Contents"]]
    assert listed == sorted(keys, key=lambda key: key.encode())
    first = []
    for page in s3.get_paginator("list_objects").paginate(Bucket=bucket, PaginationConfig={"PageSize": 4}):
        first += [entry["Key"] for entry in page["Contents"]]
    assert first == listed


def test_delimiters_prefixes_and_start_after(bucket, s3):
    for key in ("a/1", "a/2", "b", "c/d/e", "c/f"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    page = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [entry["Prefix"] for entry in page["CommonPrefixes"]] == ["a/", "c/"]
    assert [entry["Key"] for entry in page["Contents"]] == ["b"]
    page = s3.list_objects_v2(Bucket=bucket, Prefix="c/", Delimiter="/")
    assert [entry["Prefix"] for entry in page["CommonPrefixes"]] == ["c/d/"]
    after = s3.list_objects_v2(Bucket=bucket, StartAfter="a/1")["Contents"]
    assert [entry["Key"] for entry in after] == ["a/2", "b", "c/d/e", "c/f"]
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1}
    )
    seen = [entry.get("Prefix") or entry.get("Key") for page in pages
            for entry in page.get("CommonPrefixes", []) + page.get("Contents", [])]  # fmt: skip
    assert seen == ["a/", "b", "c/"]


def test_ranges(bucket, s3):
    body = catalogue.body("range", 1000)
    s3.put_object(Bucket=bucket, Key="k", Body=body)
    for given, expected in (("bytes=0-0", body[:1]), ("bytes=990-", body[990:]), ("bytes=-5", body[-5:]),
                            ("bytes=10-5000", body[10:])):  # fmt: skip
        answer = s3.get_object(Bucket=bucket, Key="k", Range=given)
        assert answer["Body"].read() == expected
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert answer["ContentRange"].endswith("/1000")
    assert refused(s3.get_object, Bucket=bucket, Key="k", Range="bytes=1000-") == (416, "InvalidRange")


def test_conditional_reads_and_writes(bucket, s3):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"one")["ETag"]
    wrong = '"' + "0" * 32 + '"'
    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=etag)["Body"].read() == b"one"
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfMatch=wrong)[0] == 412
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=etag)[0] == 304
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"two", IfNoneMatch="*")[0] == 412
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"two", IfMatch=wrong)[0] == 412
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"one"
    s3.put_object(Bucket=bucket, Key="k", Body=b"two", IfMatch=etag)
    s3.put_object(Bucket=bucket, Key="new", Body=b"new", IfNoneMatch="*")
    assert refused(s3.put_object, Bucket=bucket, Key="none", Body=b"x", IfMatch=etag)[0] == 404


def test_conditional_deletes(bucket, s3):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"one")["ETag"]
    wrong = '"' + "0" * 32 + '"'
    assert refused(s3.delete_object, Bucket=bucket, Key="k", IfMatch=wrong) == (412, "PreconditionFailed")
    assert refused(s3.delete_object, Bucket=bucket, Key="none", IfMatch="*") == (404, "NoSuchKey")
    s3.put_object(Bucket=bucket, Key="other", Body=b"one")
    wanted = [{"Key": "k", "ETag": wrong}, {"Key": "other", "ETag": etag}]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": wanted})
    assert [one["Key"] for one in answer["Deleted"]] == ["other"]
    assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [("k", "PreconditionFailed")]
    s3.delete_object(Bucket=bucket, Key="k", IfMatch=etag)
    s3.put_object(Bucket=bucket, Key="k", Body=b"two")
    s3.delete_object(Bucket=bucket, Key="k", IfMatch="*")
    assert stores.keys(s3, bucket) == {}


def test_answers_take_the_headers_that_are_asked_for(bucket, s3):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ContentType="text/plain", CacheControl="no-cache")
    answer = s3.get_object(
        Bucket=bucket, Key="k", ResponseContentType="text/html", ResponseContentDisposition="attachment",
        ResponseContentLanguage="de", ResponseExpires="Thu, 01 Jan 2032 00:00:00 GMT",
    )  # fmt: skip
    assert (answer["ContentType"], answer["ContentDisposition"], answer["ContentLanguage"]) == ("text/html", "attachment", "de")
    assert (answer["CacheControl"], answer["ExpiresString"]) == ("no-cache", "Thu, 01 Jan 2032 00:00:00 GMT")


def test_multipart_by_the_transfer_client(bucket, s3, tmp_path):
    data = catalogue.body("transfer", 21 * MIB + 3)
    sent = tmp_path / "sent"
    sent.write_bytes(data)
    s3.upload_file(str(sent), bucket, "big", Config=TransferConfig(multipart_chunksize=8 * MIB))
    parts = [data[start : start + 8 * MIB] for start in range(0, len(data), 8 * MIB)]
    digest = hashlib.md5(b"".join(hashlib.md5(part).digest() for part in parts)).hexdigest()
    assert s3.head_object(Bucket=bucket, Key="big")["ETag"] == f'"{digest}-3"'
    received = tmp_path / "received"
    s3.download_file(bucket, "big", str(received))
    assert received.read_bytes() == data
    second = s3.get_object(Bucket=bucket, Key="big", PartNumber=2)
    assert second["Body"].read() == parts[1]
    assert second["PartsCount"] == 3


def test_uploads_are_listed_and_aborted(bucket, s3):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    address = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    s3.upload_part(PartNumber=1, Body=b"x" * 5 * MIB, **address)
    assert [one["UploadId"] for one in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload]
    assert [(part["PartNumber"], part["Size"]) for part in s3.list_parts(**address)["Parts"]] == [(1, 5 * MIB)]
    s3.abort_multipart_upload(**address)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    assert refused(s3.list_parts, **address)[1] == "NoSuchUpload"


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_uploads_and_parts_are_listed_in_pages(bucket, s3, size):
    made = []
    for key in ("a b", "d/1", "d/2", "ü", "ü"):
        made.append((key, s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]))

    def pages(**more):
        given = {"Bucket": bucket, "PaginationConfig": {"PageSize": size, "MaxItems": 20}, **more}
        return list(s3.get_paginator("list_multipart_uploads").paginate(**given))

    found = [(one["Key"], one["UploadId"]) for page in pages() for one in page.get("Uploads", [])]
    assert found == made
    encoded = s3.list_multipart_uploads(Bucket=bucket, EncodingType="url")["Uploads"]
    assert [one["Key"] for one in encoded] == ["a%20b", "d/1", "d/2", "%C3%BC", "%C3%BC"]
    grouped = pages(Delimiter="/")
    assert [one["Prefix"] for page in grouped for one in page.get("CommonPrefixes", [])] == ["d/"]
    assert sum(len(page.get("Uploads", [])) for page in grouped) == 3
    assert [one["Key"] for page in pages(Prefix="d/") for one in page["Uploads"]] == ["d/1", "d/2"]
    key, upload = made[0]
    address = {"Bucket": bucket, "Key": key, "UploadId": upload}
    assert s3.list_parts(**address)["NextPartNumberMarker"] == 0
    for number in (1, 7, 10_000):
        s3.upload_part(PartNumber=number, Body=b"x", **address)
    parts = s3.get_paginator("list_parts").paginate(PaginationConfig={"PageSize": size}, **address)
    assert [part["PartNumber"] for page in parts for part in page["Parts"]] == [1, 7, 10_000]


def test_bad_completions_are_refused(bucket, s3):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    address = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    small = [s3.upload_part(PartNumber=n, Body=b"x" * 10, **address)["ETag"] for n in (1, 2)]

    def complete(*parts):
        listed = [{"PartNumber": number, "ETag": etag} for number, etag in parts]
        return refused(s3.complete_multipart_upload, MultipartUpload={"Parts": listed}, **address)[1]

    assert complete((1, small[0]), (2, small[1])) == "EntityTooSmall"
    assert complete((2, small[1]), (1, small[0])) == "InvalidPartOrder"
    assert complete((1, '"' + "0" * 32 + '"')) == "InvalidPart"
    assert refused(s3.head_object, Bucket=bucket, Key="k")[0] == 404


def test_copies(server, bucket, s3):
    other = new_bucket(server)
    key = "with ü +%/k"
    s3.put_object(Bucket=bucket, Key=key, Body=b"x", Metadata={"m": "1"}, ContentType="text/x", Tagging="t=1")
    s3.copy_object(Bucket=other, Key="copy", CopySource={"Bucket": bucket, "Key": key})
    head = s3.head_object(Bucket=other, Key="copy")
    assert (head["Metadata"], head["ContentType"]) == ({"m": "1"}, "text/x")
    assert s3.get_object_tagging(Bucket=other, Key="copy")["TagSet"] == [{"Key": "t", "Value": "1"}]
    source = {"Bucket": other, "Key": "copy"}
    s3.copy_object(Bucket=other, Key="copy", CopySource=source, MetadataDirective="REPLACE", Metadata={"n": "2"})
    assert s3.head_object(Bucket=other, Key="copy")["Metadata"] == {"n": "2"}
    s3.copy_object(Bucket=other, Key="copy", CopySource=source, StorageClass="GLACIER_IR")
    head = s3.head_object(Bucket=other, Key="copy")
    assert (head["StorageClass"], head["Metadata"]) == ("GLACIER_IR", {"n": "2"})
    upload = s3.create_multipart_upload(Bucket=other, Key="parts")["UploadId"]
    part = {"Bucket": other, "Key": "parts", "UploadId": upload, "PartNumber": 1, "CopySource": source}
    assert refused(s3.upload_part_copy, CopySourceIfMatch='"bad"', **part) == (412, "PreconditionFailed")
    assert refused(s3.upload_part_copy, CopySourceIfNoneMatch=head["ETag"], **part) == (412, "PreconditionFailed")
    assert s3.upload_part_copy(CopySourceIfMatch=head["ETag"], **part)["CopyPartResult"]["ETag"] == head["ETag"]
    missing = {"Bucket": bucket, "Key": "none"}
    assert refused(s3.copy_object, Bucket=other, Key="k", CopySource=missing)[1] == "NoSuchKey"


def test_deletes(bucket, s3):
    for n in range(5):
        s3.put_object(Bucket=bucket, Key=f"k{n}", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="k0")
    s3.delete_object(Bucket=bucket, Key="never was")
    wanted = [{"Key": key} for key in ("k1", "k2", "never was")]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": wanted})
    assert len(answer["Deleted"]) == 3 and "Errors" not in answer
    assert sorted(stores.keys(s3, bucket)) == ["k3", "k4"]
    assert refused(s3.delete_bucket, Bucket=bucket) == (409, "BucketNotEmpty")


def test_what_is_missing_is_said_so(bucket, s3):
    assert refused(s3.get_object, Bucket=bucket, Key="none") == (404, "NoSuchKey")
    assert refused(s3.head_object, Bucket=bucket, Key="none")[0] == 404
    assert refused(s3.get_object, Bucket="no-such-bucket", Key="k") == (404, "NoSuchBucket")
    assert refused(s3.head_bucket, Bucket="no-such-bucket")[0] == 404


def test_presigned_addresses(bucket, server):
    s3 = stores.client(server)
    signed = boto3.client(
        "s3", endpoint_url=server.endpoint, aws_access_key_id=server.access, aws_secret_access_key=server.secret,
        region_name="us-east-1", config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )  # fmt: skip
    key = "pre signed/ü+"
    target = signed.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key})
    with urllib.request.urlopen(urllib.request.Request(target, data=b"body", method="PUT")) as answer:
        assert answer.status == 200
    source = signed.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=60)
    with urllib.request.urlopen(source) as answer:
        assert answer.read() == b"body"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(source.replace("X-Amz-Expires=60", "X-Amz-Expires=61"))
    assert caught.value.code == 403
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"body"


def test_keys_are_checked(server, bucket):
    wrong = stores.client(server, secret="not the secret")
    assert refused(wrong.list_objects_v2, Bucket=bucket) == (403, "SignatureDoesNotMatch")
    unknown = stores.client(server, access="NOBODY")
    assert refused(unknown.list_objects_v2, Bucket=bucket) == (403, "InvalidAccessKeyId")


def test_a_key_may_be_for_reading_alone(tmp_path):
    keys = tmp_path / "keys"
    keys.write_text(
        "[second]\naws_access_key_id = SECOND\naws_secret_access_key = second secret\n"
        "[auditor]\naws_access_key_id = AUDITOR\naws_secret_access_key = other secret\naccess = read\n"
    )
    one = servers.LocalS3(tmp_path / "s3", flags=("--no-fsync", "--keys", str(keys), "--bucket", "kept"))
    one.start()
    try:
        second = stores.client(one, access="SECOND", secret="second secret")
        auditor = stores.client(one, access="AUDITOR", secret="other secret")
        second.put_object(Bucket="kept", Key="k", Body=b"body")
        assert auditor.get_object(Bucket="kept", Key="k")["Body"].read() == b"body"
        assert [found["Key"] for found in auditor.list_objects_v2(Bucket="kept")["Contents"]] == ["k"]
        at = {"Bucket": "kept", "Key": "k"}
        for call, arguments in [
            (auditor.put_object, at | {"Body": b"x"}),
            (auditor.delete_object, at),
            (auditor.delete_objects, {"Bucket": "kept", "Delete": {"Objects": [{"Key": "k"}]}}),
            (auditor.put_object_tagging, at | {"Tagging": {"TagSet": []}}),
            (auditor.copy_object, at | {"CopySource": "kept/k", "MetadataDirective": "REPLACE"}),
            (auditor.create_multipart_upload, at),
            (auditor.create_bucket, {"Bucket": "another"}),
            (auditor.delete_bucket, {"Bucket": "kept"}),
        ]:
            assert refused(call, **arguments) == (403, "AccessDenied")
        assert second.get_object(Bucket="kept", Key="k")["Body"].read() == b"body"
    finally:
        one.stop()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_checksums_are_kept_and_checked(bucket, s3, algorithm):
    s3.put_object(Bucket=bucket, Key="k", Body=b"checked", ChecksumAlgorithm=algorithm)
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert head[f"Checksum{algorithm}"]
    bad = {f"Checksum{algorithm}": head[f"Checksum{algorithm}"]}
    assert refused(s3.put_object, Bucket=bucket, Key="k2", Body=b"other", **bad)[0] == 400
    assert refused(s3.head_object, Bucket=bucket, Key="k2")[0] == 404


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [
        ("CRC32", "FULL_OBJECT"),
        ("CRC32", "COMPOSITE"),
        ("CRC32C", "FULL_OBJECT"),
        ("CRC32C", "COMPOSITE"),
        ("CRC64NVME", "FULL_OBJECT"),
        ("SHA1", "COMPOSITE"),
        ("SHA256", "COMPOSITE"),
    ],
)
def test_checksums_of_multipart_objects(bucket, s3, algorithm, kind):
    field = f"Checksum{algorithm}"
    bodies = [catalogue.body(f"{algorithm} {number}", size) for number, size in enumerate([5 * MIB, 5 * MIB, 7])]
    upload = {"Bucket": bucket, "Key": "m"}
    upload["UploadId"] = s3.create_multipart_upload(
        **upload, ChecksumAlgorithm=algorithm, ChecksumType=kind, Metadata={"a": "b"}
    )["UploadId"]
    parts = []
    for number, body in enumerate(bodies, 1):
        part = s3.upload_part(**upload, PartNumber=number, Body=body, ChecksumAlgorithm=algorithm)
        parts.append({"PartNumber": number, "ETag": part["ETag"], field: part[field]})
    listed = s3.list_parts(**upload)
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == (algorithm, kind)
    assert [part[field] for part in listed["Parts"]] == [part[field] for part in parts]
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert done["ChecksumType"] == kind
    # A whole object's checksum is that of the same bytes in one piece.
    s3.put_object(Bucket=bucket, Key="one", Body=b"".join(bodies), ChecksumAlgorithm=algorithm)
    one = s3.head_object(Bucket=bucket, Key="one", ChecksumMode="ENABLED")
    head = s3.head_object(Bucket=bucket, Key="m", ChecksumMode="ENABLED")
    assert head["ChecksumType"] == kind
    assert head[field] == done[field]
    if kind == "FULL_OBJECT":
        assert head[field] == one[field]
    else:
        assert head[field].endswith("-3")
    assert s3.get_object(Bucket=bucket, Key="m", ChecksumMode="ENABLED")["Body"].read() == b"".join(bodies)
    second = s3.get_object(Bucket=bucket, Key="m", PartNumber=2, ChecksumMode="ENABLED")
    assert second["Body"].read() == bodies[1]
    asked = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
    found = s3.get_object_attributes(Bucket=bucket, Key="m", ObjectAttributes=asked)
    assert found["ObjectSize"] == sum(map(len, bodies))
    assert found["StorageClass"] == "STANDARD"
    assert found["ETag"] == head["ETag"].strip('"')
    assert found["Checksum"]["ChecksumType"] == kind
    assert found["ObjectParts"]["TotalPartsCount"] == 3
    if kind == "COMPOSITE":
        # The parts are told of an object whose parts have checksums of their own.
        assert [part["Size"] for part in found["ObjectParts"]["Parts"]] == [len(body) for body in bodies]
        assert [part[field] for part in found["ObjectParts"]["Parts"]] == [part[field] for part in parts]
        page = s3.get_object_attributes(
            Bucket=bucket, Key="m", ObjectAttributes=["ObjectParts"], MaxParts=1, PartNumberMarker=1
        )["ObjectParts"]
        assert [part["PartNumber"] for part in page["Parts"]] == [2]
        assert (page["IsTruncated"], page["NextPartNumberMarker"]) == (True, 2)


def test_a_wrong_content_md5_is_refused(bucket, s3):
    given = {"Bucket": bucket, "Key": "k", "Body": b"x", "ContentMD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}
    assert refused(s3.put_object, **given) == (400, "BadDigest")
