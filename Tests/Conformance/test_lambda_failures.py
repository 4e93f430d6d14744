"""Functions that fail under `brigade up`, in Python by AWS's own runtime client and as a shell script that speaks the Runtime
API: at their start, in the middle and at the end, each with the recorded answer; and the next invocation is served."""


import pytest

from support.runtime import EXIT, ROLE, create, expect_failure, invoke, package

PYTHON = """
import os, sys, threading, time
class Mine(Exception): pass
def deep(n): return deep(n + 1)
def handler(event, context):
    what = event.get("what")
    if what == "exit": sys.exit(event["code"])
    if what == "abort": os.abort()
    if what == "deep": deep(0)
    if what == "own": raise Mine("words")
    if what == "set": return {1, 2}
    if what == "thread": threading.Thread(target=lambda: os._exit(4)).start(); time.sleep(60)
    if what == "edge": return "x" * event["size"]
    return "fine"
"""


@pytest.fixture(scope="module")
def python(client):
    create(client, "python", PYTHON, Timeout=10, MemorySize=256)
    return "python"


@pytest.mark.parametrize(
    "event, kind, message",
    [
        ({"what": "exit", "code": 0}, "Runtime.ExitError", EXIT + "without providing a reason"),
        ({"what": "exit", "code": 5}, "Runtime.ExitError", EXIT + "with error: exit status 5"),
        ({"what": "thread"}, "Runtime.ExitError", EXIT + "with error: exit status 4"),
        ({"what": "abort"}, "Runtime.ExitError", None),
        ({"what": "deep"}, "RecursionError", None),
        ({"what": "own"}, "Mine", "words"),
        ({"what": "set"}, "Runtime.MarshalError", "Unable to marshal response: Object of type set is not JSON serializable"),
    ],
    ids=lambda value: value.get("what") if isinstance(value, dict) else None,
)
def test_a_python_function_that_fails(client, python, event, kind, message):
    answer, body, log = invoke(client, python, event)
    expect_failure(answer, body, kind, message)
    if event["what"] == "abort":
        assert body["errorMessage"].split("Error: ")[1].startswith("Runtime exited with error: signal: aborted")
    if kind == "Runtime.ExitError":
        assert "\tStatus: error\tError Type: Runtime.ExitError" in log
    answer, body, _ = invoke(client, python)
    assert "FunctionError" not in answer and body == "fine"


