"""Versions in the embedded endpoint as boto3 sees them: ids, delete markers, "null" versions, listings."""

import urllib.request

import boto3
import pytest
from botocore.config import Config
from support import stores
from support.pool import new_bucket
from support.stores import refusal, refused

MIB = 1 << 20
ABSENT = "00060a24181e400000000000000000ff"


def set_versioning(s3, bucket, status):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


@pytest.fixture
def bucket(server, s3):
    name = new_bucket(server, "versioned")
    set_versioning(s3, name, "Enabled")
    return name


def put(s3, bucket, key="k", body=b"x", **more):
    return s3.put_object(Bucket=bucket, Key=key, Body=body, **more).get("VersionId")


def body(s3, bucket, key="k", **more):
    return s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()


def listed(s3, bucket, **more):
    """(key, id, is latest, is marker) of every version, newest first."""
    page = s3.list_object_versions(Bucket=bucket, **more)
    found = [(v["Key"], v["VersionId"], v["IsLatest"], False) for v in page.get("Versions", [])]
    found += [(v["Key"], v["VersionId"], v["IsLatest"], True) for v in page.get("DeleteMarkers", [])]
    return found


def test_the_status_is_what_was_set(plain, s3):
    assert "Status" not in s3.get_bucket_versioning(Bucket=plain)
    for status in ("Enabled", "Suspended", "Enabled"):
        set_versioning(s3, plain, status)
        assert s3.get_bucket_versioning(Bucket=plain)["Status"] == status
    assert refused(set_versioning, s3=s3, bucket=plain, status="Off") == (400, "MalformedXML")
    given = {"Bucket": plain, "VersioningConfiguration": {}}
    assert refused(s3.put_bucket_versioning, **given) == (400, "IllegalVersioningConfigurationException")
    assert refused(set_versioning, s3=s3, bucket="no-such-bucket", status="Enabled") == (404, "NoSuchBucket")


def test_a_bucket_without_versions_tells_of_none(plain, s3):
    assert put(s3, plain) is None
    head = s3.head_object(Bucket=plain, Key="k")
    assert "VersionId" not in head
    assert listed(s3, plain) == [("k", "null", True, False)]
    assert body(s3, plain, VersionId="null") == b"x"
    assert refused(s3.get_object, Bucket=plain, Key="k", VersionId=ABSENT) == (404, "NoSuchVersion")
    answer = s3.delete_object(Bucket=plain, Key="k")
    assert "VersionId" not in answer and "DeleteMarker" not in answer
    assert listed(s3, plain) == []


def test_versions_are_read_by_their_ids(bucket, s3):
    ids = [put(s3, bucket, body=b"%d" % n) for n in range(3)]
    assert len(set(ids)) == 3
    assert body(s3, bucket) == b"2"
    for number, version in enumerate(ids):
        assert body(s3, bucket, VersionId=version) == b"%d" % number
        head = s3.head_object(Bucket=bucket, Key="k", VersionId=version)
        assert (head["VersionId"], head["ContentLength"]) == (version, 1)
        found = s3.get_object_attributes(
            Bucket=bucket, Key="k", VersionId=version, ObjectAttributes=["ETag", "ObjectSize"]
        )
        assert (found["VersionId"], found["ObjectSize"]) == (version, 1)
    assert s3.get_object(Bucket=bucket, Key="k")["VersionId"] == ids[2]
    assert listed(s3, bucket) == [("k", version, version == ids[2], False) for version in reversed(ids)]


def test_wrong_ids_are_refused(bucket, s3):
    put(s3, bucket)
    for call in (s3.get_object, s3.get_object_tagging):
        assert refused(call, Bucket=bucket, Key="k", VersionId=ABSENT) == (404, "NoSuchVersion")
        assert refused(call, Bucket=bucket, Key="k", VersionId="wrong") == (400, "InvalidArgument")
        assert refused(call, Bucket=bucket, Key="k", VersionId="null") == (404, "NoSuchVersion")
    assert refused(s3.head_object, Bucket=bucket, Key="k", VersionId=ABSENT)[0] == 404
    assert refused(s3.head_object, Bucket=bucket, Key="k", VersionId="wrong")[0] == 400
    assert refused(s3.delete_object, Bucket=bucket, Key="k", VersionId="wrong") == (400, "InvalidArgument")
    assert s3.delete_object(Bucket=bucket, Key="k", VersionId=ABSENT)["VersionId"] == ABSENT
    assert body(s3, bucket) == b"x"


