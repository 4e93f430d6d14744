"""Functions under `brigade up`, invoked by boto3: every way to succeed and to fail, with the recorded answers."""

import concurrent.futures
import json
import re

import pytest

from support.runtime import ARN, create, eventually, expect_failure, invoke, refused


ECHO = """
import os
def handler(event, context):
    print("seen", event["n"])
    return {"n": event["n"], "id": context.aws_request_id, "arn": context.invoked_function_arn,
            "memory": context.memory_limit_in_mb, "version": context.function_version,
            "left": context.get_remaining_time_in_millis(), "mine": os.environ["MINE"],
            "region": os.environ["AWS_REGION"], "root": os.environ["LAMBDA_TASK_ROOT"],
            "trace": os.environ["_X_AMZN_TRACE_ID"], "stream": context.log_stream_name}
"""


def test_a_python_function_knows_what_it_should(client, name):
    created = create(client, name, ECHO, Timeout=7, MemorySize=256, Environment={"Variables": {"MINE": "yes"}})
    assert created["State"] == "Pending" and created["StateReasonCode"] == "Creating"
    answer, body, log = invoke(client, name, {"n": 1})
    assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in answer
    request = answer["ResponseMetadata"]["RequestId"]
    assert body["id"] == request and body["arn"] == ARN + name and body["mine"] == "yes"
    assert body["memory"] == "256" and body["version"] == "$LATEST" and 5000 < body["left"] <= 7000
    assert body["region"] == "us-east-1" and body["trace"].startswith("Root=1-")
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", body["stream"])
    lines = log.splitlines()
    assert lines[0] == f"START RequestId: {request} Version: $LATEST"
    assert lines[1] == "seen 1" and lines[2] == f"END RequestId: {request}"
    report = re.fullmatch(
        rf"REPORT RequestId: {request}\tDuration: (\d+\.\d\d) ms\tBilled Duration: (\d+) ms\tMemory Size: 256 MB\t"
        r"Max Memory Used: (\d+) MB\tInit Duration: \d+\.\d\d ms\t",
        lines[3],
    )
    assert report, lines[3]
    assert int(report[2]) % 100 == 0 and 5 < int(report[3]) < 200
    _, _, warm = invoke(client, name, {"n": 2})
    assert "Init Duration" not in warm


FAILURES = """
import os, sys, time
def handler(event, context):
    what = event["what"]
    if what == "raise": raise ValueError("no such thing")
    if what == "exit0": os._exit(0)
    if what == "exit3": os._exit(3)
    if what == "kill": os.kill(os.getpid(), 9)
    if what == "hang": time.sleep(60)
    if what == "memory": return len(bytearray(600 << 20))
    if what == "large": return "x" * (7 << 20)
    if what == "mark": open(os.environ["TMPDIR"] + "/mark", "w").write("here"); return "marked"
    if what == "look": return open(os.environ["TMPDIR"] + "/mark").read()
    return "fine"
"""


@pytest.fixture(scope="module")
def failing(client):
    create(client, "failing", FAILURES, Timeout=2, MemorySize=256)
    return "failing"


@pytest.mark.parametrize(
    "what, kind, message",
    [
        ("raise", "ValueError", "no such thing"),
        ("exit0", "Runtime.ExitError", "RequestId: {id} Error: Runtime exited without providing a reason"),
        ("exit3", "Runtime.ExitError", "RequestId: {id} Error: Runtime exited with error: exit status 3"),
        ("kill", "Runtime.ExitError", "RequestId: {id} Error: Runtime exited with error: signal: killed"),
        ("hang", "Sandbox.Timedout", "RequestId: {id} Error: Task timed out after 2.00 seconds"),
        ("memory", "Runtime.OutOfMemory", None),
        (
            "large",
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        ),
    ],
)
def test_a_failure_is_answered_as_recorded_and_harms_nothing_else(client, failing, what, kind, message):
    answer, body, log = invoke(client, failing, {"what": what})
    expect_failure(answer, body, kind, message)
    if what == "hang":
        assert "Status: timeout" in log
    answer, body, _ = invoke(client, failing, {"what": "none"})
    assert "FunctionError" not in answer and body == "fine"


