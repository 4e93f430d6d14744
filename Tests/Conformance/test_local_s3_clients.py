"""The same tasks of the embedded endpoint by five clients with their defaults; boto3 looks at what came of each."""

import json
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

import pytest
from minio.commonconfig import Tags
from minio.error import S3Error
from support import catalogue, clients, stores
from support.clients import ALL, MIB
from support.front import TLSFront
from support.pool import new_bucket, next_second
from support.stores import refused

KEY = "deep/er/a b ü.bin"


@pytest.fixture(params=ALL)
def client(request, server, tmp_path):
    return ALL[request.param](server, tmp_path)


@pytest.fixture
def locking(request, server, tmp_path):
    """A client by its name, for bodies that must come with a proof: minio's brings one over TLS only."""
    if request.param != "minio":
        yield ALL[request.param](server, tmp_path)
        return
    with TLSFront(tmp_path, server.port) as front:
        yield ALL["minio"](server, tmp_path, front)


@pytest.fixture
def bucket(plain):
    return plain


@pytest.fixture
def file(tmp_path):
    def make(size, name="file"):
        path = tmp_path / name
        with path.open("wb") as out:
            # A little that is told apart, and a hole for the rest.
            out.write(catalogue.body(name, min(size, MIB)))
            out.truncate(size)
        return path

    return make


def put(client, file, bucket, key=KEY, size=10, name="file"):
    client.put(file(size, name), bucket, key, "text/x-probe", {"colour": "blue"}, "STANDARD")


def body(s3, bucket, key=KEY, **more):
    return s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()


def test_buckets(client, s3, bucket):
    name = bucket + "-" + client.name
    client.make_bucket(name)
    assert name in client.buckets()
    assert s3.head_bucket(Bucket=name)["ResponseMetadata"]["HTTPStatusCode"] == 200
    client.remove_bucket(name)
    assert name not in client.buckets()


@pytest.mark.parametrize("size", [0, 70_000, None], ids=["empty", "small", "parts"])
def test_objects_go_there_and_back(client, s3, bucket, file, tmp_path, size):
    path = file(client.parts_from if size is None else size)
    client.put(path, bucket, KEY, "text/x-probe", {"colour": "blue"}, "STANDARD_IA")
    head = s3.head_object(Bucket=bucket, Key=KEY)
    assert (head["ContentLength"], head["ContentType"]) == (path.stat().st_size, "text/x-probe")
    assert head["Metadata"]["colour"] == "blue"
    assert head["StorageClass"] == "STANDARD_IA"
    assert ("-" in head["ETag"]) == (size is None)
    client.get(bucket, KEY, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == path.read_bytes()


def test_copies(client, server, s3, bucket, file):
    other = new_bucket(server)
    put(client, file, bucket, "a.bin", size=100)
    client.copy(bucket, "a.bin", other, "copy.bin")
    copied = s3.head_object(Bucket=other, Key="copy.bin")
    if client.name != "s5cmd":  # It asks for the metadata to be replaced.
        assert (copied["ContentType"], copied["Metadata"]["colour"]) == ("text/x-probe", "blue")
    assert body(s3, other, "copy.bin") == file(100).read_bytes()
    data = catalogue.body("copied in parts", 11 * MIB)
    s3.put_object(Bucket=bucket, Key="b.bin", Body=data)
    client.copy_in_parts(bucket, "b.bin", other, "parts.bin")
    assert body(s3, other, "parts.bin") == data
    parts = s3.head_object(Bucket=other, Key="parts.bin")["ETag"].strip('"').partition("-")[2]
    assert parts == {"boto3": "2", "aws": "2", "rclone": "3", "s5cmd": "", "minio": "2"}[client.name]


def test_listings_of_more_than_a_page(client, server, s3, bucket):
    keys = [f"pg/{number:04}" for number in range(1_020)]
    odd = ["odd/a b", "odd/a&<b>\"'", "odd/a+b", "odd/a%2Fb", "odd/ü日😀"]
    stores.put_many(server, bucket, dict.fromkeys([*keys, *odd], b""))
    for version in client.lists:
        assert client.list(bucket, "pg/", version) == keys
        assert sorted(client.list(bucket, "odd/", version)) == sorted(odd)


def test_deletes(client, server, s3, bucket):
    keys = ["a", "b c", "d/ü", "e+f"]
    stores.put_many(server, bucket, dict.fromkeys([*keys, "kept"], b"x"))
    client.delete(bucket, keys)
    assert list(stores.keys(s3, bucket)) == ["kept"]


def test_versions(client, s3, bucket, file, tmp_path):
    client.set_versioning(bucket, "Enabled")
    for number in range(3):
        if client.name == "rclone" and number:  # It tells versions apart by the second.
            next_second()
        put(client, file, bucket, "k", name=f"v{number}")
    versions = client.versions(bucket, "k")
    assert len(versions) == len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 3
    for number, version in enumerate(reversed(versions)):
        client.get(bucket, "k", tmp_path / "back", version)
        assert (tmp_path / "back").read_bytes() == (tmp_path / f"v{number}").read_bytes()
        (tmp_path / "back").unlink()
    client.delete(bucket, ["k"])
    assert len(s3.list_object_versions(Bucket=bucket)["DeleteMarkers"]) == 1
    assert stores.keys(s3, bucket) == {}
    client.delete_version(bucket, "k", versions[2])
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 2
    client.set_versioning(bucket, "Suspended")
    put(client, file, bucket, "k", name="null")
    assert body(s3, bucket, "k", VersionId="null") == (tmp_path / "null").read_bytes()
    assert client.list(bucket) == ["k"]


@pytest.mark.parametrize("locking", ["boto3", "aws", "rclone", "minio"], indirect=True)
def test_object_lock(locking, s3, bucket, file):
    client = locking
    bucket += "-lock"
    client.make_bucket(bucket, lock=True)
    assert s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]["ObjectLockEnabled"] == "Enabled"
    until = (datetime.now(timezone.utc) + timedelta(days=2)).replace(microsecond=0)
    if client.name == "rclone":
        client.run(
            "copyto", file(10), f"r:{bucket}/k", "--s3-object-lock-mode", "GOVERNANCE", "--s3-object-lock-legal-hold-status",
            "ON", "--s3-object-lock-retain-until-date", until.isoformat(),
        )  # fmt: skip
    else:
        client.set_default_retention(bucket)
        put(client, file, bucket, "k")
        assert s3.head_object(Bucket=bucket, Key="k")["ObjectLockRetainUntilDate"] < until
        client.lock(bucket, "k", until)
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["ObjectLockMode"], head["ObjectLockLegalHoldStatus"]) == ("GOVERNANCE", "ON")
    assert head["ObjectLockRetainUntilDate"] == until
    locked = {"Bucket": bucket, "Key": "k", "VersionId": head["VersionId"]}
    assert refused(s3.delete_object, BypassGovernanceRetention=True, **locked) == (403, "AccessDenied")


