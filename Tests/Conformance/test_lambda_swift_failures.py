"""A Swift `bootstrap` made with this package's own library, under `brigade up`: it fails in every way, each with the recorded
answer; and the next invocation is served."""

import io
import json
import zipfile

import pytest

from support.runtime import EXIT, ROLE, expect_failure, invoke
from support.tools import ROOT

PROGRAM = ROOT / ".build/debug/FailingFunction"


def create(client, name: str, handler: str = "any.thing", **settings) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(PROGRAM, "bootstrap")
    client.create_function(
        FunctionName=name, Runtime="provided.al2023", Role=ROLE, Handler=handler, Code={"ZipFile": packed.getvalue()}, **settings
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name)


@pytest.fixture(scope="module")
def swift(client):
    create(client, "swift", Timeout=3, MemorySize=256)
    return "swift"


@pytest.mark.parametrize(
    "what, kind, message",
    [
        ("exit0", "Runtime.ExitError", EXIT + "without providing a reason"),
        ("exit5", "Runtime.ExitError", EXIT + "with error: exit status 5"),
        ("throw", "Mine", "words"),
        ("trap", "Runtime.ExitError", None),
        ("hang", "Sandbox.Timedout", "RequestId: {id} Error: Task timed out after 3.00 seconds"),
        ("memory", "Runtime.OutOfMemory", EXIT + "with error: signal: killed"),
        ("large", "Function.ResponseSizeTooLarge",
         "Response payload size exceeded maximum allowed payload size (6291556 bytes)."),
    ],
)  # fmt: skip
def test_a_swift_function_that_fails(client, swift, what, kind, message):
    answer, body, log = invoke(client, swift, {"what": what})
    expect_failure(answer, body, kind, message)
    assert ("Status: timeout" if what == "hang" else "Status: error") in log
    answer, body, _ = invoke(client, swift)
    assert "FunctionError" not in answer and body == "fine"


def test_an_event_of_another_shape_is_the_functions_error(client, swift):
    answer = client.invoke(FunctionName=swift, Payload=b'{"what": 7}')
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read())["errorType"]


def test_it_knows_its_limits(client, swift):
    assert invoke(client, swift, {"what": "memory limit"})[1] == "256"
    assert invoke(client, swift, {"what": "left"})[1] == "some"


@pytest.mark.parametrize(
    "handler, kind, message",
    [("no.start", "Mine", "cannot"), ("no.word", "Runtime.ExitError", EXIT + "with error: exit status 9")],
)
def test_a_swift_function_that_does_not_start(client, name, handler, kind, message):
    create(client, name, handler, Timeout=10, MemorySize=256)
    for _ in range(2):
        answer, body, _ = invoke(client, name)
        expect_failure(answer, body, kind, message)
