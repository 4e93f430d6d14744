"""Functions named in every way that Lambda takes, by boto3; and who changes one at the same time as others."""

import concurrent.futures
import json

import botocore.exceptions
import pytest

from support.runtime import ACCOUNT, ARN, create, package, refused

CODE = "def handler(event, context): return [context.invoked_function_arn, context.function_version]\n"


@pytest.fixture(scope="module")
def named(client):
    create(client, "named", CODE, Publish=True)
    client.create_alias(FunctionName="named", Name="live", FunctionVersion="1")
    return "named"


#: How it may be named: what of the ARN is echoed, and the version that is meant.
WAYS = [
    ("{name}", "", "$LATEST"),
    ("{name}:1", ":1", "1"),
    ("{name}:live", ":live", "1"),
    ("{name}:$LATEST", ":$LATEST", "$LATEST"),
    (ACCOUNT + ":function:{name}", "", "$LATEST"),
    (ACCOUNT + ":function:{name}:live", ":live", "1"),
    (ARN + "{name}", "", "$LATEST"),
    (ARN + "{name}:1", ":1", "1"),
    (ARN + "{name}:live", ":live", "1"),
    (ARN + "{name}:$LATEST", ":$LATEST", "$LATEST"),
]


@pytest.mark.parametrize("way, suffix, version", WAYS, ids=[way for way, _, _ in WAYS])
def test_a_function_is_found_by_any_of_its_names(client, named, way, suffix, version):
    given = way.format(name=named)
    answer = client.invoke(FunctionName=given)
    assert answer["ExecutedVersion"] == version
    assert json.loads(answer["Payload"].read()) == [f"{ARN}{named}{suffix}", version]
    found = client.get_function_configuration(FunctionName=given)
    assert found["FunctionArn"] == f"{ARN}{named}{suffix}" and found["Version"] == version
    assert client.get_function(FunctionName=given)["Configuration"]["FunctionArn"] == found["FunctionArn"]
    parts = [event for event in client.invoke_with_response_stream(FunctionName=given)["EventStream"]]
    assert json.loads(parts[0]["PayloadChunk"]["Payload"]) == [f"{ARN}{named}{suffix}", version]
    assert client.invoke(FunctionName=given, InvocationType="DryRun")["StatusCode"] == 204


def test_a_qualifier_may_stand_beside_a_name(client, named):
    for given in (named, ARN + named, f"{ACCOUNT}:function:{named}", f"{ARN}{named}:live"):
        answer = client.invoke(FunctionName=given, Qualifier="live")
        assert json.loads(answer["Payload"].read()) == [f"{ARN}{named}:live", "1"]
    for call in (client.invoke, client.get_function, client.get_function_configuration):
        message = refused(
            "InvalidParameterValueException", lambda: call(FunctionName=f"{ARN}{named}:live", Qualifier="1")
        )
        assert message == "The derived qualifier from the function name does not match the specified qualifier."


def test_names_of_others_are_refused(client, named):
    other = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{named}"
    for call in (client.invoke, client.get_function):
        message = refused("ResourceNotFoundException", lambda: call(FunctionName=other))
        assert message == "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"
    missing = f"{ARN}{named}:missing"
    assert refused("ResourceNotFoundException", lambda: client.invoke(FunctionName=missing)) == (
        f"Function not found: {missing}"
    )


def test_a_function_of_another_account_is_not_the_one_of_that_name_here(client, named):
    for other in (f"arn:aws:lambda:us-east-1:999999999999:function:{named}", f"999999999999:function:{named}"):
        for call in (client.invoke, client.get_function, client.delete_function):
            message = refused("ResourceNotFoundException", lambda: call(FunctionName=other))
            assert message == f"Function not found: {other}"
    assert client.get_function(FunctionName=named)


