"""Runs a program to its end and measures it: output, exit code, time, CPU and peak memory."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from .tools import binary


@dataclass
class Result:
    code: int
    out: str
    err: str
    seconds: float
    cpu_seconds: float
    peak_kib: int
    timed_out: bool = False

    @property
    def json(self) -> dict:
        return json.loads(self.out)

    def __str__(self) -> str:
        end = " (timed out)" if self.timed_out else ""
        return f"exit {self.code}{end} after {self.seconds:.1f} s\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Running:
    """A started program. `wait` ends it one way or another: it is killed after the timeout."""

    def __init__(self, arguments: list[str], env: dict[str, str], cwd: Path | None = None):
        self.out = tempfile.TemporaryFile()
        self.err = tempfile.TemporaryFile()
        read_end, write_end = os.pipe()
        launcher = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launcher.py")), str(write_end)]
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            launcher + arguments, stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.err, env=env, cwd=cwd,
            pass_fds=(write_end,),
        )  # fmt: skip
        os.close(write_end)
        self.report = os.fdopen(read_end)
        line = self.report.readline()
        assert line, f"could not start {arguments[0]}: {self.output_so_far()}"
        self.pid = int(line)

    def signal(self, number: int) -> None:
        # Nobody but the launcher knows whether the id is still the program's.
        self.process.send_signal(signal.SIGUSR1 if number == signal.SIGKILL else number)

    def wait(self, timeout: float = 120) -> Result:
        timed_out = threading.Event()

        def give_up():
            timed_out.set()
            self.signal(signal.SIGKILL)

        timer = threading.Timer(timeout, give_up)
        timer.start()
        try:
            code, cpu_seconds, peak_kib = self.report.readline().split()
            seconds = time.monotonic() - self.started
            self.process.wait()
        finally:
            timer.cancel()
            self.report.close()
        return Result(
            code=int(code),
            out=self._text(self.out),
            err=self._text(self.err),
            seconds=seconds,
            cpu_seconds=float(cpu_seconds),
            peak_kib=int(peak_kib),
            timed_out=timed_out.is_set(),
        )

    def output_so_far(self) -> str:
        return os.pread(self.err.fileno(), 1 << 20, 0).decode(errors="replace")

    @staticmethod
    def _text(file) -> str:
        file.seek(0)
        text = file.read().decode(errors="replace")
        file.close()
        return text


class Brigade:
    """The command with a state folder and connections of its own, and nothing of the caller's environment."""

    def __init__(self, folder: Path, connections: dict[str, str] | None = None):
        self.folder = folder
        self.state = folder / "state"
        home = folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        self.env = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(home),
            "BRIGADE_STATE": str(self.state),
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
        }
        for name, url in (connections or {}).items():
            self.connect(name, url)

    def connect(self, name: str, url: str) -> None:
        self.env[f"BRIGADE_CONNECTION_{name.upper()}"] = url

    def start(self, *arguments: str, env: dict[str, str] | None = None) -> Running:
        command = [str(binary()), *map(str, arguments)]
        return Running(command, self.env | (env or {}), cwd=self.folder)

    def run(self, *arguments: str, timeout: float = 120, env: dict[str, str] | None = None) -> Result:
        return self.start(*arguments, env=env).wait(timeout)

    def json(self, *arguments: str, timeout: float = 120, expect: int | tuple[int, ...] = 0) -> dict:
        """Runs with --json and returns the final document; any other exit code than expected is an error."""
        result = self.run(*arguments, "--json", timeout=timeout)
        expected = expect if isinstance(expect, tuple) else (expect,)
        assert result.code in expected, f"{' '.join(arguments)}\n{result}"
        return result.json
