"""Real S3 servers on free loopback ports: started, waited for, and stopped by their process id."""

import http.client
import os
import shutil
import signal
import subprocess
import time
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from .tools import binary, free_port, tool

ACCESS = "BRIGADETESTACCESS01"
# Characters that must be percent-encoded in a connection's URL, as real secrets have.
SECRET = "test/secret+with%odd=chars0123456789ABCD"


@dataclass(frozen=True)
class Features:
    """What a store can hold, as data: a test leaves out what one of its stores cannot, and says so."""

    tags: bool = True
    metadata: bool = True
    large_metadata: bool = True
    encoded_metadata: bool = True
    expires: bool = True
    folder_markers: bool = True
    #: "a" and "a/b" side by side
    shadowed_keys: bool = True
    #: "//", a leading "/", "." and ".." segments
    any_segments: bool = True
    newline: bool = True
    long_segment: bool = True
    #: The ETag of a multipart upload is the digest of its parts' digests.
    multipart_etags: bool = True
    #: Metadata given when a multipart upload is created is kept.
    multipart_metadata: bool = True
    conditional_writes: bool = True
    checks_signatures: bool = True
    part_copy: bool = True
    #: CopyObject adds no metadata of the store's own.
    plain_copies: bool = True
    #: A client can ask for the sizes of an object's parts.
    tells_part_sizes: bool = True


class Server:
    """One server process. Use as a context manager."""

    name = "server"
    features = Features()
    readiness_path = "/"

    def __init__(self, folder: Path, access: str = ACCESS, secret: str = SECRET):
        self.folder = folder
        self.access, self.secret = access, secret
        self.port = 0
        self.process: subprocess.Popen | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, port: int | None = None, access: str | None = None, secret: str | None = None) -> str:
        """The value of BRIGADE_CONNECTION_NAME for this server, or for a proxy before it."""
        key = urllib.parse.quote(access or self.access, safe="")
        hidden = urllib.parse.quote(secret or self.secret, safe="")
        return f"http://{key}:{hidden}@127.0.0.1:{port or self.port}?region=us-east-1&style=path"

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return keep | {"LC_ALL": "C.UTF-8"}

    def start(self, port: int | None = None) -> "Server":
        """On a free port, or on the one that it had before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for attempt in range(3):
            # Another process may take the free port before the server does: then another one is tried.
            self.port = port or free_port()
            with open(self.folder.with_name(self.folder.name + ".log"), "ab") as log:
                self.process = subprocess.Popen(
                    self.command(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=self.environment(),
                    start_new_session=True,
                )
            if self.wait_until_ready():
                return self
            self.stop()
        raise RuntimeError(f"{self.name} did not start; its log is {self.folder}.log")

    def wait_until_ready(self, seconds: float = 30) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
            try:
                connection.request("GET", self.readiness_path)
                connection.getresponse().read()
                return True
            except OSError:
                time.sleep(0.02)  # Polling: a server tells no one that it listens.
            except http.client.HTTPException:
                return True
            finally:
                connection.close()
        return False

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def cpu_seconds(self) -> float:
        """User and system time of the server process so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_kib(self) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
        return 0

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()


class Moto(Server):
    name = "moto"
    readiness_path = "/moto-api/"
    features = Features(newline=False, checks_signatures=False, tells_part_sizes=False)

    def command(self) -> list[str]:
        return [tool("moto_server"), "-H", "127.0.0.1", "-p", str(self.port)]


class RcloneServe(Server):
    """Folders as buckets. A single PUT's ETag is its MD5; so is a multipart upload's, which no other store does."""

    name = "rclone"
    features = Features(
        tags=False,
        large_metadata=False,
        encoded_metadata=False,
        expires=False,
        folder_markers=False,
        shadowed_keys=False,
        any_segments=False,
        long_segment=False,
        multipart_etags=False,
        multipart_metadata=False,
        conditional_writes=False,
        part_copy=False,
        plain_copies=False,
        tells_part_sizes=False,
    )

    def __init__(self, folder: Path, *, flags: tuple[str, ...] = (), **rest):
        super().__init__(folder, **rest)
        self.flags = flags

    def command(self) -> list[str]:
        return [
            tool("rclone"), "serve", "s3", "--addr", f"127.0.0.1:{self.port}",
            "--auth-key", f"{self.access},{self.secret}", "--dir-cache-time", "5m", *self.flags,
            str(self.folder),
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        return super().environment() | {"RCLONE_CONFIG": "/dev/null"}


class LocalS3(Server):
    name = "local-s3"

    def __init__(self, folder: Path, *, flags: tuple[str, ...] = ("--no-fsync",), **rest):
        super().__init__(folder, **rest)
        self.flags = flags

    def command(self) -> list[str]:
        return [
            str(binary()), "local-s3", "--root", str(self.folder),
            "--listen", f"127.0.0.1:{self.port}", *self.flags,
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        keys = {"BRIGADE_ACCESS_KEY": self.access, "BRIGADE_SECRET_KEY": self.secret}
        return super().environment() | keys | {"BRIGADE_STATE": str(self.folder) + ".state"}


KINDS: dict[str, type[Server]] = {kind.name: kind for kind in (Moto, RcloneServe, LocalS3)}


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
