"""A `brigade up` of a test's own, and AWS's clients for it."""

import base64
import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import boto3
import botocore.config
import botocore.exceptions
import pytest

from support.tools import binary

ROLE = "arn:aws:iam::000000000000:role/any"
ACCOUNT = "000000000000"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:"


def package(**files: str) -> bytes:
    """A zip: names with "__" for "."; a file named bootstrap is executable."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name.replace("__", "."))
            entry.external_attr = (0o755 if name == "bootstrap" else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, text)
    return archive.getvalue()


class Runtime:
    def __init__(self, *arguments: str, environment: dict[str, str] | None = None):
        self.folder = Path(tempfile.mkdtemp(prefix="brigade-up-"))
        self.state = self.folder / "state"
        self.arguments = arguments
        self.environment = {"BRIGADE_PYTHON": sys.executable} | (environment or {})
        self.start()

    def start(self) -> None:
        self.log = (self.folder / "up.log").open("ab")
        with contextlib.suppress(FileNotFoundError):
            (self.state / "endpoint").unlink()
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BRIGADE_"))}
        self.process = subprocess.Popen(
            # By a relative path: the runtime has to know where that is.
            [binary(), "up", "--state", "state", "--listen", "127.0.0.1:0", *self.arguments], cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=inherited | self.environment,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        endpoint = self.state / "endpoint"
        # It is written, whole, once requests are answered.
        while not endpoint.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("brigade up did not start:\n" + self.output())
            time.sleep(0.02)
        self.url = endpoint.read_text().strip()

    def output(self) -> str:
        return (self.folder / "up.log").read_text()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop_process(self) -> None:
        """Ends it as an operator does; its state stays."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        self.log.close()

    def stop(self) -> None:
        self.stop_process()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def keys(self) -> tuple[str, str]:
        fields = dict(
            line.replace(" ", "").split("=", 1)
            for line in (self.state / "credentials").read_text().splitlines()
            if "=" in line
        )
        return fields["aws_access_key_id"], fields["aws_secret_access_key"]

    def client(self, **settings):
        access, secret = self.keys
        return boto3.client(
            "lambda", endpoint_url=self.url, region_name="us-east-1",
            aws_access_key_id=settings.pop("access", access), aws_secret_access_key=settings.pop("secret", secret),
            config=botocore.config.Config(read_timeout=120, retries={"max_attempts": 0}, **settings),
        )  # fmt: skip

    def brigade(self, *arguments: str, input: str | None = None) -> subprocess.CompletedProcess:
        return subprocess.run(
            [binary(), *arguments, "--state", self.state], capture_output=True, text=True, timeout=60, input=input,
        )  # fmt: skip


def create(client, name: str, code: str, runtime: str = "python3.12", handler: str = "app.handler", **settings):
    files = {"bootstrap": code} if runtime.startswith("provided") else {"app__py": code}
    answer = client.create_function(
        FunctionName=name, Runtime=runtime, Role=ROLE, Handler=handler, Code={"ZipFile": package(**files)}, **settings
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    return answer


def invoke(client, name: str, payload=None, **settings):
    """The answer, its document, and the end of the log."""
    answer = client.invoke(FunctionName=name, Payload=json.dumps(payload or {}), LogType="Tail", **settings)
    body = answer["Payload"].read()
    log = base64.b64decode(answer["LogResult"]).decode()
    return answer, json.loads(body) if body else None, log


EXIT = "RequestId: {id} Error: Runtime exited "


def expect_failure(answer, body, kind: str, message: str | None = None) -> None:
    """Holds an invocation to a failure of the function's; `{id}` in the message is the request's."""
    assert answer["StatusCode"] == 200 and answer["FunctionError"] == "Unhandled"
    assert body["errorType"] == kind, body
    if message is not None:
        assert body["errorMessage"] == message.format(id=answer["ResponseMetadata"]["RequestId"])


def refused(code: str, call) -> str:
    """Holds a call to a refusal, and returns what it said."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    return error["Message"]


def eventually(what, seconds: float = 20):
    """What it returns once that is true."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.02)
    return found
