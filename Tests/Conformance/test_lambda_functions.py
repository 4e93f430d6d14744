"""Functions, versions, aliases and their settings under `brigade up`, by boto3, with the recorded answers."""

import collections
import io
import json
import math
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import botocore.exceptions
import pytest

from support.runtime import ARN, ROLE, Runtime, create, eventually, package, refused


CODE = "import os\ndef handler(event, context): return {}\n"


def publish(client, name, answer):
    client.update_function_code(FunctionName=name, ZipFile=package(app__py=CODE.format(answer)))
    client.get_waiter("function_updated_v2").wait(FunctionName=name)
    return client.publish_version(FunctionName=name)


def test_a_function_has_the_documented_defaults_and_states(client, name):
    made = client.create_function(
        FunctionName=name, Runtime="python3.12", Role=ROLE, Handler="app.handler", Code={"ZipFile": package(app__py=CODE)}
    )
    assert made["State"] == "Pending" and made["StateReason"] == "The function is being created."
    assert made["FunctionArn"] == ARN + name and made["Version"] == "$LATEST"
    assert (made["Timeout"], made["MemorySize"], made["EphemeralStorage"]) == (3, 128, {"Size": 512})
    assert made["Architectures"] == ["x86_64"] and made["PackageType"] == "Zip" and "Environment" not in made
    assert made["TracingConfig"] == {"Mode": "PassThrough"} and made["Description"] == ""
    assert made["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    active = client.get_function_configuration(FunctionName=name)
    assert active["State"] == "Active" and active["LastUpdateStatus"] == "Successful"
    assert active["RevisionId"] != made["RevisionId"]
    updated = client.update_function_configuration(FunctionName=name, Timeout=9)
    assert updated["LastUpdateStatus"] == "InProgress" and updated["LastUpdateStatusReasonCode"] == "Creating"
    message = refused(
        "ResourceConflictException", lambda: client.update_function_configuration(FunctionName=name, Timeout=8)
    )
    assert message == (
        "The operation cannot be performed at this time. An update is in progress for resource: " + ARN + name
    )
    client.get_waiter("function_updated_v2").wait(FunctionName=name)
    message = refused(
        "PreconditionFailedException",
        lambda: client.update_function_configuration(FunctionName=name, Timeout=7, RevisionId="other"),
    )
    assert message.startswith("The Revision Id provided does not match the latest Revision Id.")
    assert refused("ResourceConflictException", lambda: create(client, name, CODE)) == f"Function already exist: {name}"


def test_versions_are_numbered_and_immutable(client, name):
    create(client, name, CODE.format(0), Publish=False)
    first = publish(client, name, 1)
    assert first["Version"] == "1" and first["FunctionArn"] == f"{ARN}{name}:1"
    assert client.publish_version(FunctionName=name)["Version"] == "1"
    assert publish(client, name, 2)["Version"] == "2"
    message = refused(
        "InvalidParameterValueException", lambda: client.publish_version(FunctionName=name, CodeSha256="x")
    )
    assert message.startswith("CodeSHA256 (x) is different from current CodeSHA256 in $LATEST (")
    for version, body in (("1", b"1"), ("2", b"2"), ("$LATEST", b"2")):
        answer = client.invoke(FunctionName=name, Qualifier=version)
        assert answer["Payload"].read() == body and answer["ExecutedVersion"] == version
    listed = client.list_versions_by_function(FunctionName=name)["Versions"]
    assert [entry["Version"] for entry in listed] == ["$LATEST", "1", "2"] and "State" not in listed[0]
    assert listed[0]["FunctionArn"].endswith(":$LATEST")
    client.delete_function(FunctionName=name, Qualifier="2")
    assert publish(client, name, 3)["Version"] == "3"
    message = refused("ResourceNotFoundException", lambda: client.invoke(FunctionName=name, Qualifier="2"))
    assert message == f"Function not found: {ARN}{name}:2"
    message = refused(
        "InvalidParameterValueException", lambda: client.delete_function(FunctionName=name, Qualifier="$LATEST")
    )
    assert message == "$LATEST version cannot be deleted without deleting the function."


@pytest.fixture(scope="module")
def two_versions(client):
    create(client, "split", CODE.format(0))
    assert publish(client, "split", 1)["Version"] == "1"
    assert publish(client, "split", 2)["Version"] == "2"
    return "split"


def test_an_alias_splits_traffic_by_weight(client, runtime, two_versions):
    made = client.create_alias(
        FunctionName=two_versions, Name="live", FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}},
    )  # fmt: skip
    assert made["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.1}} and made["Description"] == ""
    count = 10_000

    def is_a_tenth() -> bool:
        """Within three standard deviations."""
        seen = collections.Counter()
        for _ in range(count):
            answer = client.invoke(FunctionName=f"{two_versions}:live")
            assert answer["Payload"].read() == answer["ExecutedVersion"].encode()
            seen[answer["ExecutedVersion"]] += 1
        assert set(seen) == {"1", "2"}
        return abs(seen["2"] - count / 10) <= 3 * math.sqrt(count * 0.1 * 0.9)

    # A right split is outside once in 370 times, twice once in 137,000.
    assert is_a_tenth() or is_a_tenth()
    client.update_alias(FunctionName=two_versions, Name="live", RoutingConfig={})
    assert "RoutingConfig" not in client.get_alias(FunctionName=two_versions, Name="live")


@pytest.mark.parametrize(
    "version, weights, code, message",
    [
        ("1", {"2": 0.1, "3": 0.1}, "InvalidParameterValueException",
         "Number of items in AdditionalVersionWeights cannot be greater than 1"),
        ("1", {"1": 0.5}, "InvalidParameterValueException",
         "Invalid function version 1. Function version 1 is already included in routing configuration."),
        ("1", {"2": 2.0}, "ValidationException", None),
        ("1", {"$LATEST": 0.5}, "ValidationException", None),
        ("$LATEST", {"2": 0.5}, "InvalidParameterValueException",
         "$LATEST is not supported for an alias pointing to more than 1 version"),
        ("10", {}, "ResourceNotFoundException", f"Function not found: {ARN}split:10"),
    ],
)  # fmt: skip
def test_an_alias_is_refused_as_recorded(client, two_versions, version, weights, code, message):
    said = refused(
        code,
        lambda: client.create_alias(
            FunctionName=two_versions, Name="other", FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": weights},
        ),
    )  # fmt: skip
    assert message is None or said == message


def test_aliases_come_and_go(client, two_versions):
    client.create_alias(FunctionName=two_versions, Name="latest", FunctionVersion="$LATEST")
    message = refused(
        "ResourceConflictException",
        lambda: client.create_alias(FunctionName=two_versions, Name="latest", FunctionVersion="1"),
    )
    assert message == f"Alias already exists: {ARN}{two_versions}:latest"
    refused("ValidationException", lambda: client.create_alias(FunctionName=two_versions, Name="7", FunctionVersion="1"))
    message = refused("ResourceNotFoundException", lambda: client.get_alias(FunctionName=two_versions, Name="none"))
    assert message == f"Cannot find alias arn: {ARN}{two_versions}:none"
    client.delete_alias(FunctionName=two_versions, Name="latest")
    client.delete_alias(FunctionName=two_versions, Name="latest")


def traversal(path):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr(zipfile.ZipInfo(path), "x")
    return archive.getvalue()


def link():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        entry = zipfile.ZipInfo("way/out")
        entry.external_attr = 0o120777 << 16
        out.writestr(entry, "/etc")
    return archive.getvalue()


def damaged():
    whole = bytearray(package(app__py=CODE * 100))
    whole[45] ^= 0xFF
    return bytes(whole)


@pytest.mark.parametrize(
    "archive",
    [b"no zip", b"", traversal("../out"), traversal("/etc/out"), traversal("a/../../out"), link(), damaged(),
     package(app__py=CODE)[:-30]],
)  # fmt: skip
def test_a_package_that_is_none_is_refused(client, name, archive):
    message = refused(
        "InvalidParameterValueException",
        lambda: client.create_function(
            FunctionName=name, Runtime="python3.12", Role=ROLE, Handler="a.b", Code={"ZipFile": archive}
        ),
    )
    assert message in (
        "Could not unzip uploaded file. Please check your file, then try to upload again.",
        "Please provide a source for function code.",
    )
    refused("ResourceNotFoundException", lambda: client.get_function(FunctionName=name))


def test_a_bomb_is_not_unpacked(client, name):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("app.py", b"\0" * 262_144_001)
    message = refused(
        "InvalidParameterValueException",
        lambda: client.create_function(
            FunctionName=name, Runtime="python3.12", Role=ROLE, Handler="a.b", Code={"ZipFile": archive.getvalue()}
        ),
    )
    assert message == "Unzipped size must be smaller than 262144000 bytes"


@pytest.mark.parametrize(
    "settings, code, part",
    [
        ({"FunctionName": "x" * 65}, "InvalidParameterValueException", "Member must have length less than or equal to 64"),
        ({"FunctionName": "in valid"}, "ValidationException", "regular expression pattern"),
        ({"Runtime": "cobol"}, "InvalidParameterValueException", "Value cobol at 'runtime' failed"),
        ({"Runtime": "go1.x"}, "InvalidParameterValueException", "is no longer supported"),
        ({"MemorySize": 127}, "ValidationException", "'memorySize'"),
        ({"Timeout": 901}, "InvalidParameterValueException", "'timeout'"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "InvalidParameterValueException", "reserved keys"),
        ({"Environment": {"Variables": {"A": "x" * 5000}}}, "InvalidParameterValueException", "exceeded the 4KB limit"),
        ({"Role": "admin"}, "ValidationException", "Value 'admin' at 'role' failed to satisfy constraint"),
        ({"Handler": "a b"}, "ValidationException", "Value 'a b' at 'handler' failed to satisfy constraint"),
        ({"TracingConfig": {"Mode": "On"}}, "ValidationException", "enum value set: [Active, PassThrough]"),
        ({"LoggingConfig": {"LogFormat": "Yaml"}}, "ValidationException", "enum value set: [JSON, Text]"),
        ({"Layers": ["arn:aws:lambda:us-east-1:1:layer:l:1"]}, "InvalidParameterValueException", "no layers"),
    ],
)
def test_settings_are_refused_by_name(client, name, settings, code, part):
    given = {
        "FunctionName": name, "Runtime": "python3.12", "Role": ROLE, "Handler": "a.b",
        "Code": {"ZipFile": package(app__py=CODE)},
    } | settings  # fmt: skip
    try:
        assert part in refused(code, lambda: client.create_function(**given))
    except botocore.exceptions.ParamValidationError:
        # The client itself refuses what its model forbids.
        assert "MemorySize" in settings or "Timeout" in settings


def test_lists_come_in_pages(client, name):
    for number in range(3):
        create(client, f"{name}-{number}", CODE.format(number))
    found, marker = [], None
    while True:
        page = client.list_functions(MaxItems=2, **({"Marker": marker} if marker else {}))
        found += [entry["FunctionName"] for entry in page["Functions"]]
        marker = page.get("NextMarker")
        if not marker:
            break
    assert found == sorted(found) and {f"{name}-{number}" for number in range(3)} <= set(found)
    assert {"replicate", "reconcile", "verify"} <= set(found)


def test_policies_tags_and_loops(client, name):
    create(client, name, CODE.format(1), Tags={"a": "1"})
    statement = json.loads(
        client.add_permission(
            FunctionName=name, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
            SourceArn="arn:aws:s3:::b",
        )["Statement"]
    )  # fmt: skip
    assert statement == {
        "Sid": "s3", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "lambda:InvokeFunction",
        "Resource": ARN + name, "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b"}},
    }  # fmt: skip
    assert json.loads(client.get_policy(FunctionName=name)["Policy"])["Statement"] == [statement]
    client.remove_permission(FunctionName=name, StatementId="s3")
    message = refused("ResourceNotFoundException", lambda: client.get_policy(FunctionName=name))
    assert message == "The resource you requested does not exist."
    client.tag_resource(Resource=ARN + name, Tags={"b": "2"})
    client.untag_resource(Resource=ARN + name, TagKeys=["a"])
    assert client.list_tags(Resource=ARN + name)["Tags"] == {"b": "2"}
    assert client.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Terminate"
    client.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")
    assert client.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Allow"
    limits = client.get_account_settings()["AccountLimit"]
    assert limits["ConcurrentExecutions"] == 1000 and limits["CodeSizeZipped"] == 52428800


