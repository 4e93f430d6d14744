"""Five clients with their defaults, each asked in its own words for the same things."""

import json
from datetime import datetime
from pathlib import Path

import urllib3
from minio import Minio
from minio.commonconfig import ComposeSource
from minio.commonconfig import CopySource as MinioSource
from minio.deleteobjects import DeleteObject
from minio.objectlockconfig import DAYS, ObjectLockConfig
from minio.retention import Retention
from minio.versioningconfig import VersioningConfig

from . import peers, stores
from .front import TLSFront
from .servers import Server

MIB = 1 << 20


class Client:
    """What each of them can. Versions are named by their ids; `lists` names the ways in which it lists."""

    name = ""
    lists: tuple[str, ...] = ("2", "1")
    #: bytes from which it uploads in parts of its own accord
    parts_from = 9 * MIB

    def __init__(self, server: Server, folder: Path):
        self.server, self.folder = server, folder


class Boto3(Client):
    name = "boto3"

    def __init__(self, server: Server, folder: Path):
        super().__init__(server, folder)
        self.s3 = stores.client(server, defaults=True)

    def make_bucket(self, bucket, lock=False):
        self.s3.create_bucket(Bucket=bucket, **({"ObjectLockEnabledForBucket": True} if lock else {}))

    def buckets(self):
        return [found["Name"] for found in self.s3.list_buckets()["Buckets"]]

    def remove_bucket(self, bucket):
        self.s3.delete_bucket(Bucket=bucket)

    def put(self, path: Path, bucket, key, kind, metadata, storage):
        extra = {"ContentType": kind, "Metadata": metadata, "StorageClass": storage}
        self.s3.upload_file(str(path), bucket, key, ExtraArgs=extra)

    def get(self, bucket, key, path: Path, version=None):
        self.s3.download_file(bucket, key, str(path), ExtraArgs={"VersionId": version} if version else None)

    def copy(self, bucket, key, other, name):
        self.s3.copy({"Bucket": bucket, "Key": key}, other, name)

    copy_in_parts = copy

    def delete(self, bucket, keys):
        self.s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})

    def list(self, bucket, prefix="", version="2"):
        call = "list_objects_v2" if version == "2" else "list_objects"
        pages = self.s3.get_paginator(call).paginate(Bucket=bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def set_versioning(self, bucket, status):
        self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})

    def versions(self, bucket, key):
        return [one["VersionId"] for one in self.s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]]

    def delete_version(self, bucket, key, version):
        self.s3.delete_object(Bucket=bucket, Key=key, VersionId=version)

    def set_default_retention(self, bucket):
        rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
        lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
        self.s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=lock)

    def lock(self, bucket, key, until: datetime):
        at = {"Bucket": bucket, "Key": key}
        self.s3.put_object_retention(Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until}, **at)
        self.s3.put_object_legal_hold(LegalHold={"Status": "ON"}, **at)

    def address(self, bucket, key):
        return self.s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})

    def range(self, bucket, key, first, last):
        return self.s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={first}-{last}")["Body"].read()


