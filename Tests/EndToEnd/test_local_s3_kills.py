"""The embedded endpoint killed at random moments under concurrent writers: what was answered is there, whole, once, and
told to its webhook; nothing else is."""

import hashlib
import itertools
import random
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from support import stores
from support.servers import LocalS3
from support.webhook import Webhook, key

ARN = "arn:minio:sqs::hook:webhook"
#: Several writers share the first ones; the last is each writer's own.
SHARED = ["hot", "warm/1", "warm/2"]
BUCKETS = ["plain", "kept", "suspended"]
WRITERS = 8
SIZES = [0, 40, 40, 4_000, 200_000]
PART = 5 << 20
FOREVER = float("inf")


@dataclass
class Write:
    """One request that changes a key; `value` is its token, None when it removes."""

    bucket: str
    name: str
    value: str | None
    started: float = -FOREVER
    #: When it was answered; for ever when nobody knows whether it was done.
    ended: float = FOREVER
    version: str | None = None

    @property
    def is_answered(self) -> bool:
        return self.ended < FOREVER


@dataclass
class History:
    """Everything that was asked of the endpoint in one life, and what stood before."""

    writes: list[Write] = field(default_factory=list)
    before: dict[tuple[str, str], str | None] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, bucket: str, name: str) -> list[Write]:
        return [write for write in self.writes if (write.bucket, write.name) == (bucket, name)]

    def possible(self, bucket: str, name: str) -> set[str | None]:
        """What the key may hold: nothing that was answered before another answered request began."""
        mine = self.of(bucket, name)
        first = Write(bucket, name, self.before.get((bucket, name)), ended=-FOREVER)
        answered = [write for write in mine if write.is_answered]
        return {
            write.value for write in [first, *mine] if not any(later.started > write.ended for later in answered)
        }