def test_the_configuration_of_a_url_is_kept(client, name):
    create(client, name, CODE.format(1))
    made = client.create_function_url_config(FunctionName=name, AuthType="NONE", Cors={"AllowOrigins": ["*"]})
    assert made["FunctionArn"] == ARN + name and made["AuthType"] == "NONE" and made["FunctionUrl"].startswith("https://")
    message = refused(
        "ResourceConflictException", lambda: client.create_function_url_config(FunctionName=name, AuthType="NONE")
    )
    assert message.endswith("Error message:  FunctionUrlConfig exists for this Lambda function")
    client.update_function_url_config(FunctionName=name, AuthType="AWS_IAM")
    kept = client.get_function_url_config(FunctionName=name)
    assert kept["AuthType"] == "AWS_IAM" and kept["Cors"] == {"AllowOrigins": ["*"]} and kept["InvokeMode"] == "BUFFERED"
    listed = client.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]
    assert [entry["FunctionUrl"] for entry in listed] == [made["FunctionUrl"]]
    client.delete_function_url_config(FunctionName=name)
    refused("ResourceNotFoundException", lambda: client.get_function_url_config(FunctionName=name))


def test_provisioned_concurrency_keeps_environments_warm(client, name):
    code = "import os\ndef handler(event, context): return os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']"
    create(client, name, code)
    client.publish_version(FunctionName=name)
    message = refused(
        "ProvisionedConcurrencyConfigNotFoundException",
        lambda: client.get_provisioned_concurrency_config(FunctionName=name, Qualifier="1"),
    )
    assert message == "No Provisioned Concurrency Config found for this function"
    client.put_provisioned_concurrency_config(FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=1)
    eventually(
        lambda: client.get_provisioned_concurrency_config(FunctionName=name, Qualifier="1")["Status"] == "READY"
    )
    assert client.invoke(FunctionName=name, Qualifier="1")["Payload"].read() == b'"provisioned-concurrency"'


