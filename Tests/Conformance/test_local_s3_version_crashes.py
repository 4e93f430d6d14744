"""A versioned bucket whose server is killed again and again under concurrent writes."""

import random
import signal
import threading
import time

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from support import stores
from support.servers import LocalS3

KEYS = [f"k{number}" for number in range(6)]


class Writer(threading.Thread):
    """Writes, marks and removes versions of its own keys until the server is gone, and notes what was answered."""

    def __init__(self, server, seed: int, keys: list[str], known: dict):
        super().__init__()
        self.s3 = stores.client(server)
        self.random = random.Random(seed)
        self.keys = keys
        #: (key, id) -> body, None for a marker: what was answered and must be there.
        self.known = known
        #: What may or may not have been removed when the server went.
        self.doubtful: set[tuple[str, str]] = set()
        self.count = 0

    def run(self):
        try:
            while True:
                self.step()
        except (BotoCoreError, ClientError, OSError):
            pass

    def step(self):
        key = self.random.choice(self.keys)
        kind = self.random.random()
        self.count += 1
        if kind < 0.6:
            body = f"{key} {self.count} {self.random.random()}".encode() * self.random.choice([1, 1, 9000])
            self.known[key, self.s3.put_object(Bucket="crash", Key=key, Body=body)["VersionId"]] = body
        elif kind < 0.75:
            self.known[key, self.s3.delete_object(Bucket="crash", Key=key)["VersionId"]] = None
        else:
            mine = [one for one in self.known if one[0] == key]
            if mine:
                gone = self.random.choice(mine[-3:])
                self.doubtful.add(gone)
                self.s3.delete_object(Bucket="crash", Key=key, VersionId=gone[1])
                del self.known[gone]
                self.doubtful.discard(gone)


def read(s3, key: str, version: str | None = None) -> bytes | None:
    named = {"VersionId": version} if version else {}
    try:
        return s3.get_object(Bucket="crash", Key=key, **named)["Body"].read()
    except ClientError as error:
        assert error.response["Error"]["Code"] in ("MethodNotAllowed", "NoSuchKey")
        return None


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_version_that_was_answered_is_there_once(tmp_path, seed):
    server = LocalS3(tmp_path / "crash").start()
    pick = random.Random(seed)
    known: list[dict] = [{} for _ in KEYS]
    try:
        s3 = stores.client(server)
        s3.create_bucket(Bucket="crash")
        s3.put_bucket_versioning(Bucket="crash", VersioningConfiguration={"Status": "Enabled"})
        for round in range(5):
            writers = [Writer(server, pick.random(), [key], known[n]) for n, key in enumerate(KEYS)]
            for writer in writers:
                writer.start()
            time.sleep(pick.uniform(0.1, 0.6))
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
            for writer in writers:
                writer.join()
            server.start()
            s3 = stores.client(server)
            check(s3, writers)
    finally:
        server.stop()


def check(s3, writers):
    found = []
    latest = {}
    for page in s3.get_paginator("list_object_versions").paginate(Bucket="crash"):
        entries = [(one, False) for one in page.get("Versions", [])]
        entries += [(one, True) for one in page.get("DeleteMarkers", [])]
        for one, is_marker in entries:
            found.append((one["Key"], one["VersionId"]))
            if one["IsLatest"]:
                assert one["Key"] not in latest
                latest[one["Key"]] = (one["VersionId"], is_marker)
    assert len(found) == len(set(found))
    assert {key for key, _ in found} == set(latest)
    assert set(stores.keys(s3, "crash")) == {key for key, (_, is_marker) in latest.items() if not is_marker}
    for writer in writers:
        key = writer.keys[0]
        ids = {version for name, version in found if name == key}
        wanted = {version for _, version in writer.known}
        removed = {version for _, version in writer.doubtful}
        assert wanted - removed <= ids
        # One write at most was on its way.
        assert len(ids - wanted) <= 1
        for version in ids:
            body = read(s3, key, version)
            if (key, version) in writer.known:
                assert body == writer.known[key, version]
            else:
                writer.known[key, version] = body
        for version in removed - ids:
            writer.known.pop((key, version), None)
        if key in latest:
            assert read(s3, key) == read(s3, key, latest[key][0])
