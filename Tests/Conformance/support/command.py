"""Runs a program to its end and measures it: output, exit code, time, CPU and peak memory."""

import json
import os
import signal
import subprocess
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
    """A started program. `wait` ends it one way or another: it is killed by its id after the timeout."""

    def __init__(self, arguments: list[str], env: dict[str, str], cwd: Path | None = None):
        self.out = tempfile.TemporaryFile()
        self.err = tempfile.TemporaryFile()
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.err, env=env, cwd=cwd
        )
        self.pid = self.process.pid
        self._ended = threading.Lock()
        self._reaped = False

    def signal(self, number: int) -> None:
        with self._ended:
            if not self._reaped:
                os.kill(self.pid, number)

    def wait(self, timeout: float = 120) -> Result:
        timed_out = threading.Event()

        def give_up():
            timed_out.set()
            self.signal(signal.SIGKILL)

        timer = threading.Timer(timeout, give_up)
        timer.start()
        try:
            # wait4 gives the CPU and the memory of the whole tree that the program waited for. WNOWAIT first, so that
            # the id stays ours while a signal may still be sent.
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            with self._ended:
                _, status, usage = os.wait4(self.pid, 0)
                self._reaped = True
        finally:
            timer.cancel()
        seconds = time.monotonic() - self.started
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return Result(
            code=self.process.returncode,
            out=self._text(self.out),
            err=self._text(self.err),
            seconds=seconds,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_kib=usage.ru_maxrss,
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