def test_a_version_is_not_changed_nor_what_it_was_made_of(client, named):
    before = client.get_function_configuration(FunctionName=named)["RevisionId"]
    for given in (f"{named}:1", f"{named}:live", f"{ARN}{named}:1"):
        for change in (
            lambda: client.update_function_code(FunctionName=given, ZipFile=package(app__py="")),
            lambda: client.update_function_configuration(FunctionName=given, Timeout=9),
        ):
            message = refused("InvalidParameterValueException", change)
            assert "Aliases and versions do not support this operation" in message
    assert client.get_function_configuration(FunctionName=named)["RevisionId"] == before


@pytest.mark.parametrize("way", ["{name}", ACCOUNT + ":function:{name}", ARN + "{name}"])
def test_changes_by_any_name(client, name, way):
    create(client, name, CODE)
    given = way.format(name=name)
    assert client.update_function_configuration(FunctionName=given, Timeout=9)["FunctionArn"] == ARN + name
    client.get_waiter("function_updated_v2").wait(FunctionName=given)
    assert client.update_function_code(FunctionName=given, ZipFile=package(app__py=CODE + "#"))["Timeout"] == 9
    client.get_waiter("function_updated_v2").wait(FunctionName=given)
    assert client.publish_version(FunctionName=given)["FunctionArn"] == f"{ARN}{name}:1"
    assert client.create_alias(FunctionName=given, Name="a", FunctionVersion="1")["AliasArn"] == f"{ARN}{name}:a"
    assert client.put_function_concurrency(FunctionName=given, ReservedConcurrentExecutions=1)
    assert client.get_function(FunctionName=given)["Concurrency"] == {"ReservedConcurrentExecutions": 1}
    client.delete_function(FunctionName=given)
    refused("ResourceNotFoundException", lambda: client.get_function(FunctionName=name))


def test_twenty_who_change_one_function(runtime, client, name):
    """Each is served or told of a conflict; none loses another's version, and every change is seen in a new revision."""
    create(client, name, CODE, Timeout=3)
    clients = runtime.client(max_pool_connections=20)
    expected = {"ResourceConflictException"}

    def change(number):
        said, versions, revisions = set(), [], []
        for step in range(6):
            try:
                answer = clients.update_function_configuration(FunctionName=name, Description=f"{number} {step}")
                revisions.append(answer["RevisionId"])
                answer = clients.publish_version(FunctionName=name)
                versions.append((int(answer["Version"]), answer["RevisionId"]))
            except botocore.exceptions.ClientError as error:
                assert error.response["ResponseMetadata"]["HTTPStatusCode"] < 500, error
                said.add(error.response["Error"]["Code"])
        return said, versions, revisions

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        results = list(pool.map(change, range(20)))
    assert set().union(*(said for said, _, _ in results)) <= expected
    revisions = [revision for _, _, each in results for revision in each]
    assert len(revisions) == len(set(revisions)) > 0
    client.get_waiter("function_updated_v2").wait(FunctionName=name)
    listed = client.list_versions_by_function(FunctionName=name)["Versions"]
    numbers = [int(entry["Version"]) for entry in listed[1:]]
    assert numbers == list(range(1, len(numbers) + 1))
    # What was answered is what is kept.
    kept = {int(entry["Version"]): entry["RevisionId"] for entry in listed[1:]}
    answered = {number for _, each, _ in results for number, _ in each}
    assert answered <= set(kept) and len(set(kept.values())) == len(kept)
    assert client.invoke(FunctionName=name)["StatusCode"] == 200


def test_one_revision_is_changed_once(runtime, client, name):
    """Of twenty who have read the same revision, one wins."""
    create(client, name, CODE)
    revision = client.get_function_configuration(FunctionName=name)["RevisionId"]
    clients = runtime.client(max_pool_connections=20)

    def change(number):
        try:
            clients.update_function_configuration(FunctionName=name, Timeout=10 + number, RevisionId=revision)
            return "done"
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"]

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        results = list(pool.map(change, range(20)))
    assert results.count("done") == 1
    assert set(results) <= {"done", "PreconditionFailedException", "ResourceConflictException"}
