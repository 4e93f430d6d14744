"""InvokeWithResponseStream under `brigade up`, by boto3: parts as they come, failures after the first, and no parts at all."""

import base64
import collections
import json
import sys

import pytest

from support.runtime import create, eventually, package, refused

#: A runtime that streams the event's parts, and goes on after each once a file says that it has arrived.
RUNTIME = f"#!{sys.executable}" + r"""
import base64, http.client, json, os, socket, time
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
while True:
    connection = http.client.HTTPConnection(host, int(port))
    connection.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = connection.getresponse()
    event, id = json.loads(answer.read()), answer.headers["Lambda-Runtime-Aws-Request-Id"]
    out = socket.create_connection((host, int(port)))
    out.sendall(f"POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: {host}\r\n"
                "Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n"
                "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n".encode())
    print("streams", flush=True)
    for number, part in enumerate(event.get("parts", []), 1):
        data = part.encode() * event.get("times", 1)
        out.sendall(b"%x\r\n%b\r\n" % (len(data), data))
        while event.get("wait") and not os.path.exists(f"{event['wait']}/{number}"):
            time.sleep(0.01)
    if event.get("exit"): os._exit(event["exit"])
    if event.get("hang"): time.sleep(60)
    out.sendall(b"0\r\n")
    if event.get("error"):
        body = base64.b64encode(json.dumps({"errorType": "Late", "errorMessage": event["error"]}).encode()).decode()
        out.sendall(f"Lambda-Runtime-Function-Error-Type: Late\r\nLambda-Runtime-Function-Error-Body: {body}\r\n".encode())
    out.sendall(b"\r\n")
    out.recv(4096)
"""


@pytest.fixture(scope="module")
def streaming(client):
    create(client, "streaming", RUNTIME, runtime="provided.al2023", handler="none", Timeout=5, MemorySize=256)
    return "streaming"


def parts_of(answer):
    """The payload's parts, and how the stream ended."""
    events = list(answer["EventStream"])
    assert all(len(event) == 1 for event in events)
    assert "InvokeComplete" in events[-1] and all("PayloadChunk" in event for event in events[:-1])
    return [event["PayloadChunk"]["Payload"] for event in events[:-1]], events[-1]["InvokeComplete"]


def stream(client, name, event, **settings):
    return client.invoke_with_response_stream(FunctionName=name, Payload=json.dumps(event), **settings)


