"""Object lock in the embedded endpoint as boto3 sees it: retention, legal hold, and what they forbid."""

import base64
import hashlib
import time
from datetime import datetime, timedelta, timezone

import pytest
from support import catalogue, stores
from support.pool import new_bucket
from support.stores import refused


@pytest.fixture
def bucket(plain, s3):
    name = plain + "-lock"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


def after(**span) -> datetime:
    return (datetime.now(timezone.utc) + timedelta(**span)).replace(microsecond=0)


def put(s3, bucket, key="k", **more) -> dict:
    """The arguments that name the version that was written."""
    version = s3.put_object(Bucket=bucket, Key=key, Body=b"x", **more)["VersionId"]
    return {"Bucket": bucket, "Key": key, "VersionId": version}


def retained(s3, bucket, mode="GOVERNANCE", **span) -> dict:
    return put(s3, bucket, ObjectLockMode=mode, ObjectLockRetainUntilDate=after(**(span or {"days": 1})))


def retain(mode: str, until: datetime) -> dict:
    return {"Mode": mode, "RetainUntilDate": until}


def configuration(**retention) -> dict:
    rule = {"Rule": {"DefaultRetention": retention}} if retention else {}
    return {"ObjectLockEnabled": "Enabled", **rule}


def test_a_bucket_is_made_with_lock(bucket, plain, s3):
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"] == configuration()
    given = {"Bucket": bucket, "VersioningConfiguration": {"Status": "Suspended"}}
    assert refused(s3.put_bucket_versioning, **given) == (409, "InvalidBucketState")
    expected = (404, "ObjectLockConfigurationNotFoundError")
    assert refused(s3.get_object_lock_configuration, Bucket=plain) == expected


def test_a_bucket_with_versions_gets_lock(plain, s3):
    given = {"Bucket": plain, "ObjectLockConfiguration": configuration(Mode="COMPLIANCE", Years=2)}
    assert refused(s3.put_object_lock_configuration, **given) == (409, "InvalidBucketState")
    s3.put_bucket_versioning(Bucket=plain, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object_lock_configuration(**given)
    assert s3.get_object_lock_configuration(Bucket=plain)["ObjectLockConfiguration"] == given["ObjectLockConfiguration"]


@pytest.mark.parametrize(
    "retention, code",
    [
        ({"Mode": "GOVERNANCE", "Days": 0}, "InvalidArgument"),
        ({"Mode": "GOVERNANCE", "Days": 36_501}, "InvalidArgument"),
        ({"Mode": "GOVERNANCE", "Years": 101}, "InvalidArgument"),
        ({"Mode": "GOVERNANCE", "Days": 1, "Years": 1}, "MalformedXML"),
        ({"Mode": "GOVERNANCE"}, "MalformedXML"),
        ({"Mode": "governance", "Days": 1}, "MalformedXML"),
        ({"Days": 1}, "MalformedXML"),
    ],
)
def test_bad_configurations_are_refused(bucket, s3, retention, code):
    given = {"Bucket": bucket, "ObjectLockConfiguration": configuration(**retention)}
    assert refused(s3.put_object_lock_configuration, **given) == (400, code)


def test_new_versions_take_the_default(bucket, s3):
    lock = configuration(Mode="GOVERNANCE", Days=3)
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=lock)
    object = put(s3, bucket)
    head = s3.head_object(**object)
    assert head["ObjectLockMode"] == "GOVERNANCE"
    assert abs(head["ObjectLockRetainUntilDate"] - after(days=3)) < timedelta(minutes=1)
    copy = s3.copy_object(Bucket=bucket, Key="copy", CopySource=object)
    assert s3.head_object(Bucket=bucket, Key="copy", VersionId=copy["VersionId"])["ObjectLockMode"] == "GOVERNANCE"
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    address = {"Bucket": bucket, "Key": "parts", "UploadId": upload}
    etag = s3.upload_part(PartNumber=1, Body=b"x", **address)["ETag"]
    s3.complete_multipart_upload(MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}, **address)
    assert s3.head_object(Bucket=bucket, Key="parts")["ObjectLockMode"] == "GOVERNANCE"
    own = retained(s3, bucket, "COMPLIANCE", seconds=1)
    assert s3.get_object(**own)["ObjectLockMode"] == "COMPLIANCE"


def test_headers_are_kept_on_every_write(bucket, s3):
    until = after(days=1)
    lock = {
        "ObjectLockMode": "GOVERNANCE",
        "ObjectLockRetainUntilDate": until,
        "ObjectLockLegalHoldStatus": "ON",
    }
    source = put(s3, bucket, **lock)
    s3.copy_object(Bucket=bucket, Key="plain copy", CopySource=source)
    assert "ObjectLockMode" not in s3.head_object(Bucket=bucket, Key="plain copy")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=source, **lock)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts", **lock)["UploadId"]
    address = {"Bucket": bucket, "Key": "parts", "UploadId": upload}
    etag = s3.upload_part(PartNumber=1, Body=b"x", **address)["ETag"]
    s3.complete_multipart_upload(MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}, **address)
    for key in ("k", "copy", "parts"):
        for call in (s3.head_object, s3.get_object):
            found = call(Bucket=bucket, Key=key)
            assert {name: found.get(name) for name in lock} == lock, key


