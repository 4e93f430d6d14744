"""Measures brigade beside the tools people use today.

For every row the same two endpoints are started once, and the tools run in turn (A B A B), each into a new and empty
bucket, after one round that is not counted. What is printed are medians: elapsed time, CPU of the client's process
tree (user and system, by wait4; the servers are not in it) and its peak resident memory. Every run's result is
counted before it counts: the same number of objects and bytes must stand at the destination.

The rows that begin with "server-" measure the embedded endpoint itself: see bench_server.py.
"""

import argparse
import dataclasses
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests/Conformance"))

from bench_live import LiveBench
from bench_runtime import RuntimeBench
from bench_server import RCLONE_SERVE, ServerBench  # noqa: E402
from support import peers, servers  # noqa: E402
from support.command import Brigade, Running  # noqa: E402
from support.tools import binary, scratch_folder, tool  # noqa: E402

KIB, MIB = 1 << 10, 1 << 20

# rclone at its best while it still verifies: many transfers, one recursive listing, checksums from the listing
# instead of a HEAD for each modification time, no request to see whether the bucket exists. It keeps its HEAD after
# every PUT (--s3-no-head would drop it): that is where it compares the stored hash.
RCLONE = ("--transfers", "32", "--checkers", "32", "--fast-list", "--checksum", "--s3-no-check-bucket",
          "--retries", "1")  # fmt: skip
RCLONE_LARGE = ("--s3-chunk-size", "16Mi", "--s3-upload-concurrency", "4")


@dataclasses.dataclass(frozen=True)
class Threshold:
    metric: str
    against: str
    most: float


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    title: str
    objects: int
    size: int
    kind: str = "rclone"
    tools: tuple[str, ...] = ("brigade", "rclone")
    thresholds: tuple[Threshold, ...] = ()
    flags: tuple[str, ...] = ()
    #: both sides alike before the run: nothing is to be done
    unchanged: bool = False
    one_endpoint: bool = False

    @property
    def total(self) -> int:
        return self.objects * self.size


ROWS = [
    Row("small", "5,000 x 4 KiB, rclone serve s3 to rclone serve s3", 5000, 4 * KIB,
        thresholds=(Threshold("cpu_seconds", "rclone", 0.2), Threshold("seconds", "rclone", 0.65))),
    Row("small-embedded", "5,000 x 4 KiB, brigade local-s3 to brigade local-s3", 5000, 4 * KIB, kind="local-s3",
        thresholds=(Threshold("seconds", "rclone", 0.35),)),
    Row("medium", "200 x 8 MiB, rclone serve s3 to rclone serve s3", 200, 8 * MIB, flags=RCLONE_LARGE,
        thresholds=(Threshold("cpu_seconds", "rclone", 0.6), Threshold("seconds", "rclone", 1.0))),
    Row("big", "1 x 2 GiB, rclone serve s3 to rclone serve s3", 1, 2048 * MIB, flags=RCLONE_LARGE,
        thresholds=(Threshold("cpu_seconds", "rclone", 0.4), Threshold("seconds", "rclone", 0.9))),
    Row("unchanged", "50,000 unchanged objects, sync again", 50_000, 16, unchanged=True,
        thresholds=(Threshold("cpu_seconds", "rclone", 0.25), Threshold("seconds", "rclone", 0.6))),
    # rclone's own copies are not the same: brigade would carry the bytes.
    Row("server-side", "5,000 x 4 KiB within one endpoint", 5000, 4 * KIB, one_endpoint=True, kind="local-s3",
        tools=("brigade", "s5cmd", "rclone"), thresholds=(Threshold("cpu_seconds", "s5cmd", 0.3),)),
]  # fmt: skip
MEMORY_LIMIT_KIB = 64 << 10