class Aws(Client):
    name = "aws"

    def run(self, *arguments):
        return peers.run("aws", *arguments, env=peers.aws_environment(self.server))

    def api(self, operation, bucket, key=None, **more):
        options = {"bucket": bucket} | ({"key": key} if key else {}) | more
        flags = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
        output = self.run("s3api", operation, *flags)
        return json.loads(output) if output.strip() else {}

    def make_bucket(self, bucket, lock=False):
        if lock:
            self.run("s3api", "create-bucket", "--bucket", bucket, "--object-lock-enabled-for-bucket")
        else:
            self.run("s3", "mb", f"s3://{bucket}")

    def buckets(self):
        return [line.split()[-1] for line in self.run("s3", "ls").splitlines()]

    def remove_bucket(self, bucket):
        self.run("s3", "rb", f"s3://{bucket}")

    def put(self, path: Path, bucket, key, kind, metadata, storage):
        pairs = ",".join(f"{name}={value}" for name, value in metadata.items())
        self.run("s3", "cp", path, f"s3://{bucket}/{key}", "--no-progress", "--content-type", kind, "--metadata", pairs,
                 "--storage-class", storage)  # fmt: skip

    def get(self, bucket, key, path: Path, version=None):
        if version:
            self.run("s3api", "get-object", "--bucket", bucket, "--key", key, "--version-id", version, path)
        else:
            self.run("s3", "cp", f"s3://{bucket}/{key}", path, "--no-progress")

    def copy(self, bucket, key, other, name):
        self.run("s3", "cp", f"s3://{bucket}/{key}", f"s3://{other}/{name}", "--no-progress")

    copy_in_parts = copy

    def delete(self, bucket, keys):
        self.api("delete-objects", bucket, delete=json.dumps({"Objects": [{"Key": key} for key in keys]}))

    def list(self, bucket, prefix="", version="2"):
        call = "list-objects-v2" if version == "2" else "list-objects"
        return [entry["Key"] for entry in self.api(call, bucket, prefix=prefix).get("Contents", [])]

    def set_versioning(self, bucket, status):
        self.api("put-bucket-versioning", bucket, versioning_configuration=f"Status={status}")

    def versions(self, bucket, key):
        return [one["VersionId"] for one in self.api("list-object-versions", bucket, prefix=key)["Versions"]]

    def delete_version(self, bucket, key, version):
        self.api("delete-object", bucket, key, version_id=version)

    def set_default_retention(self, bucket):
        lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
        self.api("put-object-lock-configuration", bucket, object_lock_configuration=json.dumps(lock))

    def lock(self, bucket, key, until: datetime):
        retention = json.dumps({"Mode": "GOVERNANCE", "RetainUntilDate": until.isoformat()})
        self.api("put-object-retention", bucket, key, retention=retention)
        self.api("put-object-legal-hold", bucket, key, legal_hold="Status=ON")

    def address(self, bucket, key):
        # Left to itself it signs addresses in us-east-1 with version 2, which new buckets do not take.
        config = self.folder / "aws-config"
        config.write_text("[default]\ns3 =\n  signature_version = s3v4\n")
        env = peers.aws_environment(self.server) | {"AWS_CONFIG_FILE": str(config)}
        return peers.run("aws", "s3", "presign", f"s3://{bucket}/{key}", env=env).strip()

    def range(self, bucket, key, first, last):
        path = self.folder / "range"
        self.run("s3api", "get-object", "--bucket", bucket, "--key", key, "--range", f"bytes={first}-{last}", path)
        return path.read_bytes()