def test_the_temporary_folder_outlives_a_crash(client, failing):
    assert invoke(client, failing, {"what": "mark"})[1] == "marked"
    invoke(client, failing, {"what": "exit3"})
    assert invoke(client, failing, {"what": "look"})[1] == "here"


@pytest.mark.parametrize(
    "code, kind",
    [("def other(event, context): pass", "Runtime.HandlerNotFound"), ("syntax error", "Runtime.UserCodeSyntaxError"),
     ("raise KeyError('x')", "KeyError")],
)  # fmt: skip
def test_code_that_does_not_load_says_so(client, name, code, kind):
    create(client, name, code)
    answer, body, _ = invoke(client, name)
    assert answer["FunctionError"] == "Unhandled" and body["errorType"] == kind


SHELL = """#!/bin/sh
set -eu
while :; do
  headers=$(mktemp)
  event=$(curl -sS -LD "$headers" "http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/next")
  id=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$headers" | tr -d '[:space:]' | cut -d: -f2)
  curl -sS -X POST "http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/$id/response" \\
    -d "{\\"handler\\": \\"$_HANDLER\\", \\"event\\": $event}" >/dev/null
done
"""


def test_a_shell_script_is_a_runtime(client, name):
    create(client, name, SHELL, runtime="provided.al2023", handler="mine")
    assert invoke(client, name, {"a": 1})[1] == {"handler": "mine", "event": {"a": 1}}


def test_events_are_accepted_and_run(client, name, runtime):
    create(client, name, "def handler(event, context):\n    print('ran', event['n'])\n")
    for number in range(20):
        answer = client.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps({"n": number}))
        assert answer["StatusCode"] == 202 and "ExecutedVersion" not in answer
    wanted = {f"ran {number}" for number in range(20)}
    eventually(lambda: wanted <= set(re.findall(r"ran \d+", runtime.brigade("logs", name).stdout)))


def test_a_dry_run_runs_nothing(client, name):
    create(client, name, "def handler(event, context): raise SystemExit")
    assert client.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204


def test_refusals_are_worded_as_lambda_words_them(client, name):
    message = refused("ResourceNotFoundException", lambda: client.invoke(FunctionName=name))
    assert message == f"Function not found: {ARN}{name}"
    create(client, name, "def handler(event, context): return 1")
    message = refused("InvalidRequestContentException", lambda: client.invoke(FunctionName=name, Payload=b"{"))
    assert message.startswith("Could not parse request body into json")
    message = refused(
        "InvalidParameterValueException", lambda: client.invoke(FunctionName=f"{name}:a", Qualifier="b")
    )
    assert message == "The derived qualifier from the function name does not match the specified qualifier."
    large = json.dumps("x" * (7 << 20)).encode()
    message = refused("RequestTooLargeException", lambda: client.invoke(FunctionName=name, Payload=large))
    assert message == "Request must be smaller than 6291456 bytes for the InvokeFunction operation"


def test_reserved_concurrency_throttles(client, name):
    create(client, name, "import time\ndef handler(event, context): time.sleep(event.get('s', 0))\n", Timeout=10)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        # It holds the one place for as long as it takes to find that there is no other.
        client.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"s": 5}')
        slow = pool.submit(lambda: None)

        def throttled():
            try:
                client.invoke(FunctionName=name, Payload=b'{"s": 0}')
            except client.exceptions.TooManyRequestsException as error:
                return error.response
            return None

        response = eventually(throttled)
        slow.result()
    assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert response["Error"]["Message"] == "Rate Exceeded."
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    refused("TooManyRequestsException", lambda: client.invoke(FunctionName=name))


def test_sixty_four_callers_at_once_are_all_served(client, name, runtime):
    create(client, name, "def handler(event, context): return event", Timeout=60)
    clients = runtime.client(max_pool_connections=64)

    def call(number):
        answer = clients.invoke(FunctionName=name, Payload=json.dumps(number))
        return json.loads(answer["Payload"].read()) == number and "FunctionError" not in answer

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        assert all(pool.map(call, range(256)))


def test_who_has_no_key_is_not_let_in(runtime, client, name):
    message = refused("InvalidSignatureException", lambda: runtime.client(secret="x" * 40).list_functions())
    assert "does not match the signature you provided" in message
    refused("UnrecognizedClientException", lambda: runtime.client(access="AKIAOTHER").list_functions())
