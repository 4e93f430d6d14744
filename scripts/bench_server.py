"""The rows of scripts/bench that measure `brigade local-s3` as a server, beside `rclone serve s3` with the same client.

What is printed are medians of the rate that the client sees and of the CPU of the server's process (user and system,
by /proc), and its peak resident memory over the whole row. The clients are wrk, which sends requests that were signed
beforehand, for small objects; s5cmd for parts and ranges; curl for whole large objects; http.client for listings.
"""

import concurrent.futures
import contextlib
import dataclasses
import datetime
import hashlib
import hmac
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path

from support import peers, servers
from support.tools import scratch_folder, tool

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
BUCKET = "bench"
REPLAY = Path(__file__).with_name("replay.lua")
MEMORY_LIMIT_MIB = 100

# rclone at its best as a server: no comparison after an upload, and no times of its own. Its ETags stay MD5, as ours
# are; that of an object is calculated when it is first asked for, so by its GET.
RCLONE_SERVE = ("--no-checksum", "--no-modtime", "--poll-interval", "0")


class Signer:
    """Signature V4 in the headers of requests to one server. Good for 15 minutes; some 10 us a request."""

    def __init__(self, port: int, access: str, secret: str):
        self.host = f"127.0.0.1:{port}"
        self.time = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{self.time[:8]}/us-east-1/s3/aws4_request"
        self.key = b"AWS4" + secret.encode()
        for word in scope.split("/"):
            self.key = hmac.digest(self.key, word.encode(), "sha256")
        self.head = f"AWS4-HMAC-SHA256\n{self.time}\n{scope}\n"
        self.authorization = (
            f"AWS4-HMAC-SHA256 Credential={access}/{scope}, "
            "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature="
        )

    def headers(self, method: str, path: str, query: str = "", payload: str = "UNSIGNED-PAYLOAD") -> dict[str, str]:
        """- query: encoded, in order."""
        canonical = (
            f"{method}\n{path}\n{query}\nhost:{self.host}\nx-amz-content-sha256:{payload}\nx-amz-date:{self.time}\n\n"
            f"host;x-amz-content-sha256;x-amz-date\n{payload}"
        )
        text = self.head + hashlib.sha256(canonical.encode()).hexdigest()
        return {
            "Host": self.host,
            "x-amz-content-sha256": payload,
            "x-amz-date": self.time,
            "Authorization": self.authorization + hmac.digest(self.key, text.encode(), "sha256").hex(),
        }

    def request(self, method: str, key: str, body: bytes = b"") -> bytes:
        """A whole request; its body is under the signature."""
        path = f"/{BUCKET}/{key}"
        headers = self.headers(method, path, payload=hashlib.sha256(body).hexdigest())
        if method == "PUT":
            headers |= {"Content-Type": "application/octet-stream", "Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def key_of(number: int) -> str:
    """Scattered over 1,000 folders, whatever the order of writing."""
    return f"folder-{number % 1000:03}/object-{number:07}"


def fill(port: int, access: str, secret: str, numbers: range) -> None:
    """Writes an empty object for each number, over one connection, some requests at a time."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for start in range(0, len(numbers), 32):
            batch = numbers[start : start + 32]
            signer = Signer(port, access, secret)
            connection.sendall(b"".join(signer.request("PUT", key_of(number)) for number in batch))
            answer = b""
            while answer.count(b"\r\n\r\n") < len(batch):
                received = connection.recv(64 * KIB)
                if not received:
                    raise RuntimeError(f"the server has hung up: {answer!r}")
                answer += received
            if answer.count(b"HTTP/1.1 200") != len(batch):
                raise RuntimeError(f"a write was refused: {answer!r}")


@dataclasses.dataclass
class Sample:
    """One run of a client: how much was done, in what time, and what it cost the server."""

    amount: float
    seconds: float
    server_cpu_seconds: float
    more: dict = dataclasses.field(default_factory=dict)

    def record(self) -> dict:
        return {
            "seconds_a_unit": self.seconds / self.amount,
            "cpu_seconds_a_unit": self.server_cpu_seconds / self.amount,
        } | self.more


@dataclasses.dataclass(frozen=True)
class Unit:
    """How a row's samples are printed, and what of them is compared besides the CPU."""

    rate: str
    cpu: str
    amount: float = 1
    cpu_scale: float = 1e6
    also: dict[str, str] = dataclasses.field(default_factory=dict)


REQUEST = Unit("requests/s", "us/request", also={"seconds_a_unit": "elapsed"})
GIBIBYTE = Unit("MiB/s", "s/GiB", amount=KIB, cpu_scale=1)
ENTRY = Unit("entries/s", "us/entry")


class ServerBench:
    ROWS = ("server-small", "server-large", "server-listing")

    def __init__(self, bench):
        self.bench = bench
        self.options = bench.options

    def run(self, name: str) -> None:
        {"server-small": self.small, "server-large": self.large, "server-listing": self.listing}[name]()

    @contextlib.contextmanager
    def serving(self, *, kinds: tuple[str, ...], needed_bytes: int):
        """The servers by name, each with an empty bucket, and a folder for the clients' files."""
        folder = scratch_folder(needed_bytes=needed_bytes)
        # Where fsync has something to do: not in memory.
        disk = Path(tempfile.mkdtemp(prefix="brigade-", dir="/var/tmp"))
        running: dict[str, servers.Server] = {}
        try:
            for kind in kinds:
                running[kind] = {
                    "brigade": lambda: servers.LocalS3(folder / "brigade"),
                    "rclone": lambda: servers.RcloneServe(folder / "rclone", flags=RCLONE_SERVE),
                    "durable": lambda: servers.LocalS3(disk / "durable", flags=()),
                }[kind]()
                running[kind].start()
                peers.run("rclone", "mkdir", f"a:{BUCKET}", env=peers.rclone_environment(a=running[kind]))
            yield running, folder
        finally:
            for server in running.values():
                server.stop()
            servers.remove(folder)
            servers.remove(disk)

    @staticmethod
    def signer(server: servers.Server) -> Signer:
        return Signer(server.port, server.access, server.secret)

    @staticmethod
    def measured(server: servers.Server, amount: float, *commands: list[str]) -> Sample:
        """Runs the commands one after the other."""
        before, start = server.cpu_seconds(), time.monotonic()
        for command in commands:
            done = subprocess.run(
                command, env=peers.aws_environment(server), stdin=subprocess.DEVNULL, capture_output=True, timeout=600
            )
            if done.returncode != 0:
                raise RuntimeError(f"{' '.join(command)}: {done.stdout.decode()}{done.stderr.decode()}")
        return Sample(amount, time.monotonic() - start, server.cpu_seconds() - before)

    # Small objects

    def small(self) -> None:
        objects, seconds = max(50, round(5_000 * self.options.scale)), 4
        title = f"4 KiB objects, {objects:,} of them over and over, 32 connections of wrk"
        print(f"\nserver-small: {title}", flush=True)
        with self.serving(kinds=self.kinds("brigade", "rclone", "durable"), needed_bytes=objects * 64 * KIB) as (
            running,
            folder,
        ):
            samples: dict[str, dict[str, list[dict]]] = {}
            for turn in range(self.options.rounds + 1):
                for method in ("PUT", "GET"):
                    for name, server in running.items():
                        sample = self.replay(server, method, objects, seconds, folder / "requests")
                        if turn > 0:
                            samples.setdefault(f"{method} 4 KiB", {}).setdefault(name, []).append(sample.record())
            self.report("server-small", title, objects, samples, running, REQUEST)

    def replay(self, server: servers.Server, method: str, objects: int, seconds: int, file: Path) -> Sample:
        signer, block = self.signer(server), os.urandom(4 * KIB)
        with open(file, "wb") as requests:
            for number in range(objects):
                body = (b"%d " % number + block)[: 4 * KIB] if method == "PUT" else b""
                request = signer.request(method, key_of(number), body)
                requests.write(b"%08d" % len(request) + request)
        command = [tool("wrk"), "-t1", "-c32", f"-d{seconds}", "-s", str(REPLAY), server.endpoint, "--", str(file)]
        before = server.cpu_seconds()
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        cpu = server.cpu_seconds() - before
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        told = json.loads(done.stdout.strip().split("\n")[-1])
        if told["refused"] or told["failed"]:
            raise RuntimeError(f"{server.name} did not answer every {method}: {told}")
        return Sample(told["requests"], told["seconds"], cpu, {"p99_ms": told["p99_ms"]})

    # Large objects

    def large(self) -> None:
        files, size = max(1, round(4 * self.options.scale)), 256 * MIB
        total = files * size
        title = f"{files} x 256 MiB: s5cmd with 16 MiB parts, four at a time, and curl"
        print(f"\nserver-large: {title}", flush=True)
        with self.serving(kinds=self.kinds("brigade", "rclone"), needed_bytes=6 * total) as (running, folder):
            source, target = folder / "source", folder / "target"
            self.bench.write_files(source, files, size)
            paths = sorted(path for path in source.rglob("*") if path.is_file())
            samples: dict[str, dict[str, list[dict]]] = {}
            for turn in range(self.options.rounds + 1):
                for name, server in running.items():
                    for what, commands in self.transfers(server, source, target, paths).items():
                        sample = self.measured(server, total / GIB, *commands)
                        if turn > 0:
                            samples.setdefault(what, {}).setdefault(name, []).append(sample.record())
                    self.compare(paths, source, target)
            self.report("server-large", title, files, samples, running, GIBIBYTE)

    def transfers(self, server: servers.Server, source: Path, target: Path, paths: list[Path]) -> dict:
        s5cmd = [tool("s5cmd"), "--endpoint-url", server.endpoint, "--log", "error", "cp"]
        s5cmd += ["--part-size", "16", "--concurrency", "4"]

        def curl(method: str, path: Path) -> list[str]:
            target = f"/{BUCKET}/whole/{path.name}"
            command = [tool("curl"), "--silent", "--show-error", "--fail", "--output", "/dev/null"]
            for name, value in self.signer(server).headers(method, target).items():
                command += ["--header", f"{name}: {value}"]
            if method == "PUT":
                command += ["--upload-file", str(path)]
            return [*command, server.endpoint + target]

        return {
            "PUT in parts (s5cmd)": [[*s5cmd, f"{source}/*", f"s3://{BUCKET}/parts/"]],
            "GET by ranges (s5cmd)": [[*s5cmd, f"s3://{BUCKET}/parts/*", f"{target}/"]],
            "PUT whole (curl)": [curl("PUT", path) for path in paths],
            "GET whole (curl)": [curl("GET", path) for path in paths],
        }

    @staticmethod
    def compare(paths: list[Path], source: Path, target: Path) -> None:
        for path in paths:
            subprocess.run(["cmp", str(path), str(target / path.relative_to(source))], check=True)
        servers.remove(target)

    # Listings

    def listing(self) -> None:
        count = max(1_000, round((1_000_000 if self.options.full else 100_000) * self.options.scale))
        title = f"{count:,} keys in one bucket, one walk after the other, 1,000 keys a page"
        print(f"\nserver-listing: {title}", flush=True)
        with self.serving(kinds=("brigade",), needed_bytes=count * 8 * KIB) as (running, _):
            server = running["brigade"]
            start = time.monotonic()
            with concurrent.futures.ProcessPoolExecutor(2) as pool:
                halves = [range(0, count, 2), range(1, count, 2)]
                for done in [pool.submit(fill, server.port, server.access, server.secret, half) for half in halves]:
                    done.result()
            print(f"  filled in {time.monotonic() - start:.1f} s", flush=True)
            samples: dict[str, dict[str, list[dict]]] = {}
            for turn in range(self.options.rounds + 1):
                for what, delimiter in (("all keys", ""), ("folders alone", "/")):
                    sample = self.walk(server, count, delimiter)
                    if turn > 0:
                        samples.setdefault(what, {}).setdefault("brigade", []).append(sample.record())
            self.report("server-listing", title, count, samples, running, ENTRY)

    def walk(self, server: servers.Server, count: int, delimiter: str) -> Sample:
        """All pages; there must be as many entries in them as there are keys, or folders."""
        signer = self.signer(server)
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        entry = b"</CommonPrefixes>" if delimiter else b"</Contents>"
        before, start = server.cpu_seconds(), time.monotonic()
        entries, token, first = 0, None, 0.0
        while True:
            query = {"delimiter": delimiter, "list-type": "2"} if delimiter else {"list-type": "2"}
            if token:
                query = {"continuation-token": token} | query
            text = urllib.parse.urlencode(query)
            connection.request("GET", f"/{BUCKET}?{text}", headers=signer.headers("GET", f"/{BUCKET}", text))
            answer = connection.getresponse()
            page = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"a listing was refused: {page!r}")
            first = first or time.monotonic() - start
            entries += page.count(entry)
            found = re.search(rb"<NextContinuationToken>([^<]+)<", page)
            if not found:
                break
            token = found[1].decode()
        seconds = time.monotonic() - start
        connection.close()
        if entries != (1_000 if delimiter else count):
            raise RuntimeError(f"{entries} entries in a listing of {count} keys")
        return Sample(entries, seconds, server.cpu_seconds() - before, {"first_page_ms": first * 1_000})

    # Reports

    def kinds(self, *names: str) -> tuple[str, ...]:
        """Those that take part; "durable" is brigade too."""
        return tuple(name for name in names if name.replace("durable", "brigade") in self.options.tools)

    def report(self, row, title, objects, samples, running, unit: Unit) -> None:
        medians: dict[str, dict[str, dict]] = {
            what: {
                name: {key: statistics.median(sample[key] for sample in runs) for key in runs[0]}
                for name, runs in by_name.items()
            }
            for what, by_name in samples.items()
        }
        print(f"  {'':22} {'':8} {unit.rate:>12} {'ratio':>6} {f'server CPU {unit.cpu}':>22} {'ratio':>6}")
        checks: list[dict] = []

        def at_most(what: str, value: float, most: float) -> None:
            checks.append({"what": what, "value": value, "most": most, "met": value <= most})

        for what, by_name in medians.items():
            ours, theirs = by_name.get("brigade"), by_name.get("rclone")
            for name, median in by_name.items():
                def ratio(key):
                    return f"{ours[key] / median[key]:6.2f}" if ours and name != "brigade" else " " * 6

                more = "".join(f"   {key} {value:.1f}" for key, value in median.items() if not key.endswith("a_unit"))
                print(f"  {what:22} {name:8} {unit.amount / median['seconds_a_unit']:12,.0f} {ratio('seconds_a_unit')}"
                      f" {median['cpu_seconds_a_unit'] * unit.cpu_scale:22.2f} {ratio('cpu_seconds_a_unit')}{more}")  # fmt: skip
            if ours and theirs:
                for key, name in {"cpu_seconds_a_unit": "server CPU", **unit.also}.items():
                    at_most(f"{what}: {name} of rclone's", ours[key] / theirs[key], 0.5)
        peaks = {name: server.peak_kib() / KIB for name, server in running.items()}
        print("  peak MiB: " + ", ".join(f"{name} {peak:.1f}" for name, peak in peaks.items()))
        if row == "server-listing":
            at_most("seconds a 100,000 keys", medians["all keys"]["brigade"]["seconds_a_unit"] * 1e5, 1.0)
        for name, peak in peaks.items():
            if name != "rclone":
                at_most(f"peak MiB of {name}", peak, MEMORY_LIMIT_MIB)
        self.bench.keep(row, title, objects, samples, medians, checks)