def test_parts_come_as_they_are_made(client, streaming, tmp_path):
    answer = stream(client, streaming, {"parts": ["one", "two", "three"], "wait": str(tmp_path)})
    assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST"
    assert answer["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    seen = []
    for event in answer["EventStream"]:
        if "InvokeComplete" in event:
            assert event["InvokeComplete"] == {}
            break
        seen.append(event["PayloadChunk"]["Payload"])
        # The next one is made only now.
        (tmp_path / str(len(seen))).touch()
    assert seen == [b"one", b"two", b"three"]


def test_a_long_stream_is_whole(client, streaming):
    """10 MiB: more than an answer that is not streamed may be."""
    answer = stream(client, streaming, {"parts": ["a", "b", "c", "d", "e"], "times": 2 << 20})
    parts, end = parts_of(answer)
    assert collections.Counter(b"".join(parts)) == {ord(c): 2 << 20 for c in "abcde"} and end == {}


def test_a_failure_after_the_first_part(client, streaming):
    parts, end = parts_of(stream(client, streaming, {"parts": ["one"], "error": "too late"}, LogType="Tail"))
    assert parts == [b"one"]
    assert end["ErrorCode"] == "Unhandled"
    assert json.loads(end["ErrorDetails"]) == {"errorType": "Late", "errorMessage": "too late"}
    assert "streams" in base64.b64decode(end["LogResult"]).decode().splitlines()


def test_an_exit_after_the_first_part(client, streaming, tmp_path):
    events = iter(stream(client, streaming, {"parts": ["one"], "exit": 3, "wait": str(tmp_path)})["EventStream"])
    assert next(events)["PayloadChunk"]["Payload"] == b"one"
    (tmp_path / "1").touch()
    end = next(events)["InvokeComplete"]
    assert end["ErrorCode"] == "Unhandled"
    assert json.loads(end["ErrorDetails"])["errorType"] == "Runtime.ExitError"
    assert parts_of(stream(client, streaming, {"parts": ["again"]})) == ([b"again"], {})


def test_what_was_sent_right_before_an_exit_is_not_lost(client, streaming):
    for _ in range(10):
        parts, end = parts_of(stream(client, streaming, {"parts": ["one", "two"], "exit": 3}))
        assert b"".join(parts) == b"onetwo" and end["ErrorCode"] == "Unhandled"


def test_a_timeout_after_the_first_part(client, streaming):
    client.update_function_configuration(FunctionName=streaming, Timeout=1)
    client.get_waiter("function_updated_v2").wait(FunctionName=streaming)
    parts, end = parts_of(stream(client, streaming, {"parts": ["one"], "hang": 1}))
    assert parts == [b"one"] and end["ErrorCode"] == "Unhandled"
    details = json.loads(end["ErrorDetails"])
    assert details["errorType"] == "Sandbox.Timedout" and details["errorMessage"].endswith("after 1.00 seconds")
    client.update_function_configuration(FunctionName=streaming, Timeout=5)
    client.get_waiter("function_updated_v2").wait(FunctionName=streaming)


def test_a_client_that_leaves_harms_nothing(client, runtime, streaming, tmp_path):
    answer = stream(runtime.client(), streaming, {"parts": ["one", "two"], "wait": str(tmp_path)})
    iterator = iter(answer["EventStream"])
    assert next(iterator)["PayloadChunk"]["Payload"] == b"one"
    answer["EventStream"].close()
    (tmp_path / "1").touch()
    (tmp_path / "2").touch()
    assert parts_of(stream(client, streaming, {"parts": ["again"]})) == ([b"again"], {})


def test_an_answer_that_is_not_streamed_comes_in_one_part(client, name):
    create(client, name, "def handler(event, context):\n    if event: raise ValueError('no')\n    return 'whole'\n")
    assert parts_of(stream(client, name, {})) == ([b'"whole"'], {})
    parts, end = parts_of(stream(client, name, {"n": 1}))
    assert parts == [] and end["ErrorCode"] == "Unhandled"
    details = json.loads(end["ErrorDetails"])
    assert (details["errorType"], details["errorMessage"]) == ("ValueError", "no")


def test_a_dry_run_runs_nothing(client, name, runtime):
    create(client, name, "def handler(event, context): print('ran')")
    answer = stream(client, name, {}, InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    message = refused("ValidationException", lambda: stream(client, name, {}, InvocationType="Event"))
    assert message.endswith("Member must satisfy enum value set: [RequestResponse, DryRun]")
    message = refused("ResourceNotFoundException", lambda: stream(client, name + "x", {}))
    assert message.startswith("Function not found: ")
    client.invoke(FunctionName=name)
    eventually(lambda: "ran" in runtime.brigade("logs", name).stdout)
    assert runtime.brigade("logs", name).stdout.count("ran") == 1


def test_the_version_that_ran_is_told(client, name):
    def publish(code):
        client.update_function_code(FunctionName=name, ZipFile=package(app__py=code))
        client.get_waiter("function_updated_v2").wait(FunctionName=name)
        return client.publish_version(FunctionName=name)["Version"]

    code = "def handler(event, context): return context.function_version\n"
    create(client, name, code)
    assert [publish(code + "# 1"), publish(code + "# 2")] == ["1", "2"]
    client.create_alias(
        FunctionName=name, Name="both", FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}
    )
    seen = set()
    for _ in range(40):
        answer = stream(client, name, {}, Qualifier="both")
        parts, _ = parts_of(answer)
        assert json.loads(b"".join(parts)) == answer["ExecutedVersion"]
        seen.add(answer["ExecutedVersion"])
    assert seen == {"1", "2"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_events_the_old_way(client, name, runtime):
    create(client, name, "def handler(event, context): print('ran', len(event['text']))\n")
    start = b'{"text": "'
    largest = start + b"x" * ((256 << 10) - len(start) - 2) + b'"}'
    assert len(largest) == 262_144
    assert client.invoke_async(FunctionName=name, InvokeArgs=largest)["Status"] == 202
    eventually(lambda: f"ran {len(largest) - len(start) - 2}" in runtime.brigade("logs", name).stdout)
    message = refused(
        "RequestEntityTooLargeException", lambda: client.invoke_async(FunctionName=name, InvokeArgs=largest + b" ")
    )
    assert message == "262145 byte payload is too large for the Event invocation type (limit 262144 bytes)"
    refused("InvalidRequestContentException", lambda: client.invoke_async(FunctionName=name, InvokeArgs=b"{"))
    refused("ResourceNotFoundException", lambda: client.invoke_async(FunctionName=name + "x", InvokeArgs=b"{}"))


def test_large_events_and_streams(client, name):
    create(client, name, "def handler(event, context): return len(event)\n", Timeout=30, MemorySize=256)
    largest = b'"' + b"x" * (6_291_456 - 2) + b'"'
    parts, _ = parts_of(client.invoke_with_response_stream(FunctionName=name, Payload=largest))
    assert b"".join(parts) == b"6291454"
    message = refused(
        "RequestTooLargeException", lambda: client.invoke_with_response_stream(FunctionName=name, Payload=largest + b" ")
    )
    assert message.startswith("Request must be smaller than 6291456 bytes for the InvokeWithResponseStream")
    event = b'"' + b"x" * ((1 << 20) - 2) + b'"'
    assert client.invoke(FunctionName=name, InvocationType="Event", Payload=event)["StatusCode"] == 202
    message = refused(
        "RequestEntityTooLargeException",
        lambda: client.invoke(FunctionName=name, InvocationType="Event", Payload=event + b" "),
    )
    assert message == "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
