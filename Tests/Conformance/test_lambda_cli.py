"""A function's whole life by AWS's own command, unmodified: `aws lambda` against `brigade up`."""

import base64
import json
import os
import subprocess

import pytest

from support.runtime import ARN, ROLE, Runtime, create, eventually, package
from support.tools import tool

CODE = "def handler(event, context):\n    print('saw', event['n'])\n    return {'n': event['n'], 'v': context.function_version}\n"


@pytest.fixture
def aws(runtime, tmp_path):
    def run(*arguments: str, fails: int | None = None):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | {
            "AWS_SHARED_CREDENTIALS_FILE": str(runtime.state / "credentials"), "AWS_PROFILE": "brigade",
            "AWS_CONFIG_FILE": os.devnull, "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip
        done = subprocess.run(
            [tool("aws"), "lambda", *arguments, "--region", "us-east-1", "--endpoint-url", runtime.url],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        if fails is not None:
            assert done.returncode == fails, done.stderr
            return done.stderr
        assert done.returncode == 0, done.stderr
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError:
            return done.stdout.strip()

    return run


def test_a_whole_life(aws, name, runtime, tmp_path):
    (tmp_path / "code.zip").write_bytes(package(app__py=CODE))
    made = aws("create-function", "--function-name", name, "--runtime", "python3.12", "--role", ROLE,
               "--handler", "app.handler", "--zip-file", "fileb://code.zip", "--environment", "Variables={A=b}")  # fmt: skip
    assert made["State"] == "Pending" and made["FunctionArn"] == ARN + name
    assert aws("wait", "function-active-v2", "--function-name", name) == ""
    assert aws("get-function", "--function-name", name)["Configuration"]["State"] == "Active"

    def invoke(*arguments: str):
        answer = aws("invoke", "--function-name", name, *arguments, "out")
        return answer, (tmp_path / "out").read_text()

    answer, body = invoke("--payload", '{"n": 1}')
    assert answer == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
    assert json.loads(body) == {"n": 1, "v": "$LATEST"}
    answer, body = invoke("--payload", '{"n": 2}', "--invocation-type", "DryRun")
    assert answer == {"StatusCode": 204} and body == ""
    answer, body = invoke("--payload", '{"n": 3}', "--invocation-type", "Event")
    assert answer == {"StatusCode": 202} and body == ""
    eventually(lambda: "saw 3" in runtime.brigade("logs", name).stdout)
    log, _ = invoke("--payload", '{"n": 4}', "--log-type", "Tail", "--query", "LogResult")
    lines = base64.b64decode(log).decode().splitlines()
    assert lines[0].startswith("START RequestId: ") and lines[1] == "saw 4" and lines[3].startswith("REPORT")

    assert aws("publish-version", "--function-name", name, "--description", "one")["Version"] == "1"
    assert aws("wait", "published-version-active", "--function-name", name, "--qualifier", "1") == ""
    (tmp_path / "code.zip").write_bytes(package(app__py=CODE + "# 2\n"))
    updated = aws("update-function-code", "--function-name", name, "--zip-file", "fileb://code.zip", "--publish")
    assert updated["Version"] == "2"
    assert aws("wait", "function-updated-v2", "--function-name", name) == ""
    alias = aws("create-alias", "--function-name", name, "--name", "live", "--function-version", "1",
                "--routing-config", "AdditionalVersionWeights={2=0.25}")  # fmt: skip
    assert alias["AliasArn"] == f"{ARN}{name}:live"
    assert alias["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.25}}
    answer, body = invoke("--payload", '{"n": 5}', "--qualifier", "live")
    assert answer["ExecutedVersion"] == json.loads(body)["v"] in ("1", "2")

    reserved = aws("put-function-concurrency", "--function-name", name, "--reserved-concurrent-executions", "0")
    assert reserved == {"ReservedConcurrentExecutions": 0}
    said = aws("invoke", "--function-name", name, "out", fails=255)
    assert "TooManyRequestsException" in said
    aws("delete-function-concurrency", "--function-name", name)
    assert aws("delete-function", "--function-name", name) in ("", {"StatusCode": 204})
    said = aws("get-function", "--function-name", name, fails=255)
    assert said.strip().splitlines()[-1].endswith(f"Function not found: {ARN}{name}")


def test_arns_as_names(aws, client, name, tmp_path):
    (tmp_path / "code.zip").write_bytes(package(app__py=CODE))
    aws("create-function", "--function-name", ARN + name, "--runtime", "python3.12", "--role", ROLE,
        "--handler", "app.handler", "--zip-file", "fileb://code.zip", "--publish")  # fmt: skip
    aws("wait", "function-active-v2", "--function-name", ARN + name)
    for given, version in [
        (ARN + name, "$LATEST"), (f"{ARN}{name}:1", "1"), (f"{ARN}{name}:$LATEST", "$LATEST"),
        (f"000000000000:function:{name}", "$LATEST"), (f"000000000000:function:{name}:1", "1"), (f"{name}:1", "1"),
    ]:  # fmt: skip
        answer = aws("invoke", "--function-name", given, "--payload", '{"n": 1}', "out")
        assert answer["ExecutedVersion"] == version == json.loads((tmp_path / "out").read_text())["v"]
        assert aws("get-function-configuration", "--function-name", given)["Version"] == version
    updated = aws("update-function-configuration", "--function-name", ARN + name, "--timeout", "9")
    assert updated["Timeout"] == 9 and updated["FunctionArn"] == ARN + name


def test_over_the_budget_the_command_says_so(name, tmp_path):
    (tmp_path / "brigade.yaml").write_text("billing: { budget: { month: 0.000001 } }\n")
    running = Runtime("--config", str(tmp_path / "brigade.yaml"))
    try:
        create(running.client(), name, CODE)
        refused = running.brigade("invoke", name)
        assert refused.returncode == 3 and "The budget of $0.000001" in refused.stderr
        assert "concurrency" not in refused.stderr and "billing.budget.month" in refused.stderr
    finally:
        running.stop()