def test_governance_is_bypassed_on_request_only(bucket, s3):
    object = retained(s3, bucket)
    assert refused(s3.delete_object, **object) == (403, "AccessDenied")
    shorter = retain("GOVERNANCE", after(hours=1))
    assert refused(s3.put_object_retention, Retention=shorter, **object) == (403, "AccessDenied")
    firmer = retain("COMPLIANCE", after(days=2))
    assert refused(s3.put_object_retention, Retention=firmer, **object) == (403, "AccessDenied")
    assert refused(s3.put_object_retention, Retention={}, **object) == (403, "AccessDenied")
    longer = retain("GOVERNANCE", after(days=2))
    s3.put_object_retention(Retention=longer, **object)
    assert s3.get_object_retention(**object)["Retention"] == longer
    s3.put_object_retention(Retention=shorter, BypassGovernanceRetention=True, **object)
    assert s3.get_object_retention(**object)["Retention"] == shorter
    s3.put_object_retention(Retention={}, BypassGovernanceRetention=True, **object)
    assert refused(s3.get_object_retention, **object) == (404, "NoSuchObjectLockConfiguration")
    s3.put_object_retention(Retention=longer, **object)
    s3.delete_object(BypassGovernanceRetention=True, **object)
    assert refused(s3.head_object, **object)[0] == 404


def test_compliance_is_not_bypassed(bucket, s3):
    object = retained(s3, bucket, "COMPLIANCE", seconds=3)
    assert refused(s3.delete_object, BypassGovernanceRetention=True, **object) == (403, "AccessDenied")
    for weaker in (retain("GOVERNANCE", after(days=1)), retain("COMPLIANCE", after(seconds=1)), {}):
        given = {"Retention": weaker, "BypassGovernanceRetention": True, **object}
        assert refused(s3.put_object_retention, **given) == (403, "AccessDenied")
    until = after(seconds=4)
    s3.put_object_retention(Retention=retain("COMPLIANCE", until), **object)
    # The only end of it is that its time has come.
    time.sleep(max(0, until.timestamp() - time.time()) + 0.1)
    s3.delete_object(**object)


def test_legal_hold_holds_until_it_is_taken_away(bucket, s3):
    object = put(s3, bucket)
    assert refused(s3.get_object_legal_hold, **object) == (404, "NoSuchObjectLockConfiguration")
    s3.put_object_legal_hold(LegalHold={"Status": "ON"}, **object)
    assert s3.get_object_legal_hold(**object)["LegalHold"] == {"Status": "ON"}
    assert s3.head_object(**object)["ObjectLockLegalHoldStatus"] == "ON"
    given = {"BypassGovernanceRetention": True, **object}
    assert refused(s3.delete_object, **given) == (403, "AccessDenied")
    s3.put_object_legal_hold(LegalHold={"Status": "OFF"}, **object)
    assert s3.get_object_legal_hold(**object)["LegalHold"] == {"Status": "OFF"}
    s3.delete_object(**object)
    wrong = {"LegalHold": {"Status": "MAYBE"}, **put(s3, bucket)}
    assert refused(s3.put_object_legal_hold, **wrong) == (400, "MalformedXML")


def test_markers_and_new_versions_are_not_held_up(bucket, s3):
    object = retained(s3, bucket)
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"] is True
    put(s3, bucket)
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    assert s3.get_object(**object)["Body"].read() == b"x"


def test_batches_are_refused_one_by_one(bucket, s3):
    held, free = retained(s3, bucket), put(s3, bucket, "free")
    wanted = {"Objects": [{name: one[name] for name in ("Key", "VersionId")} for one in (held, free)]}
    answer = s3.delete_objects(Bucket=bucket, Delete=wanted)
    assert [one["Key"] for one in answer["Deleted"]] == ["free"]
    assert [(one["Key"], one["Code"], one["VersionId"]) for one in answer["Errors"]] == [
        ("k", "AccessDenied", held["VersionId"])
    ]
    answer = s3.delete_objects(Bucket=bucket, Delete=wanted, BypassGovernanceRetention=True)
    assert "Errors" not in answer


