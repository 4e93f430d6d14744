"""A store as boto3 sees it: the independent eye that says what a bucket really holds."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from .servers import Server

#: What identifies us or a server's own bookkeeping, and is no part of what a user stored.
NOT_THE_USERS = {"brigade-origin", "mtime"}
HEADERS = ("ContentType", "ContentEncoding", "ContentLanguage", "ContentDisposition", "CacheControl", "ExpiresString")


def client(server: Server, *, port: int | None = None, defaults: bool = False, **keys):
    """A boto3 client. Without `defaults` it sends no checksums of its own, which older stores refuse."""
    options = {} if defaults else {
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }  # fmt: skip
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port or server.port}",
        aws_access_key_id=keys.get("access", server.access),
        aws_secret_access_key=keys.get("secret", server.secret),
        region_name="us-east-1",
        config=Config(
            signature_version="s3v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}, max_pool_connections=32, **options
        ),
    )


@dataclass
class Stored:
    size: int
    etag: str
    sha256: str
    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


def keys(s3, bucket: str, prefix: str = "") -> dict[str, dict]:
    """Every key of a bucket with what the listing says of it."""
    found = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            found[entry["Key"]] = entry
    return found


def read(s3, bucket: str, key: str, *, tags: bool) -> Stored:
    answer = s3.get_object(Bucket=bucket, Key=key)
    digest = hashlib.sha256()
    size = 0
    for block in answer["Body"].iter_chunks(1 << 20):
        digest.update(block)
        size += len(block)
    found = {}
    if tags:
        answer_tags = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        found = {tag["Key"]: tag["Value"] for tag in answer_tags}
    metadata = {name.lower(): value for name, value in answer["Metadata"].items()}
    return Stored(
        size=size,
        etag=answer["ETag"].strip('"'),
        sha256=digest.hexdigest(),
        headers={name: answer[name] for name in HEADERS if answer.get(name)},
        metadata={name: value for name, value in metadata.items() if name not in NOT_THE_USERS},
        tags=found,
    )


def contents(server: Server, bucket: str, prefix: str = "") -> dict[str, Stored]:
    """Everything a bucket holds, read in full."""
    s3 = client(server)
    names = sorted(keys(s3, bucket, prefix))
    with ThreadPoolExecutor(8) as pool:
        stored = pool.map(lambda key: read(s3, bucket, key, tags=server.features.tags), names)
        return {key[len(prefix) :]: value for key, value in zip(names, stored)}


def differences(
    source: dict[str, Stored],
    target: dict[str, Stored],
    *,
    tags: bool = True,
    metadata=lambda key: True,
    etags=lambda key: False,
) -> list[str]:
    """What is not the same, one line each. `metadata` and `etags` say for which keys those must agree too."""
    found = [f"missing: {key!r}" for key in source.keys() - target.keys()]
    found += [f"extra: {key!r}" for key in target.keys() - source.keys()]
    for key in source.keys() & target.keys():
        a, b = source[key], target[key]
        if (a.size, a.sha256) != (b.size, b.sha256):
            found.append(f"content: {key!r}: {a.size} and {b.size} bytes")
        if metadata(key) and a.headers != b.headers:
            found.append(f"headers: {key!r}: {a.headers} and {b.headers}")
        if metadata(key) and a.metadata != b.metadata:
            found.append(f"metadata: {key!r}: {a.metadata} and {b.metadata}")
        if tags and a.tags != b.tags:
            found.append(f"tags: {key!r}: {a.tags} and {b.tags}")
        if etags(key) and a.etag != b.etag:
            found.append(f"ETag: {key!r}: {a.etag} and {b.etag}")
    return sorted(found)


def pending_uploads(server: Server, bucket: str) -> list[tuple[str, str]]:
    try:
        answer = client(server).list_multipart_uploads(Bucket=bucket)
    except ClientError as error:
        # `rclone serve s3` says so where there are none.
        if error.response["Error"]["Code"] != "NoSuchUpload":
            raise
        return []
    return [(upload["Key"], upload["UploadId"]) for upload in answer.get("Uploads", [])]


def make_bucket(server: Server, bucket: str) -> None:
    client(server).create_bucket(Bucket=bucket)


def put_many(server: Server, bucket: str, objects: dict[str, bytes]) -> None:
    """Puts many small objects, several at once."""
    s3 = client(server)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda pair: s3.put_object(Bucket=bucket, Key=pair[0], Body=pair[1]), objects.items()))


def empty_bucket(server: Server, bucket: str) -> None:
    """Makes an empty bucket of this name, whatever was there."""
    s3 = client(server)
    try:
        for key in keys(s3, bucket):
            s3.delete_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise
        s3.create_bucket(Bucket=bucket)


def refusal(call, **arguments) -> tuple[int, str, dict]:
    """Status, code and headers of what must be refused."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    meta = answer["ResponseMetadata"]
    return meta["HTTPStatusCode"], answer["Error"]["Code"], meta["HTTPHeaders"]


def refused(call, **arguments) -> tuple[int, str]:
    return refusal(call, **arguments)[:2]