class Bodies:
    """What each token stands for: unique bodies, so that one can be told from another by its digest."""

    def __init__(self):
        self.numbers = itertools.count(1)
        self.digests: dict[str, str] = {}

    def make(self, size: int) -> tuple[str, bytes]:
        token = f"t{next(self.numbers)}"
        body = (token.encode() + b"." + random.randbytes(64) * (size // 64 + 1))[: max(size, 12)]
        self.digests[token] = hashlib.md5(body).hexdigest()
        return token, body


class Writer(threading.Thread):
    def __init__(self, server, number: int, seed: float, history: History, bodies: Bodies):
        super().__init__()
        self.s3 = stores.client(server)
        self.random = random.Random(seed)
        self.names = [*SHARED, f"own/{number}"]
        self.history, self.bodies = history, bodies

    def run(self):
        try:
            while True:
                self.step()
        except (BotoCoreError, ClientError, OSError):
            pass

    def step(self):
        bucket, name = self.random.choice(BUCKETS), self.random.choice(self.names)
        kind = self.random.random()
        if kind < 0.5:
            token, body = self.bodies.make(self.random.choice(SIZES))
            given = {"Body": body, "Metadata": {"token": token}}
            self.write(bucket, name, token, self.s3.put_object, **given)
        elif kind < 0.6:
            self.upload(bucket, name)
        elif kind < 0.75:
            self.copy(bucket, name)
        else:
            self.write(bucket, name, None, self.s3.delete_object)

    def write(self, bucket, name, token, call, **given):
        one = Write(bucket, name, token, started=time.monotonic())
        with self.history.lock:
            self.history.writes.append(one)
        answer = call(Bucket=bucket, Key=name, **given)
        one.version = answer.get("VersionId")
        # Last: it says that all else is known.
        one.ended = time.monotonic()

    def upload(self, bucket, name):
        parts = [PART, 100] if self.random.random() < 0.1 else [3_000]
        token, body = self.bodies.make(sum(parts))
        upload = self.s3.create_multipart_upload(Bucket=bucket, Key=name, Metadata={"token": token})["UploadId"]
        etags, offset = [], 0
        for number, size in enumerate(parts, 1):
            piece = body[offset : offset + size]
            given = {"Bucket": bucket, "Key": name, "UploadId": upload, "PartNumber": number, "Body": piece}
            etags.append({"PartNumber": number, "ETag": self.s3.upload_part(**given)["ETag"]})
            offset += size
        complete = {"UploadId": upload, "MultipartUpload": {"Parts": etags}}
        self.write(bucket, name, token, self.s3.complete_multipart_upload, **complete)

    def copy(self, bucket, name):
        source = self.names[-1]
        token = f"t{next(self.bodies.numbers)}"
        found = self.s3.list_objects_v2(Bucket="plain", Prefix=source).get("Contents")
        if not found:
            return
        # Only this writer changes its own key.
        origin = self.s3.head_object(Bucket="plain", Key=source)["Metadata"]["token"]
        self.bodies.digests[token] = self.bodies.digests[origin]
        given = {"CopySource": f"plain/{source}", "MetadataDirective": "REPLACE", "Metadata": {"token": token}}
        self.write(bucket, name, token, self.s3.copy_object, **given)


class Checker:
    def __init__(self, s3, history: History, bodies: Bodies, hook: Webhook, versions: dict):
        self.s3, self.history, self.bodies, self.hook = s3, history, bodies, hook
        #: (key, version) -> token of what must be in the versioned bucket
        self.versions = versions

    def read(self, bucket, name, **version) -> str | None:
        """The token of what is there, which is whole."""
        try:
            answer = self.s3.get_object(Bucket=bucket, Key=name, **version)
        except ClientError as error:
            assert error.response["Error"]["Code"] in ("NoSuchKey", "MethodNotAllowed"), error
            return None
        token = answer["Metadata"]["token"]
        assert hashlib.md5(answer["Body"].read()).hexdigest() == self.bodies.digests[token]
        return token

    def check(self) -> dict[tuple[str, str], str | None]:
        """What every key holds now."""
        now = {}
        names = {(write.bucket, write.name) for write in self.history.writes} | set(self.history.before)
        for bucket in BUCKETS:
            listed = set(stores.keys(self.s3, bucket))
            there = set()
            for name in sorted(name for where, name in names if where == bucket):
                value = now[bucket, name] = self.read(bucket, name)
                assert value in self.history.possible(bucket, name), (bucket, name, value, self.history.of(bucket, name))
                if value is not None:
                    there.add(name)
            assert listed == there
        self.check_versions()
        self.check_events(now)
        return now

    def check_versions(self):
        found, latest = {}, {}
        for page in self.s3.get_paginator("list_object_versions").paginate(Bucket="kept"):
            for one in page.get("Versions", []) + page.get("DeleteMarkers", []):
                mark = (one["Key"], one["VersionId"])
                assert mark not in found
                found[mark] = one.get("ETag")
                if one["IsLatest"]:
                    assert one["Key"] not in latest
                    latest[one["Key"]] = mark
        assert {name for name, _ in found} == set(latest)
        mine = [write for write in self.history.writes if write.bucket == "kept"]
        for write in mine:
            if write.is_answered:
                self.versions[write.name, write.version] = write.value
        assert set(self.versions) <= set(found), set(self.versions) - set(found)
        doubtful = [write for write in mine if not write.is_answered]
        for name, version in set(found) - set(self.versions):
            token = self.read("kept", name, VersionId=version)
            match = [write for write in doubtful if (write.name, write.value) == (name, token)]
            assert match, f"nobody wrote {name} {version}"
            doubtful.remove(match[0])
            self.versions[name, version] = token
        for write in mine:
            if write.is_answered:
                assert self.read("kept", write.name, VersionId=write.version) == write.value

    def check_events(self, now):
        """Each answered write is told, and the last that is told of a key is what it holds."""
        wanted = {write.value for write in self.history.writes if write.is_answered and write.value}
        markers = {
            write.version for write in self.history.writes if write.is_answered and write.value is None and write.version
        } - {"null"}  # fmt: skip
        self.hook.wait(lambda hook: wanted <= told(hook) and markers <= {version(record) for record in hook.taken})
        order: dict[tuple[str, str], list[dict]] = {}
        seen = set()
        for record in list(self.hook.taken):
            place = (record["s3"]["bucket"]["name"], key(record))
            sequencer = record["s3"]["object"]["sequencer"]
            if (place, sequencer) not in seen:
                seen.add((place, sequencer))
                order.setdefault(place, []).append(record)
        for place, records in order.items():
            told_in_order = [record["s3"]["object"]["sequencer"] for record in records]
            records.sort(key=lambda record: record["s3"]["object"]["sequencer"])
            # Versions that are written at the same time may be told in another order than they have.
            assert place[0] != "plain" or told_in_order == sorted(told_in_order), place
            if not self.history.of(*place):
                continue
            doubtful = {write.value for write in self.history.of(*place) if not write.is_answered}
            last = [token(record) for record in records[-1 - len(doubtful) :]]
            assert now[place] in last or now[place] == self.history.before.get(place), (place, now[place], last)


def token(record: dict) -> str | None:
    return record["s3"]["object"].get("userMetadata", {}).get("X-Amz-Meta-Token")


def version(record: dict) -> str | None:
    return record["s3"]["object"].get("versionId")


def told(hook: Webhook) -> set[str | None]:
    return {token(record) for record in hook.taken}


@pytest.mark.parametrize("flags", [("--no-fsync",), ()], ids=["no-fsync", "fsync"])
def test_killed_under_concurrent_writers(tmp_path, flags, seed, soak):
    chance = random.Random(seed)
    refuses = random.Random(seed + 1)
    rounds = 50 if soak else 5
    print(f"seed {seed}, {rounds} rounds")
    bodies, versions, before = Bodies(), {}, {}
    with Webhook(lambda record: 503 if refuses.random() < 0.003 else 200) as hook:
        server = LocalS3(tmp_path / "store", flags=(*flags, "--webhook", f"hook={hook.url}"))
        server.start()
        try:
            prepare(stores.client(server))
            writes = 0
            for round in range(rounds):
                history = History(before=before)
                writers = [Writer(server, n, chance.random(), history, bodies) for n in range(WRITERS)]
                for writer in writers:
                    writer.start()
                # The moment is what is random here: there is no signal to wait for.
                time.sleep(chance.uniform(0.05, 0.8))
                server.process.send_signal(signal.SIGKILL)
                server.process.wait()
                for writer in writers:
                    writer.join()
                server.start()
                writes += sum(write.is_answered for write in history.writes)
                s3 = stores.client(server)
                before = Checker(s3, history, bodies, hook, versions).check()
                hook.taken.clear()
            assert writes > rounds * 10
            clear(stores.client(server), server.folder)
        finally:
            server.stop()


def prepare(s3):
    for bucket in BUCKETS:
        s3.create_bucket(Bucket=bucket)
        queue = {"QueueArn": ARN, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [queue]}
        )
    for bucket, status in [("kept", "Enabled"), ("suspended", "Enabled"), ("suspended", "Suspended")]:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def clear(s3, folder: Path):
    """Removes all there is, version by version; then no file is left of it."""
    for bucket in BUCKETS:
        for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for one in page.get("Versions", []) + page.get("DeleteMarkers", []):
                s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
        place = folder / "buckets" / bucket
        left = [path for part in ("objects", "versions", "multipart", "tmp") for path in (place / part).rglob("*")]
        assert [path for path in left if path.is_file()] == []
        s3.delete_bucket(Bucket=bucket)