def test_a_bucket_without_lock_refuses_it(plain, s3):
    s3.put_object(Bucket=plain, Key="k", Body=b"x")
    object = {"Bucket": plain, "Key": "k"}
    lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": after(days=1)}
    assert refused(s3.put_object, Body=b"x", **lock, **object) == (400, "InvalidRequest")
    assert refused(s3.put_object, Body=b"x", ObjectLockLegalHoldStatus="ON", **object) == (400, "InvalidRequest")
    assert refused(s3.create_multipart_upload, **lock, **object) == (400, "InvalidRequest")
    assert refused(s3.get_object_retention, **object) == (400, "InvalidRequest")
    assert refused(s3.get_object_legal_hold, **object) == (400, "InvalidRequest")
    given = {"Retention": retain("GOVERNANCE", after(days=1)), **object}
    assert refused(s3.put_object_retention, **given) == (400, "InvalidRequest")
    assert refused(s3.put_object_legal_hold, LegalHold={"Status": "ON"}, **object) == (400, "InvalidRequest")
    # What is wrong in the headers is said first.
    assert refused(s3.put_object, Body=b"x", ObjectLockMode="GOVERNANCE", **object) == (400, "InvalidArgument")
    assert refused(s3.delete_object, BypassGovernanceRetention=True, **object) == (400, "InvalidArgument")
    batch = {"Bucket": plain, "Delete": {"Objects": [{"Key": "k"}]}}
    assert refused(s3.delete_objects, BypassGovernanceRetention=False, **batch) == (400, "InvalidArgument")
    assert s3.head_object(**object)["ContentLength"] == 1


@pytest.mark.parametrize(
    "lock",
    [
        {"ObjectLockMode": "GOVERNANCE"},
        {"ObjectLockRetainUntilDate": after(days=1)},
        {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": after(days=-1)},
        {"ObjectLockMode": "FIRM", "ObjectLockRetainUntilDate": after(days=1)},
        {"ObjectLockLegalHoldStatus": "on"},
    ],
)
def test_bad_headers_are_refused(bucket, s3, lock):
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"x", **lock) == (400, "InvalidArgument")


def test_past_and_unknown_retentions_are_refused(bucket, s3):
    object = put(s3, bucket)
    past = retain("GOVERNANCE", after(days=-1))
    assert refused(s3.put_object_retention, Retention=past, **object) == (400, "InvalidArgument")
    wrong = retain("FIRM", after(days=1))
    assert refused(s3.put_object_retention, Retention=wrong, **object) == (400, "MalformedXML")
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    given = {"Bucket": bucket, "Key": "k", "VersionId": marker}
    assert refused(s3.put_object_legal_hold, LegalHold={"Status": "ON"}, **given)[0] == 405


def test_a_locked_body_needs_a_proof(server, bucket):
    bare = stores.client(server)
    lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": after(days=1)}
    given = {"Bucket": bucket, "Key": "k", "Body": b"x", **lock}
    assert refused(bare.put_object, **given) == (400, "InvalidRequest")
    digest = base64.b64encode(hashlib.md5(b"x").digest()).decode()
    assert bare.put_object(ContentMD5=digest, **given)["VersionId"]
    upload = bare.create_multipart_upload(Bucket=bucket, Key="parts", **lock)["UploadId"]
    part = {"Bucket": bucket, "Key": "parts", "UploadId": upload, "PartNumber": 1, "Body": b"x"}
    assert refused(bare.upload_part, **part) == (400, "InvalidRequest")
    assert bare.upload_part(ContentMD5=digest, **part)["ETag"]


def test_the_command_copies_into_a_locked_bucket(server, bucket, plain, s3, brigade):
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=configuration(Mode="GOVERNANCE", Days=1))
    s3.put_object(Bucket=plain, Key="k", Body=b"x")
    brigade.connect("a", server.url())
    report = brigade.json("sync", f"s3://a@{plain}", f"s3://a@{bucket}")
    assert (report["copied"], report["failed"]) == (1, 0)
    assert s3.head_object(Bucket=bucket, Key="k")["ObjectLockMode"] == "GOVERNANCE"


def test_the_command_brings_parts_into_a_locked_bucket(pool, bucket, s3, server, brigade):
    """A part needs a digest there, which the source does not tell; large ones are relayed, small ones are not."""
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=configuration(Mode="GOVERNANCE", Days=1))
    source = pool.get("local-s3", 2)
    origin = new_bucket(source)
    kind = catalogue.Kind("locked", parts=(6 << 20, 7 << 20, 1_000))
    catalogue.put(stores.client(source), origin, "k", kind)
    brigade.connect("a", source.url())
    brigade.connect("b", server.url())
    report = brigade.json("sync", f"s3://a@{origin}", f"s3://b@{bucket}")
    assert (report["copied"], report["failed"]) == (1, 0)
    head = s3.head_object(Bucket=bucket, Key="k")
    assert head["ObjectLockMode"] == "GOVERNANCE"
    assert head["ETag"] == stores.client(source).head_object(Bucket=origin, Key="k")["ETag"]
    assert stores.pending_uploads(server, bucket) == []
