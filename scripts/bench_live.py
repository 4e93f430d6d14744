"""The rows of scripts/bench that measure live replication: an embedded endpoint that tells of its changes, `brigade up` with
one rule, and an embedded endpoint that it keeps in step, all on this machine and on tmpfs, without fsync at the endpoints.

The lag is the runtime's own: from the time that the source's event bears to the copy's proof being on disk.
"""

import contextlib
import json
import socket
import threading
import time

from bench_runtime import replay
from support import servers, signed
from support.replicating import TOKEN, Replicating
from support.tools import scratch_folder

CHANGES_PER_SECOND = 500
SECONDS = 60
KEYS = 5_000
BURST = 20_000
HOT_WRITES = 10_000
BODY = bytes(1024)


def request(server, key: str, body: bytes) -> bytes:
    """A PUT, signed beforehand so that making it costs nothing while it is measured."""
    one = signed.Signed(server, "PUT", "photos", key)
    fields = one.sign(body) | {"content-length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"PUT {one.path} HTTP/1.1\r\n{head}\r\n".encode() + body


def event(key: str, at: str) -> bytes:
    record = {
        "eventVersion": "2.0", "eventSource": "minio:s3", "eventTime": at, "eventName": "s3:ObjectCreated:Put",
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": "photos"}, "object": {"key": key, "size": len(BODY)}},
    }  # fmt: skip
    body = json.dumps({"EventName": "s3:ObjectCreated:Put", "Key": f"photos/{key}", "Records": [record]}).encode()
    head = f"POST /events/s3 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def send(port: int, requests: list[bytes], connections: int, rate: float | None = None) -> tuple[float, int]:
    """Sends them over so many connections, evenly at a rate if there is one; seconds taken, and answers that were not 200."""
    refused = [0] * connections

    def work(number: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for index in range(number, len(requests), connections):
                if rate:
                    wait = started + index / rate - time.perf_counter()
                    if wait > 0:
                        time.sleep(wait)
                link.sendall(requests[index])
                answer = b""
                while b"\r\n\r\n" not in answer:
                    part = link.recv(65536)
                    if not part:
                        break
                    answer += part
                refused[number] += not answer.startswith(b"HTTP/1.1 200")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(connections)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started, sum(refused)


class LiveBench:
    ROWS = ("live-lag", "live-burst", "live-hot")

    def __init__(self, bench):
        self.bench = bench

    def run(self, name: str) -> None:
        {"live-lag": self.lag, "live-burst": self.burst, "live-hot": self.hot}[name]()

    @contextlib.contextmanager
    def pair(self, **options):
        folder = scratch_folder(needed_bytes=1 << 30)
        try:
            with Replicating(folder, "deletes: propagate", **options) as pair:
                pair.up()
                pair.when_quiet()
                yield pair
        finally:
            servers.remove(folder)

    def lag(self) -> None:
        seconds = max(3, round(SECONDS * self.bench.scale))
        print(f"\nlive-lag: {CHANGES_PER_SECOND} changes a second of {KEYS:,} keys of {len(BODY)} bytes for {seconds} s")
        with self.pair() as pair:
            changes = [
                request(pair.source, f"k{number % KEYS}", number.to_bytes(8, "big") + BODY[8:])
                for number in range(CHANGES_PER_SECOND * seconds)
            ]
            taken, refused = send(pair.source.port, changes, 8, CHANGES_PER_SECOND)
            state = pair.when_quiet(120)
            pair.when_equal()
        p50, p99 = (state["lagSeconds"][name] * 1000 for name in ("p50", "p99"))
        print(f"  {len(changes) / taken:,.0f} changes a second, lag p50 {p50:.0f} ms, p99 {p99:.0f} ms, {refused} refused")
        self.bench.keep("live-lag", "brigade up alone", seconds, {"brigade": [state]}, {},
                        [{"what": "lag p50, ms", "value": p50, "most": 20, "met": p50 <= 20},
                         {"what": "lag p99, ms", "value": p99, "most": 100, "met": p99 <= 100}])  # fmt: skip

    def burst(self) -> None:
        count = max(1000, round(BURST * self.bench.scale))
        print(f"\nlive-burst: {count:,} events at once, of as many objects, each on disk before it is answered")
        # Nobody but the burst tells of them.
        with self.pair(notify=()) as pair:
            send(pair.source.port, [request(pair.source, f"k{number}", BODY) for number in range(count)], 8)
            at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
            report = replay(pair.port, [event(f"k{number}", at) for number in range(count)], pair.folder, 64, 8)
            accepted = report["requests"] / report["seconds"]
            if report["requests"] < count:
                raise RuntimeError(f"only {report['requests']} of {count} events were sent")
            started = time.perf_counter()
            pair.when_quiet(300)
            pair.when_equal()
            converged = time.perf_counter() - started + report["seconds"]
        print(f"  accepted {accepted:,.0f} a second, none refused; in step after {converged:.1f} s")
        self.bench.keep("live-burst", "brigade up alone", count, {"brigade": [{"accepted": accepted, "seconds": converged}]}, {},
                        [{"what": "accepted a second", "value": -accepted, "most": -5000, "met": accepted >= 5000}])  # fmt: skip

    def hot(self) -> None:
        count = max(500, round(HOT_WRITES * self.bench.scale))
        print(f"\nlive-hot: one key written {count:,} times")
        with self.pair() as pair:
            writes = [request(pair.source, "hot", number.to_bytes(8, "big") + BODY[8:]) for number in range(count)]
            taken, _ = send(pair.source.port, writes, 1)
            state = pair.when_quiet(120)
            pair.when_equal()
        runs = state["replicated"]
        print(f"  {count / taken:,.0f} writes a second, {runs:,} invocations, and it is the last one")
        self.bench.keep("live-hot", "brigade up alone", count, {"brigade": [state]}, {},
                        [{"what": "invocations a write", "value": runs / count, "most": 0.1, "met": runs / count <= 0.1}])  # fmt: skip