@pytest.mark.parametrize("size", [10, None], ids=["small", "parts"])
@pytest.mark.parametrize("locking", ALL, indirect=True)
def test_uploads_into_a_bucket_that_keeps_all(locking, s3, bucket, file, size):
    """Each body, and each part of one, must come with a checksum or a Content-MD5: all five send one."""
    client = locking
    bucket += "-lock"
    maker = ALL["boto3"](client.server, client.folder)
    maker.make_bucket(bucket, lock=True)
    maker.set_default_retention(bucket)
    put(client, file, bucket, "k", size=client.parts_from if size is None else size)
    assert s3.head_object(Bucket=bucket, Key="k")["ObjectLockMode"] == "GOVERNANCE"


def test_presigned_addresses(client, s3, bucket):
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"body")
    with urllib.request.urlopen(client.address(bucket, KEY)) as answer:
        assert answer.read() == b"body"


def test_addresses_of_version_2_are_refused(server, bucket, tmp_path):
    address = ALL["aws"](server, tmp_path).run("s3", "presign", f"s3://{bucket}/k").strip()
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(address)
    assert (caught.value.code, b"<Code>InvalidRequest</Code>" in caught.value.read()) == (400, True)


@pytest.mark.parametrize("name", ["boto3", "aws", "rclone", "minio"])
def test_ranges(server, s3, bucket, tmp_path, name):
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"0123456789")
    assert ALL[name](server, tmp_path).range(bucket, KEY, 2, 5) == b"2345"


