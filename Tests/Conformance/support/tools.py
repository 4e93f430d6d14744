"""Where things are: the binary under test, the tools it is checked by, and room for large data."""

import contextlib
import os
import random
import shutil
import socket
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def binary() -> Path:
    """The `brigade` under test: BRIGADE_BINARY, or the release build."""
    return Path(os.environ.get("BRIGADE_BINARY", ROOT / ".build/release/brigade"))


def tool(name: str) -> str:
    """A tool of the test environment by its full path."""
    folder = Path(os.environ.get("BRIGADE_TEST_VENV", ROOT / ".build/venv")) / "bin"
    # s5cmd comes as a Go program behind a Python script: the program itself is what is run and measured.
    inner = list(folder.parent.glob(f"lib/python*/site-packages/{name}/bin/{name}"))
    found = inner[0] if inner else folder / name
    if found.exists():
        return str(found)
    elsewhere = shutil.which(name)
    if elsewhere is None:
        raise FileNotFoundError(f"{name} is not in {folder}; run scripts/setup --tests")
    return elsewhere


def free_port() -> int:
    """Below those that outgoing connections are given: a server that is away for a moment finds it free when it is back."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", random.SystemRandom().randrange(10_000, first)))
            return probe.getsockname()[1]


def scratch_folder(needed_bytes: int = 0) -> Path:
    """A new folder, in memory (tmpfs) when that has room for `needed_bytes` and some to spare."""
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK):
        free = os.statvfs(memory)
        if free.f_bavail * free.f_frsize > needed_bytes + (1 << 30):
            return Path(tempfile.mkdtemp(prefix="brigade-", dir=memory))
    return Path(tempfile.mkdtemp(prefix="brigade-"))
