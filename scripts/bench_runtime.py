"""The rows of scripts/bench that measure `brigade up` as a Lambda, beside AWS's own emulator (`aws-lambda-rie`, as it ships
in the PyPI package aws-sam-cli), both with the same Python function under awslambdaric and the same client.

Requests to `brigade up` are signed beforehand and verified by it each time; the emulator verifies nothing.
"""

import base64
import concurrent.futures
import contextlib
import dataclasses
import datetime
import hashlib
import hmac
import http.client
import io
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from support import servers
from support.tools import binary, scratch_folder, tool

ROOT = Path(__file__).resolve().parent.parent
REPLAY = Path(__file__).with_name("replay.lua")
HANDLER = "def handler(event, context):\n    return event\n"
PAYLOAD = b'{"key": "photos/2026/11/25/0001.jpg"}'
WARM_SECONDS = 3
CALLERS = 64


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def replay(port: int, requests: list[bytes], folder: Path, connections: int, seconds: int) -> dict:
    """Sends requests in turn and over again with wrk, whose own part of the time is small; an error when one is refused."""
    file = folder / "requests"
    file.write_bytes(b"".join(b"%08d" % len(request) + request for request in requests))
    done = subprocess.run(
        [tool("wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", REPLAY,
         f"http://127.0.0.1:{port}", "--", file],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    report = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    if report["refused"] or report["failed"]:
        raise RuntimeError(f"not all were answered: {report}")
    return report


@dataclasses.dataclass
class Target:
    """Where a function is invoked, and the fields that every request bears."""

    port: int
    path: str
    headers: dict[str, str]

    def connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def replay(self, folder: Path, connections: int, seconds: int) -> dict:
        """Sends the request over and over with wrk, whose own part of the time is small; an error when one fails."""
        fields = {"Host": f"127.0.0.1:{self.port}", "Content-Length": str(len(PAYLOAD))} | self.headers
        head = f"POST {self.path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n"
        return replay(self.port, [head.encode() + PAYLOAD], folder, connections, seconds)

    def invoke(self, connection: http.client.HTTPConnection) -> bool:
        connection.request("POST", self.path, PAYLOAD, self.headers)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status == 200 and json.loads(body) == json.loads(PAYLOAD)


def signed(port: int, access: str, secret: str, path: str, body: bytes, extra: dict[str, str], method="POST") -> dict:
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{now[:8]}/us-east-1/lambda/aws4_request"
    key = b"AWS4" + secret.encode()
    for word in scope.split("/"):
        key = hmac.digest(key, word.encode(), "sha256")
    fields = {"host": f"127.0.0.1:{port}", "x-amz-date": now} | extra
    names = sorted(fields)
    canonical = "\n".join(
        [method, path, "", *(f"{name}:{fields[name]}" for name in names), "", ";".join(names), hashlib.sha256(body).hexdigest()]
    )
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    authorization = f"AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return {name: value for name, value in fields.items() if name != "host"} | {"Authorization": authorization}


class Runtime:
    """A `brigade up` of its own, with one Python function."""

    def __init__(self, folder: Path):
        self.folder = folder
        environment = os.environ | {"BRIGADE_PYTHON": sys.executable}
        self.process = subprocess.Popen(
            [binary(), "up", "--state", folder, "--listen", "127.0.0.1:0"],
            stdout=subprocess.DEVNULL, stderr=(folder.parent / "up.log").open("wb"), env=environment,
        )  # fmt: skip
        # Written once it answers.
        endpoint = folder / "endpoint"
        deadline = time.monotonic() + 20
        while not (endpoint.exists() and endpoint.read_text().strip()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder.parent / "up.log").read_text())
            time.sleep(0.02)
        self.port = int(endpoint.read_text().strip().rsplit(":", 1)[1])
        pairs = dict(
            line.split("=", 1) for line in (folder / "credentials").read_text().splitlines() if "=" in line
        )
        pairs = {name.strip(): value.strip() for name, value in pairs.items()}
        self.access, self.secret = pairs["aws_access_key_id"], pairs["aws_secret_access_key"]

    def request(self, method: str, path: str, document: dict | None = None) -> dict:
        body = json.dumps(document).encode() if document is not None else b""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, signed(self.port, self.access, self.secret, path, body, {}, method))
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text!r}")
        return json.loads(text or b"{}")

    def create(self, name: str, **settings) -> None:
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("app.py", HANDLER)
        self.request(
            "POST", "/2015-03-31/functions",
            {"FunctionName": name, "Runtime": "python3.11", "Role": "arn:aws:iam::000000000000:role/bench",
             "Handler": "app.handler", "Timeout": 30, "MemorySize": 256,
             "Code": {"ZipFile": base64.b64encode(package.getvalue()).decode()}} | settings,
        )  # fmt: skip
        while self.request("GET", f"/2015-03-31/functions/{name}/configuration")["State"] != "Active":
            time.sleep(0.02)

    def target(self, name: str, kind: str = "RequestResponse") -> Target:
        path = f"/2015-03-31/functions/{name}/invocations"
        headers = signed(self.port, self.access, self.secret, path, PAYLOAD, {"x-amz-invocation-type": kind})
        return Target(self.port, path, headers)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Emulator:
    """`aws-lambda-rie` with the same function."""

    def __init__(self, folder: Path):
        (folder / "app.py").write_text(HANDLER)
        self.port = free_port()
        self.process = subprocess.Popen(
            [ROOT / ".build/bench/aws-lambda-rie", "--runtime-interface-emulator-address", f"127.0.0.1:{self.port}",
             "--runtime-api-address", f"127.0.0.1:{free_port()}", sys.executable, "-m", "awslambdaric", "app.handler"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, process_group=0,
            env=os.environ | {"AWS_LAMBDA_FUNCTION_TIMEOUT": "30", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11"},
        )  # fmt: skip
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                break
            if time.monotonic() > deadline:
                raise RuntimeError("aws-lambda-rie does not listen")
            time.sleep(0.02)

    def target(self) -> Target:
        return Target(self.port, "/2015-03-31/functions/function/invocations", {})

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def warm(target: Target, folder: Path, seconds: int) -> dict:
    """One caller, who asks again as soon as it is answered."""
    connection = target.connect()
    for _ in range(50):
        if not target.invoke(connection):
            raise RuntimeError("a wrong answer")
    connection.close()
    report = target.replay(folder, 1, seconds)
    return report | {"p50_us": report["p50_ms"] * 1e3, "p99_us": report["p99_ms"] * 1e3}


def at_once(target: Target, callers: int, each: int) -> dict:
    def call(_: int) -> int:
        failed = 0
        try:
            connection = target.connect()
            for _ in range(each):
                failed += 0 if target.invoke(connection) else 1
        except (OSError, http.client.HTTPException, ValueError):
            return each
        return failed

    with concurrent.futures.ThreadPoolExecutor(callers) as pool:
        started = time.perf_counter()
        failed = sum(pool.map(call, range(callers)))
    return {"failed": failed, "seconds": time.perf_counter() - started, "invocations": callers * each}


class RuntimeBench:
    ROWS = ("invoke", "invoke-concurrent", "event", "cold-start", "embedded", "bill")

    def __init__(self, bench):
        self.bench = bench

    def run(self, name: str) -> None:
        rows = {"invoke": self.invoke, "invoke-concurrent": self.concurrent, "event": self.event,
                "cold-start": self.cold_start, "embedded": self.embedded, "bill": self.bill}  # fmt: skip
        rows[name]()

    @contextlib.contextmanager
    def runtime(self):
        folder = scratch_folder(needed_bytes=1 << 30)
        state = folder / "state"
        state.mkdir()
        runtime = Runtime(state)
        try:
            yield runtime
        finally:
            runtime.stop()
            servers.remove(folder)

    @contextlib.contextmanager
    def emulator(self):
        folder = scratch_folder(needed_bytes=1 << 20)
        emulator = Emulator(folder)
        try:
            yield emulator
        finally:
            emulator.stop()
            servers.remove(folder)

    def invoke(self) -> None:
        seconds = max(1, round(WARM_SECONDS * self.bench.scale))
        print(f"\ninvoke: warm invocations of a Python function, one after another (wrk, one connection, {seconds} s)")
        samples: dict[str, list] = {"brigade": [], "aws-lambda-rie": []}
        with self.runtime() as runtime, self.emulator() as emulator, tempfile.TemporaryDirectory() as scratch:
            runtime.create("bench")
            for _ in range(self.bench.options.rounds):
                samples["brigade"].append(warm(runtime.target("bench"), Path(scratch), seconds))
                samples["aws-lambda-rie"].append(warm(emulator.target(), Path(scratch), seconds))
        p50 = {name: statistics.median(sample["p50_us"] for sample in taken) for name, taken in samples.items()}
        p99 = {name: statistics.median(sample["p99_us"] for sample in taken) for name, taken in samples.items()}
        for name in samples:
            print(f"  {name:15}  p50 {p50[name]:8.0f} us   p99 {p99[name]:8.0f} us")
        ratio = p50["brigade"] / p50["aws-lambda-rie"]
        print(f"  p50 brigade / aws-lambda-rie {ratio:.2f}")
        self.bench.keep("invoke", "brigade up beside aws-lambda-rie", seconds, samples, {"p50": ratio},
                        [{"what": "warm p50, ratio", "value": ratio, "most": 0.6, "met": ratio <= 0.6}])  # fmt: skip

    def concurrent(self) -> None:
        print(f"\ninvoke-concurrent: {CALLERS} callers at once, 20 invocations each")
        samples = {}
        with self.runtime() as runtime:
            runtime.create("bench")
            samples["brigade"] = [at_once(runtime.target("bench"), CALLERS, 20)]
        with self.emulator() as emulator:
            samples["aws-lambda-rie"] = [at_once(emulator.target(), CALLERS, 20)]
        for name, (sample,) in samples.items():
            print(f"  {name:15}  {sample['failed']:,} of {sample['invocations']:,} failed, {sample['seconds']:.2f} s")
        failed = samples["brigade"][0]["failed"]
        self.bench.keep("invoke-concurrent", "brigade up beside aws-lambda-rie", CALLERS, samples, {},
                        [{"what": "failed invocations", "value": failed, "most": 0, "met": failed == 0}])  # fmt: skip

    def event(self) -> None:
        print("\nevent: asynchronous invocations accepted over HTTP, each on disk before it is answered (wrk, 64 connections)")
        samples = []
        for _ in range(self.bench.options.rounds):
            # Nothing runs them meanwhile: what is measured is the acceptance.
            with self.runtime() as runtime:
                runtime.create("bench")
                runtime.request("PUT", "/2017-10-31/functions/bench/concurrency", {"ReservedConcurrentExecutions": 1})
                target = runtime.target("bench", "Event")
                report = target.replay(runtime.folder.parent, 64, 5)
                samples.append(report | {"rate": report["requests"] / report["seconds"]})
        rate = statistics.median(sample["rate"] for sample in samples)
        print(f"  accepted {rate:,.0f} a second, p99 {statistics.median(s['p99_ms'] for s in samples):.1f} ms")
        self.bench.keep("event", "brigade up alone", 0, {"brigade": samples}, {},
                        [{"what": "accepted a second", "value": -rate, "most": -5000, "met": rate >= 5000}])  # fmt: skip

    def cold_start(self) -> None:
        """From the start of the process to its first `/next`."""
        print("\ncold-start: the command as a custom runtime's `bootstrap`, from its start to its first request for an event")
        times = []
        with socket.socket() as listener, tempfile.TemporaryDirectory() as folder:
            listener.bind(("127.0.0.1", 0))
            listener.listen(8)
            program = Path(folder, "bootstrap")
            program.symlink_to(Path(binary()).resolve())
            variables = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{listener.getsockname()[1]}", "_HANDLER": "replicate", "PATH": "/bin"}
            for _ in range(max(7, 7 * self.bench.options.rounds)):
                started = time.perf_counter()
                process = subprocess.Popen([program], env=variables, stdout=subprocess.DEVNULL)
                connection, _ = listener.accept()
                with connection:
                    if b"/runtime/invocation/next" not in connection.recv(4096):
                        raise RuntimeError("it asked for something else")
                    times.append((time.perf_counter() - started) * 1e3)
                    process.kill()
                    process.wait()
        middle = statistics.median(times)
        print(f"  p50 {middle:.1f} ms, most {max(times):.1f} ms")
        self.bench.keep("cold-start", "brigade alone", len(times), {"brigade": [{"ms": each} for each in times]}, {},
                        [{"what": "ms, p50", "value": middle, "most": 25, "met": middle <= 25}])  # fmt: skip

    def inside(self, command: str, folder: str, count: int) -> dict:
        """What the package's own bench program measures."""
        # Always: one that was built before would be another code.
        build = ["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", "RuntimeBench"]
        subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
        done = subprocess.run([ROOT / ".build/release/RuntimeBench", command, folder, str(count)], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def embedded(self) -> None:
        count = max(1000, round(20_000 * self.bench.scale))
        print(f"\nembedded: {count:,} warm invocations of a compiled-in function, logged and metered, one after another")
        samples = []
        for _ in range(self.bench.options.rounds):
            with tempfile.TemporaryDirectory() as folder:
                samples.append(self.inside("embedded", folder, count))
        p50 = statistics.median(sample["p50_us"] for sample in samples)
        print(f"  p50 {p50:.1f} us   p99 {statistics.median(sample['p99_us'] for sample in samples):.1f} us")
        self.bench.keep("embedded", "the runtime alone", count, {"brigade": samples}, {},
                        [{"what": "us, p50", "value": p50, "most": 20, "met": p50 <= 20}])  # fmt: skip

    def bill(self) -> None:
        count = max(1000, round(1_000_000 * self.bench.scale))
        print(f"\nbill: `brigade bill` of a ledger of {count:,} invocations")
        times = []
        with tempfile.TemporaryDirectory() as folder:
            written = self.inside("ledger", folder, count)
            each = written["cpu_us"] / count
            print(f"  written in {written['elapsed_us'] / 1e6:.1f} s, {each:.2f} us of processor time a line")
            for words in ([], ["--run", written["run"]], ["--format", "json"]):
                for _ in range(self.bench.options.rounds):
                    started = time.perf_counter()
                    subprocess.run([binary(), "bill", "--state", folder, *words], check=True, capture_output=True)
                    times.append(time.perf_counter() - started)
        print(f"  answered in {statistics.median(times) * 1e3:.0f} ms, {max(times) * 1e3:.0f} ms at most")
        self.bench.keep("bill", "brigade alone", count, {"brigade": [{"s": each} for each in times]}, {"us_a_line": each},
                        [{"what": "seconds, most", "value": max(times), "most": 1, "met": max(times) <= 1}])  # fmt: skip