def test_deleting_makes_a_marker(bucket, s3):
    version = put(s3, bucket)
    answer = s3.delete_object(Bucket=bucket, Key="k")
    marker = answer["VersionId"]
    assert answer["DeleteMarker"] is True and marker != version
    assert listed(s3, bucket) == [("k", version, False, False), ("k", marker, True, True)]
    assert stores.keys(s3, bucket) == {}
    status, code, headers = refusal(s3.get_object, Bucket=bucket, Key="k")
    assert (status, code, headers["x-amz-delete-marker"], headers["x-amz-version-id"]) == (
        404, "NoSuchKey", "true", marker)  # fmt: skip
    assert refusal(s3.head_object, Bucket=bucket, Key="k")[2]["x-amz-delete-marker"] == "true"
    for call in (s3.get_object, s3.head_object, s3.get_object_tagging):
        status, code, headers = refusal(call, Bucket=bucket, Key="k", VersionId=marker)
        assert status == 405
        assert (headers["allow"], headers["x-amz-delete-marker"]) == ("DELETE", "true")
        assert headers["last-modified"]
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId=marker)[1] == "MethodNotAllowed"
    assert body(s3, bucket, VersionId=version) == b"x"


def test_deleting_the_marker_brings_the_object_back(bucket, s3):
    version = put(s3, bucket)
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    answer = s3.delete_object(Bucket=bucket, Key="k", VersionId=marker)
    assert (answer["VersionId"], answer["DeleteMarker"]) == (marker, True)
    assert s3.get_object(Bucket=bucket, Key="k")["VersionId"] == version
    assert list(stores.keys(s3, bucket)) == ["k"]


def test_what_never_was_gets_a_marker_too(bucket, s3):
    marker = s3.delete_object(Bucket=bucket, Key="never")["VersionId"]
    assert listed(s3, bucket) == [("never", marker, True, True)]


def test_a_version_is_deleted_for_good(bucket, s3):
    ids = [put(s3, bucket, body=b"%d" % n) for n in range(3)]
    answer = s3.delete_object(Bucket=bucket, Key="k", VersionId=ids[2])
    assert answer["VersionId"] == ids[2] and "DeleteMarker" not in answer
    assert body(s3, bucket) == b"1"
    s3.delete_object(Bucket=bucket, Key="k", VersionId=ids[0])
    assert listed(s3, bucket) == [("k", ids[1], True, False)]
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId=ids[0]) == (404, "NoSuchVersion")


def test_batches_name_versions(bucket, s3):
    first, second = put(s3, bucket), put(s3, bucket)
    other = put(s3, bucket, "other")
    answer = s3.delete_objects(
        Bucket=bucket,
        Delete={"Objects": [{"Key": "k", "VersionId": first}, {"Key": "other"}, {"Key": "k", "VersionId": "wrong"}]},
    )
    gone, marked = answer["Deleted"]
    assert gone == {"Key": "k", "VersionId": first}
    assert (marked["Key"], marked["DeleteMarker"], "VersionId" in marked) == ("other", True, False)
    assert [(error["Code"], error["VersionId"]) for error in answer["Errors"]] == [("NoSuchVersion", "wrong")]
    marker = marked["DeleteMarkerVersionId"]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "other", "VersionId": marker}]})
    assert answer["Deleted"] == [
        {"Key": "other", "VersionId": marker, "DeleteMarker": True, "DeleteMarkerVersionId": marker}
    ]
    assert listed(s3, bucket) == [("k", second, True, False), ("other", other, True, False)]


def test_suspended_buckets_write_null_versions(bucket, s3):
    kept = put(s3, bucket, body=b"kept")
    set_versioning(s3, bucket, "Suspended")
    # Its id is not in the answer to a PUT.
    assert put(s3, bucket, body=b"null") is None
    assert put(s3, bucket, body=b"null again") is None
    assert listed(s3, bucket) == [("k", "null", True, False), ("k", kept, False, False)]
    assert body(s3, bucket, VersionId="null") == b"null again"
    answer = s3.delete_object(Bucket=bucket, Key="k")
    assert (answer["VersionId"], answer["DeleteMarker"]) == ("null", True)
    assert listed(s3, bucket) == [("k", kept, False, False), ("k", "null", True, True)]
    set_versioning(s3, bucket, "Enabled")
    newest = put(s3, bucket)
    assert listed(s3, bucket) == [("k", newest, True, False), ("k", kept, False, False), ("k", "null", False, True)]
    s3.delete_object(Bucket=bucket, Key="k", VersionId="null")
    assert listed(s3, bucket) == [("k", newest, True, False), ("k", kept, False, False)]


def test_what_was_there_before_is_the_null_version(plain, s3):
    put(s3, plain, body=b"old")
    set_versioning(s3, plain, "Enabled")
    assert s3.get_object(Bucket=plain, Key="k")["VersionId"] == "null"
    version = put(s3, plain, body=b"new")
    assert listed(s3, plain) == [("k", version, True, False), ("k", "null", False, False)]
    assert body(s3, plain, VersionId="null") == b"old"
    s3.delete_object(Bucket=plain, Key="k", VersionId=version)
    assert body(s3, plain) == b"old"