def test_provisioned_concurrency_follows_its_alias_and_has_limits(client, name):
    create(client, name, CODE.format(0))
    assert publish(client, name, 1)["Version"] == "1"
    assert publish(client, name, 2)["Version"] == "2"
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    for count, message in (
        (901, "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
              "minimum value of [100]."),
        (1001, "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [1000]."),
    ):  # fmt: skip
        assert message == refused(
            "InvalidParameterValueException",
            lambda: client.put_provisioned_concurrency_config(
                FunctionName=name, Qualifier="live", ProvisionedConcurrentExecutions=count
            ),
        )

    def ready():
        return client.get_provisioned_concurrency_config(FunctionName=name, Qualifier="live")["Status"] == "READY"

    client.put_provisioned_concurrency_config(FunctionName=name, Qualifier="live", ProvisionedConcurrentExecutions=1)
    eventually(ready)
    client.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    eventually(ready)
    assert client.invoke(FunctionName=name, Qualifier="live")["ExecutedVersion"] == "2"
    client.put_provisioned_concurrency_config(FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=1)
    page = client.list_provisioned_concurrency_configs(FunctionName=name, MaxItems=1)
    assert page["ProvisionedConcurrencyConfigs"][0]["FunctionArn"].endswith(f"{name}:1")
    page = client.list_provisioned_concurrency_configs(FunctionName=name, Marker=page["NextMarker"])
    assert page["ProvisionedConcurrencyConfigs"][0]["FunctionArn"].endswith(f"{name}:live") and "NextMarker" not in page
    client.delete_function(FunctionName=name, Qualifier="1")
    client.delete_alias(FunctionName=name, Name="live")
    assert client.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"] == []


