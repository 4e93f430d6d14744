"""A `brigade up` with rules of its own, its source told to send its events there."""

import json

import re
import stat
from pathlib import Path



from . import stores
from .runtime import Runtime, eventually
from .servers import LocalS3
from .tools import free_port

TOKEN = "a-token-of-forty-characters-for-the-tests"


class Source(LocalS3):
    """An embedded endpoint that sends what changes in every bucket of `notify` to a webhook."""

    def __init__(self, folder: Path, webhook: str, notify: tuple[str, ...] = ("photos",), flags: tuple[str, ...] = ("--no-fsync",)):
        told = [word for bucket in notify for word in ("--notify", bucket)]
        super().__init__(folder, flags=(*flags, "--webhook", webhook, *told))

    def environment(self):
        return super().environment() | {"BRIGADE_WEBHOOK_TOKEN": TOKEN}


class Replicating:
    """A source, a destination, and a runtime that keeps them in step. Use as a context manager."""

    def __init__(self, folder: Path, rule: str = "", *, top: str = "", flags: tuple[str, ...] = (), source_flags=("--no-fsync",), notify=("photos",)):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.source = Source(folder / "source", f"{self.url}/events/s3", notify, flags=source_flags)
        self.destination = LocalS3(folder / "destination")
        self.folder, self.rule, self.top, self.flags = folder, rule, top, flags
        self.runtime = None

    def __enter__(self) -> "Replicating":
        self.source.start()
        self.destination.start()
        self.s3, self.copy = stores.client(self.source, defaults=True), stores.client(self.destination, defaults=True)
        self.s3.create_bucket(Bucket="photos")
        self.copy.create_bucket(Bucket="copy")
        return self

    def __exit__(self, *_) -> None:
        if self.runtime:
            self.runtime.stop()
        self.source.stop()
        self.destination.stop()

    def up(self) -> Runtime:
        """Starts the runtime, or starts it again on the same state."""
        config = self.folder / "brigade.yaml"
        config.write_text(
            "replications:\n  - name: photos\n    from: s3://here@photos\n    to: s3://there@copy\n"
            + "".join(f"    {line}\n" for line in self.rule.splitlines()) + self.top
        )  # fmt: skip
        if self.runtime:
            self.runtime.environment |= self.connections()
            self.runtime.start()
            return self.runtime
        self.runtime = Prepared(
            "--listen", f"127.0.0.1:{self.port}", "--config", str(config), *self.flags, environment=self.connections()
        )
        return self.runtime

    def connections(self) -> dict[str, str]:
        return {"BRIGADE_CONNECTION_HERE": self.source.url(), "BRIGADE_CONNECTION_THERE": self.destination.url()}

    def status(self, rule: str = "photos") -> dict:
        answer = self.runtime.brigade("status", "--json", "--endpoint", self.url)
        assert answer.returncode == 0, answer.stderr
        return next(one for one in json.loads(answer.stdout)["rules"] if one["name"] == rule)

    def when_quiet(self, seconds: float = 60) -> dict:
        """Its state once nothing waits or runs, and no scan is under way."""

        def quiet():
            state = self.status()
            isBusy = state["pending"] or state["running"] or state["scan"].get("begunAt")
            return None if isBusy or not state["scan"].get("endedAt") else state

        return eventually(quiet, seconds)

    def metric(self, name: str) -> float:
        import urllib.request

        text = urllib.request.urlopen(self.url + "/metrics", timeout=10).read().decode()
        return float(re.search(rf"^brigade_replication_{name}\{{.*\}} (.*)$", text, re.M).group(1))

    def sides(self) -> tuple[dict, dict]:
        """Every key with its size and ETag, at the source and at the destination."""

        def listing(s3, bucket):
            return {key: (entry["Size"], entry["ETag"]) for key, entry in stores.keys(s3, bucket).items()}

        return listing(self.s3, "photos"), listing(self.copy, "copy")

    def when_equal(self, seconds: float = 30) -> None:
        def equal():
            source, copy = self.sides()
            return source == copy

        try:
            eventually(equal, seconds)
        except AssertionError:
            source, copy = self.sides()
            missing = {k: v for k, v in source.items() if copy.get(k) != v}
            extra = {k: v for k, v in copy.items() if k not in source}
            raise AssertionError(f"not equal: missing or other {missing}, extra {extra}\n{self.runtime.output()}") from None


class Prepared(Runtime):
    """Its token is known beforehand, so that a source can be started before it."""

    def start(self) -> None:
        self.state.mkdir(exist_ok=True)
        token = self.state / "webhook-token"
        if not token.exists():
            token.touch(mode=stat.S_IRUSR | stat.S_IWUSR)
            token.write_text(TOKEN + "\n")
        super().start()