def test_tags_belong_to_a_version(bucket, s3):
    first, second = put(s3, bucket, Tagging="a=1"), put(s3, bucket)
    tags = {"TagSet": [{"Key": "b", "Value": "2"}]}
    answer = s3.put_object_tagging(Bucket=bucket, Key="k", VersionId=first, Tagging=tags)
    assert answer["VersionId"] == first
    answer = s3.get_object_tagging(Bucket=bucket, Key="k", VersionId=first)
    assert (answer["VersionId"], answer["TagSet"]) == (first, tags["TagSet"])
    answer = s3.get_object_tagging(Bucket=bucket, Key="k")
    assert (answer["VersionId"], answer["TagSet"]) == (second, [])
    s3.delete_object_tagging(Bucket=bucket, Key="k", VersionId=first)
    assert s3.get_object_tagging(Bucket=bucket, Key="k", VersionId=first)["TagSet"] == []
    assert len(listed(s3, bucket)) == 2


def test_copies_name_and_make_versions(bucket, plain, s3):
    first = put(s3, bucket, body=b"first")
    put(s3, bucket, body=b"second")
    source = {"Bucket": bucket, "Key": "k", "VersionId": first}
    answer = s3.copy_object(Bucket=bucket, Key="copy", CopySource=source)
    assert answer["CopySourceVersionId"] == first
    assert body(s3, bucket, "copy", VersionId=answer["VersionId"]) == b"first"
    assert s3.copy_object(Bucket=bucket, Key="k", CopySource=source)["VersionId"]
    assert body(s3, bucket) == b"first"
    answer = s3.copy_object(Bucket=plain, Key="copy", CopySource=source)
    assert "VersionId" not in answer
    put(s3, plain, "source")
    answer = s3.copy_object(Bucket=bucket, Key="new", CopySource={"Bucket": plain, "Key": "source"})
    assert answer["VersionId"] and "CopySourceVersionId" not in answer
    wrong = {**source, "VersionId": ABSENT}
    assert refused(s3.copy_object, Bucket=bucket, Key="c", CopySource=wrong) == (404, "NoSuchVersion")
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    wrong = {"Bucket": bucket, "Key": "k"}
    assert refused(s3.copy_object, Bucket=bucket, Key="c", CopySource=wrong) == (404, "NoSuchKey")
    wrong = {**wrong, "VersionId": marker}
    assert refused(s3.copy_object, Bucket=bucket, Key="c", CopySource=wrong) == (400, "InvalidRequest")


def test_multipart_uploads_make_versions(bucket, s3):
    made = []
    for number in range(2):
        upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
        address = {"Bucket": bucket, "Key": "k", "UploadId": upload}
        etag = s3.upload_part(PartNumber=1, Body=b"%d" % number * MIB, **address)["ETag"]
        parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
        made.append(s3.complete_multipart_upload(MultipartUpload=parts, **address)["VersionId"])
    put(s3, bucket, body=b"small")
    for number, version in enumerate(made):
        assert body(s3, bucket, VersionId=version) == b"%d" % number * MIB
    upload = s3.create_multipart_upload(Bucket=bucket, Key="part copy")["UploadId"]
    source = {"Bucket": bucket, "Key": "k", "VersionId": made[0]}
    address = {"Bucket": bucket, "Key": "part copy", "UploadId": upload}
    assert s3.upload_part_copy(PartNumber=1, CopySource=source, **address)["CopySourceVersionId"] == made[0]
    s3.abort_multipart_upload(**address)
    s3.delete_object(Bucket=bucket, Key="k", VersionId=made[1])
    assert body(s3, bucket, VersionId=made[0]) == b"0" * MIB


def test_conditions_see_no_object_in_a_marker(bucket, s3):
    put(s3, bucket)
    etag = s3.head_object(Bucket=bucket, Key="k")["ETag"]
    assert refused(s3.put_object, Bucket=bucket, Key="k", IfNoneMatch="*")[0] == 412
    s3.delete_object(Bucket=bucket, Key="k")
    assert refused(s3.put_object, Bucket=bucket, Key="k", IfMatch=etag) == (404, "NoSuchKey")
    assert put(s3, bucket, IfNoneMatch="*")
    assert refused(s3.put_object, Bucket=bucket, Key="k", IfNoneMatch="*")[0] == 412