def test_a_response_is_too_large_by_one_byte(client, python):
    """The quotes count."""
    answer, body, _ = invoke(client, python, {"what": "edge", "size": 6_291_556 - 2})
    assert "FunctionError" not in answer and len(body) == 6_291_554
    answer, body, _ = invoke(client, python, {"what": "edge", "size": 6_291_556 - 1})
    expect_failure(
        answer, body, "Function.ResponseSizeTooLarge",
        "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    )  # fmt: skip


@pytest.mark.parametrize(
    "code, handler, kind, message",
    [
        ("import nothing_of_that_name\n", "app.handler", "Runtime.ImportModuleError",
         "Unable to import module 'app': No module named 'nothing_of_that_name'"),
        ("x = 1\n", "other.handler", "Runtime.ImportModuleError", "Unable to import module 'other': No module named 'other'"),
        ("x = 1\n", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("x = 1\n", "app", "Runtime.MalformedHandlerName", "Bad handler 'app': not enough values to unpack (expected 2, got 1)"),
        ("def handler(:\n", "app.handler", "Runtime.UserCodeSyntaxError", None),
        ("raise OSError('broken at the start')\n", "app.handler", "OSError", "broken at the start"),
        ("import os; os._exit(6)\n", "app.handler", "Runtime.ExitError", EXIT + "with error: exit status 6"),
    ],
)  # fmt: skip
def test_a_python_function_that_does_not_start(client, name, code, handler, kind, message):
    create(client, name, code, handler=handler, Timeout=10, MemorySize=256)
    for _ in range(2):
        answer, body, _ = invoke(client, name)
        expect_failure(answer, body, kind, message)
    # Mended code is run, whatever state the environment was in.
    good = "def handler(event, context): return 'mended'\n"
    files = {f"{handler.split('.')[0]}__py": good}
    client.update_function_code(FunctionName=name, ZipFile=package(**files))
    client.get_waiter("function_updated_v2").wait(FunctionName=name)
    if handler == "app":
        client.update_function_configuration(FunctionName=name, Handler="app.handler")
        client.get_waiter("function_updated_v2").wait(FunctionName=name)
    assert invoke(client, name)[1] == "mended"


SHELL = r"""#!/bin/bash
api="http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime"
%s
while :; do
  headers=$(mktemp)
  event=$(curl -sS -LD "$headers" "$api/invocation/next")
  id=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$headers" | tr -d '[:space:]' | cut -d: -f2)
  case "$event" in
    *exit0*) exit 0 ;;
    *exit7*) exit 7 ;;
    *kill*) kill -9 $$ ;;
    *hang*) sleep 60 ;;
    *error*) curl -sS -X POST "$api/invocation/$id/error" -H 'Lambda-Runtime-Function-Error-Type: Function.Mine' \
        -d '{"errorType": "Mine", "errorMessage": "of the shell", "stackTrace": []}' >/dev/null ;;
    *memory*) python3 -c 'len(bytearray(600 << 20))'; echo after ;;
    *large*) head -c 7000000 /dev/zero | tr '\0' 1 | curl -sS -X POST "$api/invocation/$id/response" --data-binary @- >/dev/null ;;
    *text*) curl -sS -X POST "$api/invocation/$id/response" -d 'not JSON' >/dev/null ;;
    *wrong*) curl -sS -X POST "$api/invocation/00000000-0000-0000-0000-000000000000/response" -d '1'
             curl -sS -X POST "$api/invocation/$id/response" -d '"right"' >/dev/null ;;
    *) curl -sS -X POST "$api/invocation/$id/response" -d '"fine"' >/dev/null ;;
  esac
done
"""


@pytest.fixture(scope="module")
def shell(client):
    create(client, "shell", SHELL % "", runtime="provided.al2023", handler="none", Timeout=3, MemorySize=256)
    return "shell"


@pytest.mark.parametrize(
    "what, kind, message",
    [
        ("exit0", "Runtime.ExitError", EXIT + "without providing a reason"),
        ("exit7", "Runtime.ExitError", EXIT + "with error: exit status 7"),
        ("kill", "Runtime.ExitError", EXIT + "with error: signal: killed"),
        ("hang", "Sandbox.Timedout", "RequestId: {id} Error: Task timed out after 3.00 seconds"),
        ("error", "Mine", "of the shell"),
        ("memory", "Runtime.OutOfMemory", EXIT + "with error: signal: killed"),
        ("large", "Function.ResponseSizeTooLarge",
         "Response payload size exceeded maximum allowed payload size (6291556 bytes)."),
    ],
)  # fmt: skip
def test_a_shell_function_that_fails(client, shell, what, kind, message):
    answer, body, log = invoke(client, shell, {"what": what})
    expect_failure(answer, body, kind, message)
    status = {"hang": "Status: timeout", "error": "Status: error"}.get(what, f"Status: error\tError Type: {kind}")
    assert status in log
    answer, body, _ = invoke(client, shell)
    assert "FunctionError" not in answer and body == "fine"


def test_what_a_shell_answers_is_passed_on_as_it_is(client, shell):
    answer = client.invoke(FunctionName=shell, Payload=b'"text"')
    assert answer["Payload"].read() == b"not JSON" and "FunctionError" not in answer
    assert invoke(client, shell, {"what": "wrong"})[1] == "right"


@pytest.mark.parametrize(
    "start, kind, message",
    [
        ("exit 0", "Runtime.ExitError", EXIT + "without providing a reason"),
        ("exit 9", "Runtime.ExitError", EXIT + "with error: exit status 9"),
        ("""curl -sS -X POST "$api/init/error" -d '{"errorType": "NoStart", "errorMessage": "cannot"}' >/dev/null; exit 1""",
         "NoStart", "cannot"),
    ],
)  # fmt: skip
def test_a_shell_function_that_does_not_start(client, name, start, kind, message):
    create(client, name, SHELL % start, runtime="provided.al2023", handler="none", Timeout=10, MemorySize=256)
    for _ in range(2):
        answer, body, _ = invoke(client, name)
        expect_failure(answer, body, kind, message)


@pytest.mark.parametrize(
    "files, message",
    [
        ({"other": "#!/bin/sh\n"},
         "RequestId: {id} Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"),
        ({"bootstrap": "#!/nowhere/sh\n"}, None),
        ({"bootstrap": "neither a script nor a program"}, None),
    ],
    ids=["missing", "no interpreter", "no program"],
)  # fmt: skip
def test_a_bootstrap_that_cannot_be_run(client, name, files, message):
    client.create_function(
        FunctionName=name, Runtime="provided.al2023", Role=ROLE, Handler="none", Code={"ZipFile": package(**files)}
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    answer, body, _ = invoke(client, name)
    expect_failure(answer, body, "Runtime.InvalidEntrypoint", message)
