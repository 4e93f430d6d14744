"""The embedded endpoint driven by other people's clients: the AWS command, rclone, s5cmd and minio's Python client."""

import io
import json

import pytest
from minio import Minio
from minio.commonconfig import CopySource, Tags
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from support import catalogue, peers, stores

MIB = 1 << 20


@pytest.fixture
def bucket(plain):
    return plain


@pytest.fixture
def folder(tmp_path):
    """A few files of sizes that each client sends in its own way, one of them in parts."""
    root = tmp_path / "files"
    for name, size in (("a.txt", 10), ("deep/b c+d.bin", 70_000), ("empty", 0), ("big", 20 * MIB + 1)):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(catalogue.body(name, size))
    return root


def assert_same_files(left, right):
    names = {path.relative_to(left) for path in left.rglob("*") if path.is_file()}
    assert names == {path.relative_to(right) for path in right.rglob("*") if path.is_file()}
    for name in names:
        assert (left / name).read_bytes() == (right / name).read_bytes(), name


def test_the_aws_command(server, bucket, folder, tmp_path):
    env = peers.aws_environment(server)

    def aws(*arguments):
        return peers.run("aws", *arguments, env=env)

    aws("s3", "sync", folder, f"s3://{bucket}/up", "--no-progress")
    aws("s3", "sync", f"s3://{bucket}/up", tmp_path / "down", "--no-progress")
    assert_same_files(folder, tmp_path / "down")
    assert "b c+d.bin" in aws("s3", "ls", f"s3://{bucket}/up/deep/")
    aws("s3", "cp", f"s3://{bucket}/up/big", f"s3://{bucket}/copied", "--no-progress")
    head = json.loads(aws("s3api", "head-object", "--bucket", bucket, "--key", "copied"))
    assert head["ContentLength"] == 20 * MIB + 1
    aws("s3", "rm", f"s3://{bucket}", "--recursive")
    assert stores.keys(stores.client(server), bucket) == {}
    aws("s3", "rb", f"s3://{bucket}")
    assert bucket not in aws("s3", "ls")


def test_rclone(server, bucket, folder, tmp_path):
    env = peers.rclone_environment(local=server)
    peers.run("rclone", "copy", folder, f"local:{bucket}/up", "--s3-upload-cutoff", "8Mi", "--s3-chunk-size", "8Mi", env=env)
    peers.run("rclone", "check", "--download", folder, f"local:{bucket}/up", env=env)
    peers.run("rclone", "copy", f"local:{bucket}/up", tmp_path / "down", env=env)
    assert_same_files(folder, tmp_path / "down")
    peers.run("rclone", "copy", f"local:{bucket}/up", f"local:{bucket}/again", env=env)
    (folder / "a.txt").unlink()
    peers.run("rclone", "sync", folder, f"local:{bucket}/up", env=env)
    names = peers.run("rclone", "lsf", "-R", "--files-only", f"local:{bucket}/up", env=env).split("\n")
    assert sorted(filter(None, names)) == ["big", "deep/b c+d.bin", "empty"]
    peers.run("rclone", "purge", f"local:{bucket}", env=env)
    assert bucket + "/" not in peers.run("rclone", "lsf", "local:", env=env)


def test_s5cmd(server, bucket, folder, tmp_path):
    env = peers.aws_environment(server)
    flags = ("--endpoint-url", server.endpoint)
    peers.run("s5cmd", *flags, "cp", "-p", "5", f"{folder}/", f"s3://{bucket}/up/", env=env)
    peers.run("s5cmd", *flags, "cp", f"s3://{bucket}/up/*", f"{tmp_path}/down/", env=env)
    assert_same_files(folder, tmp_path / "down")
    # Without the "+": s5cmd writes it unencoded into x-amz-copy-source, which stores read in two ways.
    for name in ("big", "a.txt", "empty"):
        peers.run("s5cmd", *flags, "cp", f"s3://{bucket}/up/{name}", f"s3://{bucket}/again/{name}", env=env)
    held = stores.contents(server, bucket)
    for name in ("big", "a.txt", "empty"):
        assert held[f"again/{name}"].sha256 == held[f"up/{name}"].sha256
    peers.run("s5cmd", *flags, "rm", f"s3://{bucket}/*", env=env)
    assert stores.keys(stores.client(server), bucket) == {}


def test_the_minio_client(server, bucket):
    client = Minio(
        endpoint=f"127.0.0.1:{server.port}", access_key=server.access, secret_key=server.secret, secure=False,
        region="us-east-1",
    )  # fmt: skip
    data = catalogue.body("minio", 12 * MIB)
    tags = Tags.new_object_tags()
    tags["a"] = "1 +"
    client.put_object(
        bucket_name=bucket, object_name="in parts/ü", data=io.BytesIO(data), length=len(data), part_size=5 * MIB,
        metadata={"m": "v"}, tags=tags,
    )  # fmt: skip
    stat = client.stat_object(bucket_name=bucket, object_name="in parts/ü")
    assert (stat.size, stat.etag.endswith("-3")) == (len(data), True)
    assert stat.metadata["x-amz-meta-m"] == "v"
    assert dict(client.get_object_tags(bucket_name=bucket, object_name="in parts/ü")) == {"a": "1 +"}
    answer = client.get_object(bucket_name=bucket, object_name="in parts/ü")
    try:
        assert answer.read() == data
    finally:
        answer.close()
        answer.release_conn()
    source = CopySource(bucket_name=bucket, object_name="in parts/ü")
    client.copy_object(bucket_name=bucket, object_name="copy", source=source)
    names = [one.object_name for one in client.list_objects(bucket_name=bucket, recursive=True)]
    assert names == ["copy", "in parts/ü"]
    errors = client.remove_objects(bucket_name=bucket, delete_object_list=[DeleteObject(name) for name in names])
    assert list(errors) == []
    with pytest.raises(S3Error) as caught:
        client.stat_object(bucket_name=bucket, object_name="copy")
    assert caught.value.code == "NoSuchKey"
