"""What happens to a source, to the way its events take, and to everything else, by a seed."""

import http.client
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from . import catalogue, stores
from .faults import Fault, Proxy
from .replicating import Replicating, Source

MIB = 1 << 20


class EventRoad:
    """Between a source and the runtime: drops, doubles, delays and shuffles events. What it has answered with 200 and did not
    drop it passes on, however long the runtime is away. Use as a context manager."""

    def __init__(self, target_port: int, seed: int, drops: bool):
        self.target_port, self.drops = target_port, drops
        self.chance = random.Random(seed)
        #: None of the mischief any more.
        self.is_calm = False
        self.changed = threading.Condition()
        #: (moment to pass it on, body, headers); the thread that does takes the earliest.
        self.held: list[tuple[float, bytes, dict]] = []
        self.under_way = 0
        self.dropped = self.passed = self.delayed = self.doubled = 0
        self.is_closed = False

    def __enter__(self) -> "EventRoad":
        road = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_HEAD(self):
                self.answer(200)

            do_GET = do_HEAD

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(road.take(self.path, body, dict(self.headers)))

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.threads = [threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)]
        self.threads += [threading.Thread(target=self.deliver, daemon=True) for _ in range(4)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        with self.changed:
            self.is_closed = True
            self.changed.notify_all()
        self.server.shutdown()
        self.server.server_close()
        for thread in self.threads:
            thread.join(10)

    def take(self, path: str, body: bytes, headers: dict) -> int:
        headers = {name: value for name, value in headers.items() if name.lower() not in ("host", "connection")}
        with self.changed:
            draw = 1.0 if self.is_calm else self.chance.random()
            wait = self.chance.choice([0.01, 0.1, 0.5, 1.5])
        if self.drops and draw < 0.2:
            self.dropped += 1
            return 200
        if draw < 0.25:
            return 503
        if draw < 0.75:
            # Answered, and passed on later: once or twice, and in another order than it came.
            times = 2 if draw < 0.45 else 1
            with self.changed:
                for _ in range(times):
                    self.held.append((time.monotonic() + self.chance.uniform(0, wait), body, {**headers, ":path": path}))
                self.delayed += 1
                self.doubled += times - 1
                self.changed.notify_all()
            return 200
        status = self.post(path, body, headers)
        if status == 200 and 0.75 <= draw < 0.8:
            # Taken, and the sender never hears of it.
            self.doubled += 1
            return 503
        return status

    def post(self, path: str, body: bytes, headers: dict) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.target_port, timeout=20)
        try:
            connection.request("POST", path, body=body, headers=headers)
            answer = connection.getresponse()
            answer.read()
            self.passed += 1
            return answer.status
        except (OSError, http.client.HTTPException):
            return 503
        finally:
            connection.close()

    def deliver(self) -> None:
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.held or self.is_closed)
                if self.is_closed:
                    return
                now = time.monotonic()
                entry = min(self.held, key=lambda one: one[0])
                if not self.is_calm and entry[0] > now:
                    self.changed.wait(entry[0] - now)
                    continue
                self.held.remove(entry)
                self.under_way += 1
            moment, body, headers = entry
            headers = dict(headers)
            status = self.post(headers.pop(":path"), body, headers)
            with self.changed:
                self.under_way -= 1
                if not 200 <= status < 300:
                    self.held.append((time.monotonic() + 0.1, body, entry[2]))
                    self.changed.wait(0.05)
                self.changed.notify_all()

    def empty(self, seconds: float = 60) -> None:
        """No mischief any more; returns when it holds nothing."""
        with self.changed:
            self.is_calm = True
            self.changed.notify_all()
            isEmpty = self.changed.wait_for(lambda: not self.held and not self.under_way, seconds)
            assert isEmpty, f"{len(self.held)} events are not taken"


class Weather(Fault):
    """Strikes at random: 503 and its kin, resets, answers that never come or stop half-way."""

    KINDS = ("status", "status", "reset", "drop", "stall", "truncate")

    def __init__(self, seed: int, share: float):
        super().__init__("status")
        self.chance, self.share = random.Random(seed), share
        self.is_calm = False

    def strikes(self, method: str, target: str) -> bool:
        if self.is_calm or self.chance.random() >= self.share:
            return False
        self.hit += 1
        self.kind = self.chance.choice(self.KINDS)
        self.status, self.code = self.chance.choice([(503, "SlowDown"), (500, "InternalError"), (429, "TooManyRequests")])
        self.seconds = self.chance.choice([0.05, 0.5, 2])
        return True


