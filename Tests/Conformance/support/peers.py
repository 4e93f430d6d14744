"""The other tools, each with the environment that points it at a server."""

import os
import subprocess
from pathlib import Path

from .servers import Server
from .tools import tool


def base_environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}


def rclone_environment(**remotes: Server) -> dict[str, str]:
    """Remotes by name, without a configuration file."""
    env = base_environment() | {"RCLONE_CONFIG": "/dev/null"}
    for name, server in remotes.items():
        settings = {
            "TYPE": "s3",
            "PROVIDER": "Other",
            "ENDPOINT": server.endpoint,
            "ACCESS_KEY_ID": server.access,
            "SECRET_ACCESS_KEY": server.secret,
            "REGION": "us-east-1",
            "FORCE_PATH_STYLE": "true",
            "LIST_URL_ENCODE": "true",
            "LIST_VERSION": "2",
        }
        env |= {f"RCLONE_CONFIG_{name.upper()}_{key}": value for key, value in settings.items()}
    return env


def aws_environment(server: Server, folder: Path | None = None) -> dict[str, str]:
    return base_environment() | {
        "AWS_ACCESS_KEY_ID": server.access,
        "AWS_SECRET_ACCESS_KEY": server.secret,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_PAGER": "",
    }


def run(name: str, *arguments: str, env: dict[str, str], timeout: float = 120, **options) -> str:
    """Runs a tool to its end and returns what it printed; an exit code other than 0 is an error."""
    done = subprocess.run(
        [tool(name), *map(str, arguments)],
        env=env,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **options,
    )
    output = done.stdout.decode(errors="replace")
    assert done.returncode == 0, f"{name} {' '.join(map(str, arguments))}: exit {done.returncode}\n{output}"
    return output


def rclone_check(source: Server, bucket: str, target: Server, other: str, *flags: str) -> str:
    """Every byte of both sides, read and compared by rclone."""
    env = rclone_environment(source=source, target=target)
    return run("rclone", "check", "--download", f"source:{bucket}", f"target:{other}", *flags, env=env)