def test_the_aws_command_names_every_operation(server, s3, bucket, tmp_path):
    aws = ALL["aws"](server, tmp_path)
    address = {"bucket": bucket, "key": KEY}
    given = tmp_path / "given"
    given.write_bytes(b"0123456789")
    assert aws.api("get-bucket-location", bucket)["LocationConstraint"] is None
    put = aws.api("put-object", **address, body=given, tagging="a=1", checksum_algorithm="SHA256", if_none_match="*")
    assert put["ChecksumType"] == "FULL_OBJECT"
    found = aws.api("get-object-attributes", **address, object_attributes="ObjectSize")
    assert found["ObjectSize"] == 10
    assert aws.api("head-object", **address, if_match=put["ETag"], checksum_mode="ENABLED")["ChecksumSHA256"]
    assert aws.api("get-object-tagging", **address)["TagSet"] == [{"Key": "a", "Value": "1"}]
    aws.api("put-object-tagging", **address, tagging=json.dumps({"TagSet": [{"Key": "b", "Value": "2"}]}))
    aws.api("delete-object-tagging", **address)
    assert aws.api("get-object-tagging", **address)["TagSet"] == []
    with pytest.raises(AssertionError, match="PreconditionFailed"):
        aws.api("put-object", **address, body=given, if_none_match="*")
    upload = aws.api("create-multipart-upload", bucket, "parts", checksum_algorithm="CRC32C")["UploadId"]
    at = {"bucket": bucket, "key": "parts", "upload_id": upload}
    part = aws.api("upload-part", **at, part_number="1", body=given, checksum_algorithm="CRC32C")
    copied = aws.api("upload-part-copy", **at, part_number="2", copy_source=f"{bucket}/{KEY}")
    assert copied["CopyPartResult"]["ETag"] == part["ETag"]
    assert [one["UploadId"] for one in aws.api("list-multipart-uploads", bucket)["Uploads"]] == [upload]
    assert len(aws.api("list-parts", **at)["Parts"]) == 2
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumCRC32C": part["ChecksumCRC32C"]}]}
    assert aws.api("complete-multipart-upload", **at, multipart_upload=json.dumps(parts))["ChecksumType"] == "COMPOSITE"
    upload = aws.api("create-multipart-upload", bucket, "parts")["UploadId"]
    aws.api("abort-multipart-upload", bucket, "parts", upload_id=upload)
    assert "Uploads" not in aws.api("list-multipart-uploads", bucket)
    aws.run("s3", "mv", f"s3://{bucket}/parts", f"s3://{bucket}/moved", "--no-progress")
    assert aws.list(bucket) == [KEY, "moved"]


def test_rclone_keeps_times_and_cleans_up(server, s3, bucket, file, tmp_path):
    rclone = ALL["rclone"](server, tmp_path)
    path = file(10)
    rclone.run("copyto", path, f"r:{bucket}/k")
    stored = s3.head_object(Bucket=bucket, Key="k")["Metadata"]["mtime"]
    assert abs(float(stored) - path.stat().st_mtime) < 0.000_001
    rclone.run("touch", "--timestamp", "2030-01-02T03:04:05", f"r:{bucket}/k")
    assert s3.head_object(Bucket=bucket, Key="k")["Metadata"]["mtime"].startswith("18935")
    s3.create_multipart_upload(Bucket=bucket, Key="left behind")
    assert "left behind" in rclone.run("backend", "list-multipart-uploads", f"r:{bucket}")
    rclone.run("backend", "cleanup", f"r:{bucket}", "-o", "max-age=0s")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    assert json.loads(rclone.run("size", "--json", f"r:{bucket}"))["count"] == 1
    rclone.run("moveto", f"r:{bucket}/k", f"r:{bucket}/moved")
    assert rclone.list(bucket) == ["moved"]


def test_s5cmd_looks_and_streams(server, s3, bucket, tmp_path):
    s5cmd = ALL["s5cmd"](server, tmp_path)
    s3.put_object(Bucket=bucket, Key="k", Body=b"text\n" * 200)
    assert json.loads(s5cmd.run("--json", "head", f"s3://{bucket}/k"))["size"] == 1_000
    assert "1000 bytes in 1 objects" in s5cmd.run("du", f"s3://{bucket}/*")
    assert s5cmd.run("cat", f"s3://{bucket}/k") == "text\n" * 200
    s5cmd.run("mv", f"s3://{bucket}/k", f"s3://{bucket}/moved")
    s5cmd.run("sync", f"s3://{bucket}/*", f"s3://{bucket}/again/")
    assert s5cmd.list(bucket) == ["again/moved", "moved"]


def test_the_minio_client_tags_and_asks_conditions(server, s3, bucket, tmp_path):
    minio = ALL["minio"](server, tmp_path).client
    at = {"bucket_name": bucket, "object_name": KEY}
    etag = s3.put_object(Bucket=bucket, Key=KEY, Body=b"x")["ETag"].strip('"')
    tags = Tags.new_object_tags()
    tags["a"] = "1 +"
    minio.set_object_tags(**at, tags=tags)
    assert dict(minio.get_object_tags(**at)) == {"a": "1 +"}
    minio.delete_object_tags(**at)
    assert minio.get_object_tags(**at) is None
    for condition, code in (({"match_etag": "0" * 32}, "PreconditionFailed"), ({"not_match_etag": etag}, "PreconditionFailed")):
        source = clients.MinioSource(**at, **condition)
        with pytest.raises(S3Error) as caught:
            minio.copy_object(bucket_name=bucket, object_name="copy", source=source)
        assert caught.value.code == code
    minio.fput_object(bucket_name=bucket, object_name="file", file_path=__file__)
    assert sorted(one.object_name for one in minio.list_objects(bucket_name=bucket)) == ["deep/", "file"]
    with urllib.request.urlopen(urllib.request.Request(
        minio.presigned_put_object(bucket_name=bucket, object_name="put"), data=b"body", method="PUT",
    )) as answer:  # fmt: skip
        assert answer.status == 200
    assert body(s3, bucket, "put") == b"body"