def test_a_bucket_goes_with_its_last_version(bucket, s3):
    version = put(s3, bucket)
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    assert refused(s3.delete_bucket, Bucket=bucket) == (409, "BucketNotEmpty")
    s3.delete_object(Bucket=bucket, Key="k", VersionId=version)
    assert refused(s3.delete_bucket, Bucket=bucket) == (409, "BucketNotEmpty")
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker)
    s3.delete_bucket(Bucket=bucket)


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_versions_are_listed_in_pages(bucket, s3, size):
    expected = []
    for key in ("a", "a b", "a/1", "a/2", "ü"):
        ids = [put(s3, bucket, key) for _ in range(3)]
        expected += [(key, version) for version in reversed(ids)]
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": size})
    found = [version for page in pages for version in page["Versions"]]
    assert [(version["Key"], version["VersionId"]) for version in found] == expected
    assert [version["IsLatest"] for version in found] == [True, False, False] * 5
    assert {version["Size"] for version in found} == {1}
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": size}
    )
    keys, prefixes = [], []
    for page in pages:
        keys += [version["Key"] for version in page.get("Versions", [])]
        prefixes += [group["Prefix"] for group in page.get("CommonPrefixes", [])]
    assert keys == ["a"] * 3 + ["a b"] * 3 + ["ü"] * 3
    assert prefixes == ["a/"]


def test_markers_and_prefixes_bound_a_listing(bucket, s3):
    ids = {key: [put(s3, bucket, key) for _ in range(2)] for key in ("a", "b/1", "b/2", "c")}
    assert [found[0] for found in listed(s3, bucket, Prefix="b/")] == ["b/1", "b/1", "b/2", "b/2"]
    assert [found[0] for found in listed(s3, bucket, KeyMarker="b/1")] == ["b/2", "b/2", "c", "c"]
    after = listed(s3, bucket, KeyMarker="c", VersionIdMarker=ids["c"][1])
    assert after == [("c", ids["c"][0], False, False)]
    page = s3.list_object_versions(Bucket=bucket, MaxKeys=1, Prefix="b")
    assert (page["IsTruncated"], page["NextKeyMarker"], page["NextVersionIdMarker"]) == (True, "b/1", ids["b/1"][1])
    assert s3.list_object_versions(Bucket=bucket, MaxKeys=0).get("Versions") is None
    given = {"Bucket": bucket, "VersionIdMarker": ids["a"][0]}
    assert refused(s3.list_object_versions, **given) == (400, "InvalidArgument")
    given = {"Bucket": bucket, "KeyMarker": "a", "VersionIdMarker": "wrong"}
    assert refused(s3.list_object_versions, **given) == (400, "InvalidArgument")


def test_null_versions_bound_pages_too(bucket, s3):
    old = put(s3, bucket)
    set_versioning(s3, bucket, "Suspended")
    put(s3, bucket)
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
    assert [version["VersionId"] for page in pages for version in page["Versions"]] == ["null", old]


def test_presigned_addresses_name_versions(bucket, server, s3):
    first = put(s3, bucket, body=b"first")
    put(s3, bucket, body=b"second")
    signed = boto3.client(
        "s3", endpoint_url=server.endpoint, aws_access_key_id=server.access, aws_secret_access_key=server.secret,
        region_name="us-east-1", config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )  # fmt: skip
    address = signed.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k", "VersionId": first})
    with urllib.request.urlopen(address) as answer:
        assert answer.read() == b"first"


def test_the_command_copies_between_versioned_buckets(bucket, server, s3, brigade):
    copy = new_bucket(server, "copy")
    set_versioning(s3, copy, "Enabled")
    brigade.connect("a", server.url())
    locations = (f"s3://a@{bucket}", f"s3://a@{copy}")
    for number in range(3):
        put(s3, bucket, "changed", b"%d" % number)
        put(s3, bucket, f"k{number}")
    s3.delete_object(Bucket=bucket, Key="k0")
    first = brigade.json("sync", *locations, "--delete")
    assert (first["copied"], first["failed"]) == (3, 0)
    assert sorted(stores.keys(s3, copy)) == ["changed", "k1", "k2"]
    assert body(s3, copy, "changed") == b"2"
    assert len(listed(s3, copy)) == 3
    s3.delete_object(Bucket=bucket, Key="k1")
    put(s3, bucket, "changed", b"again")
    second = brigade.json("sync", *locations, "--delete", "--max-delete", "1")
    assert (second["copied"], second["failed"]) == (1, 0)
    assert sorted(stores.keys(s3, copy)) == ["changed", "k2"]
    assert [found[2:] for found in listed(s3, copy, Prefix="k1")] == [(False, False), (True, True)]
    brigade.json("verify", *locations)


def test_probing_a_versioned_bucket_leaves_nothing_behind(bucket, server, s3, brigade):
    brigade.connect("a", server.url())
    result = brigade.run("probe", f"s3://a@{bucket}", "--json")
    assert result.code == 0, result
    assert listed(s3, bucket) == []