class Bench:
    def __init__(self, options):
        self.options = options
        self.scale = options.scale
        self.failures: list[str] = []
        self.results: dict[str, dict] = {}

    # Endpoints

    def start(self, row: Row, folder: Path, objects: int) -> tuple[servers.Server, servers.Server]:
        """Both endpoints, the source filled. `rclone serve s3` finds the files that are laid before it starts."""
        kind = servers.KINDS[row.kind]
        source, target = kind(folder / "a"), kind(folder / "b")
        if row.kind == "rclone":
            self.write_files(source.folder / "source", objects, row.size)
            if row.unchanged:
                self.write_files(target.folder / "target", objects, row.size)
        source.start()
        try:
            target.start()
            if row.kind != "rclone":
                files = folder / "files"
                self.write_files(files, objects, row.size)
                self.rclone_on(source, target, "mkdir", "a:source")
                self.rclone_on(source, target, "copy", str(files), "a:source", *RCLONE)
                servers.remove(files)
        except BaseException:
            source.stop()
            target.stop()
            raise
        return source, target

    @staticmethod
    def write_files(folder: Path, objects: int, size: int) -> None:
        block = os.urandom(min(size, MIB))
        for number in range(objects):
            path = folder / f"{number % 50:02}" / f"object-{number:07}"
            if number < 50:
                path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "wb") as file:
                # Every object differs: the number stands at its head.
                head = b"%d " % number
                file.write((head + block)[: min(size, MIB)])
                for _ in range(1, max(1, size // MIB)):
                    file.write(block)

    @staticmethod
    def rclone_on(source, target, *arguments: str) -> str:
        return peers.run("rclone", *arguments, env=peers.rclone_environment(a=source, b=target), timeout=1200)

    # One run

    def command(self, name: str, row: Row, source, target, bucket: str, brigade: Brigade) -> tuple[list[str], dict]:
        side = "a" if row.one_endpoint else "b"
        verb = "sync" if row.unchanged else "copy"
        if name == "brigade":
            return [str(binary()), verb, "s3://a@source", f"s3://{side}@{bucket}", "--quiet"], brigade.env
        if name == "rclone":
            arguments = [verb, "a:source", f"{side}:{bucket}", *RCLONE, *row.flags]
            return [tool("rclone"), *arguments], peers.rclone_environment(a=source, b=target)
        arguments = ["--endpoint-url", source.endpoint, "--log", "error", "--numworkers", "64"]
        return (
            [tool("s5cmd"), *arguments, "cp", "s3://source/*", f"s3://{bucket}/"],
            peers.aws_environment(source),
        )

    def once(
        self, name: str, row: Row, source, target, bucket: str, brigade: Brigade, objects: int, keeps: bool = False
    ) -> dict:
        holder = source if row.one_endpoint else target
        if not row.unchanged:
            self.rclone_on(source, target, "mkdir", f"{'a' if row.one_endpoint else 'b'}:{bucket}")
        servers_before = source.cpu_seconds() + target.cpu_seconds()
        arguments, env = self.command(name, row, source, target, bucket, brigade)
        result = Running(arguments, env, cwd=brigade.folder).wait(1800)
        if result.code != 0:
            raise RuntimeError(f"{row.name}: {name} failed\n{' '.join(arguments)}\n{result}")
        servers_after = source.cpu_seconds() + target.cpu_seconds()
        self.count(row, source, target, holder, bucket, objects)
        if row.kind == "rclone" and not row.unchanged and not keeps:
            servers.remove(holder.folder / bucket)
        return {
            "seconds": result.seconds,
            "cpu_seconds": result.cpu_seconds,
            "peak_kib": result.peak_kib,
            "servers_cpu_seconds": servers_after - servers_before,
        }

    def count(self, row: Row, source, target, holder, bucket: str, objects: int) -> None:
        if row.kind == "rclone":
            sizes = [path.stat().st_size for path in (holder.folder / bucket).rglob("*") if path.is_file()]
            found = (len(sizes), sum(sizes))
        else:
            side = "a" if row.one_endpoint else "b"
            answer = json.loads(self.rclone_on(source, target, "size", "--json", "--fast-list", f"{side}:{bucket}"))
            found = (answer["count"], answer["bytes"])
        if found != (objects, objects * row.size):
            raise RuntimeError(f"{row.name}: {found[0]} objects of {objects}, {found[1]} bytes at the destination")

    # Rows

    def run(self, row: Row) -> None:
        objects = max(1, round(row.objects * self.scale)) if row.objects > 1 else 1
        tools = [name for name in row.tools if name in self.options.tools]
        folder = scratch_folder(needed_bytes=row.total * 2 + objects * 2 * 8 * KIB)
        samples: dict[str, list[dict]] = {name: [] for name in tools}
        print(f"\n{row.name}: {row.title}" + (f", scaled to {objects:,}" if self.scale != 1 else ""), flush=True)
        source = target = None
        try:
            source, target = self.start(row, folder, objects)
            brigade = Brigade(folder / "brigade", {"a": source.url(), "b": target.url()})
            for turn in range(self.options.rounds + 1):
                for name in tools:
                    bucket = "target" if row.unchanged else f"target-{turn}-{name}"
                    sample = self.once(name, row, source, target, bucket, brigade, objects)
                    if turn > 0:
                        samples[name].append(sample)
        finally:
            for server in (source, target):
                if server is not None:
                    server.stop()
            servers.remove(folder)
        self.report(row, objects, samples)

    def report(self, row: Row, objects: int, samples: dict[str, list[dict]]) -> None:
        medians = {
            name: {key: statistics.median(sample[key] for sample in runs) for key in runs[0]}
            for name, runs in samples.items()
        }
        ours = medians.get("brigade")
        print(f"  {'':9} {'elapsed s':>10} {'ratio':>6} {'client CPU s':>13} {'ratio':>6} {'us/object':>10}"
              f" {'peak MiB':>9} {'servers CPU s':>14}")  # fmt: skip
        for name, median in medians.items():
            def ratio(key):
                return f"{ours[key] / median[key]:6.2f}" if ours and name != "brigade" else " " * 6

            print(f"  {name:9} {median['seconds']:10.2f} {ratio('seconds')} {median['cpu_seconds']:13.2f}"
                  f" {ratio('cpu_seconds')} {median['cpu_seconds'] / objects * 1e6:10.0f}"
                  f" {median['peak_kib'] / 1024:9.1f} {median['servers_cpu_seconds']:14.2f}")  # fmt: skip
        checks = []
        if ours:
            for limit in row.thresholds:
                if limit.against in medians:
                    value = ours[limit.metric] / medians[limit.against][limit.metric]
                    what = f"{limit.metric} of {limit.against}'s"
                    checks.append({"what": what, "value": value, "most": limit.most, "met": value <= limit.most})
            self.memory_check(checks, max(sample["peak_kib"] for sample in samples["brigade"]))
        self.keep(row.name, row.title, objects, samples, medians, checks)

    @staticmethod
    def memory_check(checks: list[dict], peak_kib: float) -> None:
        met = peak_kib <= MEMORY_LIMIT_KIB
        checks.append({"what": "peak MiB", "value": peak_kib / 1024, "most": MEMORY_LIMIT_KIB / 1024, "met": met})

    def keep(self, name, title, objects, samples, medians, checks) -> None:
        for check in checks:
            word = "pass" if check["met"] else "FAIL"
            print(f"  {word}  {check['what']}: {check['value']:.2f}, at most {check['most']:.2f}")
            if not check["met"]:
                self.failures.append(f"{name}: {check['what']}")
        self.results[name] = {
            "title": title, "objects": objects, "samples": samples, "medians": medians, "thresholds": checks,
        }  # fmt: skip

    def memory(self) -> None:
        """brigade alone, a copy and a sync with nothing to do, at two numbers of objects."""
        # With half a million objects in a bucket `rclone serve s3` takes an hour.
        kind, most = ("local-s3", 500_000) if self.options.full else ("rclone", 100_000)
        counts = [20_000, most]
        counts = [max(1, round(count * self.scale)) for count in counts]
        print(f"\nmemory: brigade at {counts[0]:,} and {counts[1]:,} objects of 16 bytes, {kind} on both sides")
        samples, peaks = {}, {}
        for count in counts:
            row = Row("memory", "", count, 16, kind=kind)
            again = dataclasses.replace(row, unchanged=True)
            folder = scratch_folder(needed_bytes=count * 4 * 8 * KIB)
            source = target = None
            try:
                source, target = self.start(row, folder, count)
                brigade = Brigade(folder / "brigade", {"a": source.url(), "b": target.url()})
                copied = self.once("brigade", row, source, target, "fresh", brigade, count, keeps=True)
                unchanged = self.once("brigade", again, source, target, "fresh", brigade, count)
            finally:
                for server in (source, target):
                    if server is not None:
                        server.stop()
                servers.remove(folder)
            samples[str(count)] = {"copy": copied, "sync": unchanged}
            peaks[count] = (copied["peak_kib"], unchanged["peak_kib"])
            print(f"  {count:9,}  copy {copied['seconds']:8.2f} s {copied['peak_kib'] / 1024:6.1f} MiB"
                  f"   sync again {unchanged['seconds']:7.2f} s {unchanged['peak_kib'] / 1024:6.1f} MiB", flush=True)  # fmt: skip
        few, many = (peaks[count] for count in counts)
        checks: list[dict] = []
        for index, what in enumerate(("copy", "sync")):
            growth = many[index] / few[index]
            checks.append({"what": f"peak of {what}, many to few", "value": growth, "most": 1.1, "met": growth <= 1.1})
        self.memory_check(checks, max(*few, *many))
        self.keep("memory", "brigade alone", counts[-1], samples, {}, checks)


def versions(tools: list[str]) -> dict[str, str]:
    found = {}
    for name in tools:
        path = str(binary()) if name == "brigade" else tool(name)
        flag = "version" if name in ("s5cmd", "rclone") else "--version"
        done = subprocess.run([path, flag], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        found[name] = (done.stdout or done.stderr).strip().split("\n")[0]
    return found


def machine() -> dict:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release()}


def main() -> int:
    names = [row.name for row in ROWS] + ["memory", *ServerBench.ROWS, *RuntimeBench.ROWS, *LiveBench.ROWS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default=",".join(names), help=f"of {', '.join(names)} (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="measured rounds after the one that warms up (default 5)")
    parser.add_argument("--tools", default="brigade,rclone,s5cmd", help="which tools take part (default: all)")
    parser.add_argument("--scale", type=float, default=1, help="multiplies numbers of objects, for a quick try")
    parser.add_argument("--full", action="store_true", help="memory at 500,000 objects, and listings of 1,000,000 keys")
    parser.add_argument("--check", action="store_true", help="exit 1 when a threshold is not met")
    parser.add_argument("--output", type=Path, default=ROOT / ".build/bench.json", help="JSON (default .build/bench.json)")
    options = parser.parse_args()
    options.tools = options.tools.split(",")
    wanted = options.rows.split(",")
    if unknown := set(wanted) - set(names):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    bench = Bench(options)
    head = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(options.tools),
        "rounds": options.rounds,
        "scale": options.scale,
        "rclone_flags": " ".join(RCLONE),
        "rclone_flags_large": " ".join(RCLONE_LARGE),
        "rclone_serve_flags": " ".join(RCLONE_SERVE),
        "servers": "rclone serve s3 with its default ETag hash (MD5), or brigade local-s3 --no-fsync, data on tmpfs",
    }
    print(f"{head['machine']['cpu']}, {head['machine']['cores']} cores; {head['servers']}")
    print("; ".join(f"{name}: {text}" for name, text in head["versions"].items()))
    print(f"rclone runs with {head['rclone_flags']} (large objects: and {head['rclone_flags_large']})")
    print(f"Where servers are measured, rclone serve s3 runs with {head['rclone_serve_flags']}")
    for row in ROWS:
        if row.name in wanted:
            bench.run(row)
    if "memory" in wanted and "brigade" in options.tools:
        bench.memory()
    for name in ServerBench.ROWS:
        if name in wanted:
            ServerBench(bench).run(name)
    for name in RuntimeBench.ROWS:
        if name in wanted:
            RuntimeBench(bench).run(name)
    for name in LiveBench.ROWS:
        if name in wanted:
            LiveBench(bench).run(name)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(head | {"rows": bench.results}, indent=1) + "\n")
    print(f"\n{len(bench.failures)} thresholds not met" + "".join(f"\n  {line}" for line in bench.failures))
    print(f"All samples: {options.output}")
    return 1 if options.check and bench.failures else 0


if __name__ == "__main__":
    sys.exit(main())