class Stormy(Replicating):
    """A pair whose events, stores and processes are at the mercy of a seed."""

    def __init__(self, folder: Path, seed: int, *, drops: bool, share: float = 0.04):
        super().__init__(folder, "deletes: propagate\nmaxDelete: 1000000\nreconcile: never")
        self.chance = random.Random(seed)
        self.road = EventRoad(self.port, seed + 1, drops)
        self.weather = [Weather(seed + 2, share), Weather(seed + 3, share)]

    def __enter__(self) -> "Stormy":
        self.road.__enter__()
        self.source = Source(self.folder / "source", f"http://127.0.0.1:{self.road.port}/events/s3")
        super().__enter__()
        self.proxies = [
            Proxy(self.source.port, self.weather[0]).__enter__(),
            Proxy(self.destination.port, self.weather[1]).__enter__(),
        ]
        return self

    def __exit__(self, *details) -> None:
        try:
            super().__exit__(*details)
        finally:
            for proxy in getattr(self, "proxies", []):
                proxy.__exit__(*details)
            self.road.__exit__(*details)

    def connections(self) -> dict[str, str]:
        return {
            "BRIGADE_CONNECTION_HERE": self.source.url(port=self.proxies[0].port),
            "BRIGADE_CONNECTION_THERE": self.destination.url(port=self.proxies[1].port),
        }

    def kill(self, victim: str) -> None:
        """By SIGKILL, and started again where it was."""
        if victim == "runtime":
            self.runtime.kill()
            self.runtime.start()
            return
        server = self.source if victim == "source" else self.destination
        server.process.kill()
        server.process.wait()
        server.start(port=server.port)

    def calm(self) -> None:
        for one in self.weather:
            one.is_calm = True
        self.road.empty()

    def difference(self) -> list[str]:
        source = stores.contents(self.source, "photos")
        try:
            return stores.differences(source, stores.contents(self.destination, "copy"))
        except ClientError as error:
            # Deleted between the listing and its reading: it is not at rest yet.
            return [str(error)]


class History:
    """A writer that changes a bucket at random; what does not come through it says again until it does."""

    #: Never deleted: an empty source is a matter of its own.
    ANCHOR = "anchor"

    def __init__(self, server, bucket: str, seed: int):
        self.chance = random.Random(seed)
        self.s3, self.bucket = stores.client(server), bucket
        self.features = server.features
        names = catalogue.holdable_keys(server.features)
        names = [name for name in names if not name.endswith("/")]
        self.keys = self.chance.sample(names, self.chance.randint(4, 12))
        self.done = 0

    def say(self, call, **arguments):
        deadline = time.monotonic() + 60
        while True:
            try:
                return getattr(self.s3, call)(Bucket=self.bucket, **arguments)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                    # Not there: deleted before, or an upload that a kill took away.
                    return None
                problem = error
            except BotoCoreError as error:
                problem = error
            assert time.monotonic() < deadline, f"{call} {arguments.get('Key')!r}: {problem}"
            time.sleep(0.02)

    def headers(self) -> dict:
        chance = self.chance
        told = {"ContentType": chance.choice(["text/plain", "image/png", "text/x; charset=utf-8"])}
        if chance.random() < 0.5:
            told["CacheControl"] = f"max-age={chance.randint(1, 3)}"
        if chance.random() < 0.3:
            told["ContentDisposition"] = 'attachment; filename="a b.txt"'
        if chance.random() < 0.6:
            told["Metadata"] = {f"m{n}": str(chance.randint(0, 9)) for n in range(chance.randint(1, 3))}
        return told

    def tags(self) -> list[dict]:
        chance = self.chance
        return [{"Key": f"t {n}", "Value": f"{chance.randint(0, 9)} +="} for n in range(chance.randint(1, 4))]

    def run(self, stop: threading.Event, most: int) -> None:
        while not stop.is_set() and self.done < most:
            self.step()
            self.done += 1
            # Spread over the whole time, with bursts: what goes wrong should meet it everywhere.
            if self.chance.random() < 0.2:
                stop.wait(self.chance.uniform(0, 0.05))

    def step(self) -> None:
        chance, key = self.chance, self.chance.choice(self.keys)
        draw = chance.random()
        if draw < 0.35:
            size = chance.choice([0, 1, 10, 10, 10, 5000, 70_000])
            self.say("put_object", Key=key, Body=chance.randbytes(size), **self.headers())
        elif draw < 0.5:
            self.say(
                "copy_object", Key=key, CopySource={"Bucket": self.bucket, "Key": key}, MetadataDirective="REPLACE",
                **self.headers(),
            )  # fmt: skip
        elif draw < 0.6:
            self.say("put_object_tagging", Key=key, Tagging={"TagSet": self.tags()})
        elif draw < 0.65:
            self.say("delete_object_tagging", Key=key)
        elif draw < 0.8:
            self.say("delete_object", Key=key)
        elif draw < 0.83:
            named = [{"Key": each} for each in self.keys[::2] if each.isprintable()]
            if named:
                self.say("delete_objects", Delete={"Objects": named, "Quiet": True})
        elif draw < 0.95:
            target = chance.choice(self.keys)
            if target != key:
                copied = self.say("copy_object", Key=target, CopySource={"Bucket": self.bucket, "Key": key})
                if copied:
                    self.say("delete_object", Key=key)
        # An upload's answer names the key, in XML, which control characters make what boto3 cannot read.
        elif all(character >= " " for character in key):
            self.multipart(key, [chance.randint(1, 5000)] if chance.random() < 0.9 else [5 * MIB, 3])

    def multipart(self, key: str, sizes: list[int]) -> None:
        upload = self.say("create_multipart_upload", Key=key, **self.headers())
        parts = []
        for number, size in enumerate(sizes, 1):
            answer = self.say(
                "upload_part", Key=key, UploadId=upload["UploadId"], PartNumber=number, Body=self.chance.randbytes(size)
            )
            if answer is None:
                return
            parts.append({"PartNumber": number, "ETag": answer["ETag"]})
        self.say("complete_multipart_upload", Key=key, UploadId=upload["UploadId"], MultipartUpload={"Parts": parts})