@pytest.fixture
def webhook():
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/told", received
    server.shutdown()
    server.server_close()


def test_destinations_get_the_record(client, name, webhook):
    url, received = webhook
    create(client, name, "def handler(event, context):\n    if event['fail']: raise ValueError('no')\n    return 'yes'\n")
    client.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0,
        DestinationConfig={"OnSuccess": {"Destination": url}, "OnFailure": {"Destination": url}},
    )  # fmt: skip
    for fail in (False, True):
        client.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps({"fail": fail}))
        eventually(lambda fail=fail: len(received) == 1 + fail)
    success, failure = received
    assert success["version"] == "1.0" and success["requestPayload"] == {"fail": False}
    assert success["requestContext"]["condition"] == "Success"
    assert success["requestContext"]["functionArn"] == f"{ARN}{name}:$LATEST"
    assert success["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert success["responsePayload"] == "yes"
    assert failure["requestContext"]["condition"] == "RetriesExhausted"
    assert failure["requestContext"]["approximateInvokeCount"] == 1
    assert failure["responseContext"]["functionError"] == "Unhandled"
    assert failure["responsePayload"]["errorType"] == "ValueError"


def test_functions_trigger_functions_and_loops_end(client, name):
    code = f"""
import boto3, os
from botocore.config import Config
def handler(event, context):
    client = boto3.client("lambda", endpoint_url=os.environ["AWS_ENDPOINT_URL_LAMBDA"], region_name="us-east-1",
                          config=Config(retries={{"max_attempts": 0}}))
    try:
        answer = client.invoke(FunctionName={name!r}, Payload="{{}}")
    except client.exceptions.RecursiveInvocationException:
        return 1
    import json
    return 1 + json.loads(answer["Payload"].read())
"""
    create(client, name, code, Timeout=60, MemorySize=256)
    assert json.loads(client.invoke(FunctionName=name, Payload=b"{}")["Payload"].read()) == 16


def test_what_is_not_here_says_so(client):
    refused("NotImplementedException", client.list_layers)


def test_everything_outlives_a_kill(name):
    runtime = Runtime()
    try:
        client = runtime.client()
        create(client, name, CODE.format(0), Description="kept")
        publish(client, name, 1)
        client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        before = client.get_function_configuration(FunctionName=name, Qualifier="live")
        runtime.kill()
        runtime.start()
        client = runtime.client()
        after = client.get_function_configuration(FunctionName=name, Qualifier="live")
        assert {k: v for k, v in after.items() if k != "ResponseMetadata"} == {
            k: v for k, v in before.items() if k != "ResponseMetadata"
        }
        assert client.invoke(FunctionName=name, Qualifier="live")["Payload"].read() == b"1"
    finally:
        runtime.stop()