class Rclone(Client):
    name = "rclone"
    parts_from = 200 * MIB + 1

    def run(self, *arguments):
        return peers.run("rclone", *arguments, env=peers.rclone_environment(r=self.server))

    def make_bucket(self, bucket, lock=False):
        self.run("mkdir", f"r:{bucket}", *(["--s3-bucket-object-lock-enabled"] if lock else []))

    def buckets(self):
        return self.run("lsf", "r:").replace("/", "").splitlines()

    def remove_bucket(self, bucket):
        self.run("rmdir", f"r:{bucket}")

    def put(self, path: Path, bucket, key, kind, metadata, storage):
        pairs = [flag for name, value in metadata.items() for flag in ("--metadata-set", f"{name}={value}")]
        self.run("copyto", path, f"r:{bucket}/{key}", "--metadata", *pairs, "--metadata-set", f"content-type={kind}",
                 "--s3-storage-class", storage)  # fmt: skip

    def get(self, bucket, key, path: Path, version=None):
        # It names a version by the time in which it was current.
        flags = ["--s3-versions"] if version else []
        self.run("copyto", f"r:{bucket}/{version or key}", path, *flags)

    def copy(self, bucket, key, other, name):
        self.run("copyto", f"r:{bucket}/{key}", f"r:{other}/{name}")

    def copy_in_parts(self, bucket, key, other, name):
        self.run("copyto", f"r:{bucket}/{key}", f"r:{other}/{name}", "--s3-copy-cutoff", "5Mi", "--s3-chunk-size", "5Mi")

    def delete(self, bucket, keys):
        for key in keys:
            self.run("deletefile", f"r:{bucket}/{key}")

    def list(self, bucket, prefix="", version="2"):
        names = self.run("lsf", "-R", "--files-only", f"r:{bucket}/{prefix}", "--s3-list-version", version).splitlines()
        return [prefix + name for name in names]

    def set_versioning(self, bucket, status):
        self.run("backend", "versioning", f"r:{bucket}", status)

    def versions(self, bucket, key):
        names = self.run("lsf", "--s3-versions", f"r:{bucket}").splitlines()
        return [key] + sorted((name for name in names if name != key), reverse=True)

    def delete_version(self, bucket, key, version):
        self.run("deletefile", f"r:{bucket}/{version}", "--s3-versions")

    def address(self, bucket, key):
        return self.run("link", f"r:{bucket}/{key}").splitlines()[-1]

    def range(self, bucket, key, first, last):
        return self.run("cat", f"r:{bucket}/{key}", "--offset", first, "--count", last - first + 1).encode()


class S5cmd(Client):
    name = "s5cmd"
    parts_from = 50 * MIB + 1

    def run(self, *arguments, flags=()):
        return peers.run(
            "s5cmd", "--endpoint-url", self.server.endpoint, *flags, *arguments, env=peers.aws_environment(self.server)
        )

    def make_bucket(self, bucket, lock=False):
        self.run("mb", f"s3://{bucket}")

    def buckets(self):
        return [line.split("s3://")[1] for line in self.run("ls").splitlines()]

    def remove_bucket(self, bucket):
        self.run("rb", f"s3://{bucket}")

    def put(self, path: Path, bucket, key, kind, metadata, storage):
        pairs = [flag for name, value in metadata.items() for flag in ("--metadata", f"{name}={value}")]
        self.run("cp", "--content-type", kind, *pairs, "--storage-class", storage, path, f"s3://{bucket}/{key}")

    def get(self, bucket, key, path: Path, version=None):
        self.run("cp", *(["--version-id", version] if version else []), f"s3://{bucket}/{key}", path)

    def copy(self, bucket, key, other, name):
        self.run("cp", f"s3://{bucket}/{key}", f"s3://{other}/{name}")

    copy_in_parts = copy

    def delete(self, bucket, keys):
        self.run("rm", *(f"s3://{bucket}/{key}" for key in keys))

    def list(self, bucket, prefix="", version="2"):
        flags = ["--use-list-objects-v1"] if version == "1" else []
        lines = self.run("--json", "ls", f"s3://{bucket}/{prefix}*", flags=flags).splitlines()
        return [json.loads(line)["key"].removeprefix(f"s3://{bucket}/") for line in lines]

    def set_versioning(self, bucket, status):
        self.run("bucket-version", "--set", status, f"s3://{bucket}")

    def versions(self, bucket, key):
        return [line.split()[-1] for line in self.run("ls", "--all-versions", f"s3://{bucket}/{key}").splitlines()]

    def delete_version(self, bucket, key, version):
        self.run("rm", "--version-id", version, f"s3://{bucket}/{key}")

    def address(self, bucket, key):
        return self.run("presign", f"s3://{bucket}/{key}").strip()


class MinioPython(Client):
    name = "minio"

    def __init__(self, server: Server, folder: Path, front: TLSFront | None = None):
        """Over TLS, which is its default, it sends each body with its Content-MD5; else with its SHA-256 alone."""
        super().__init__(server, folder)
        trust = urllib3.PoolManager(ca_certs=str(front.certificate)) if front else None
        self.client = Minio(
            endpoint=f"127.0.0.1:{front.port if front else server.port}", access_key=server.access,
            secret_key=server.secret, secure=front is not None, http_client=trust,
        )  # fmt: skip

    def make_bucket(self, bucket, lock=False):
        self.client.make_bucket(bucket_name=bucket, object_lock=lock)

    def buckets(self):
        return [found.name for found in self.client.list_buckets()]

    def remove_bucket(self, bucket):
        assert self.client.bucket_exists(bucket_name=bucket)
        self.client.remove_bucket(bucket_name=bucket)
        assert not self.client.bucket_exists(bucket_name=bucket)

    def put(self, path: Path, bucket, key, kind, metadata, storage):
        # Its own parts are of 525 MiB: only smaller ones are asked for.
        size = path.stat().st_size
        given = metadata | {"x-amz-storage-class": storage}
        with path.open("rb") as data:
            self.client.put_object(bucket_name=bucket, object_name=key, data=data, length=size, content_type=kind,
                                   metadata=given, part_size=5 * MIB if size >= self.parts_from else 0)  # fmt: skip

    def get(self, bucket, key, path: Path, version=None):
        self.client.fget_object(bucket_name=bucket, object_name=key, file_path=str(path), version_id=version)

    def copy(self, bucket, key, other, name):
        self.client.copy_object(bucket_name=other, object_name=name, source=MinioSource(bucket_name=bucket, object_name=key))

    def copy_in_parts(self, bucket, key, other, name):
        half = [ComposeSource(bucket_name=bucket, object_name=key, offset=0, length=5 * MIB),
                ComposeSource(bucket_name=bucket, object_name=key, offset=5 * MIB)]  # fmt: skip
        self.client.compose_object(bucket_name=other, object_name=name, sources=half)

    def delete(self, bucket, keys):
        errors = self.client.remove_objects(bucket_name=bucket, delete_object_list=[DeleteObject(key) for key in keys])
        assert list(errors) == []

    def list(self, bucket, prefix="", version="2"):
        found = self.client.list_objects(bucket_name=bucket, prefix=prefix, recursive=True, use_api_v1=version == "1")
        return [one.object_name for one in found]

    def set_versioning(self, bucket, status):
        self.client.set_bucket_versioning(bucket_name=bucket, config=VersioningConfig(status))
        assert self.client.get_bucket_versioning(bucket_name=bucket).status == status

    def versions(self, bucket, key):
        found = self.client.list_objects(bucket_name=bucket, prefix=key, include_version=True)
        return [one.version_id for one in found if not one.is_delete_marker]

    def delete_version(self, bucket, key, version):
        self.client.remove_object(bucket_name=bucket, object_name=key, version_id=version)

    def set_default_retention(self, bucket):
        self.client.set_object_lock_config(bucket_name=bucket, config=ObjectLockConfig("GOVERNANCE", 1, DAYS))
        found = self.client.get_object_lock_config(bucket_name=bucket)
        assert (found.mode, found.duration, found.duration_unit) == ("GOVERNANCE", 1, DAYS)

    def lock(self, bucket, key, until: datetime):
        at = {"bucket_name": bucket, "object_name": key}
        self.client.set_object_retention(config=Retention("GOVERNANCE", until), **at)
        self.client.enable_object_legal_hold(**at)
        assert self.client.is_object_legal_hold_enabled(**at)
        assert self.client.get_object_retention(**at).mode == "GOVERNANCE"

    def address(self, bucket, key):
        return self.client.presigned_get_object(bucket_name=bucket, object_name=key)

    def range(self, bucket, key, first, last):
        answer = self.client.get_object(bucket_name=bucket, object_name=key, offset=first, length=last - first + 1)
        try:
            return answer.read()
        finally:
            answer.close()
            answer.release_conn()


ALL: dict[str, type[Client]] = {kind.name: kind for kind in (Boto3, Aws, Rclone, S5cmd, MinioPython)}
