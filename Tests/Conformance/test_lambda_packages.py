"""Where packages come from, how long they stay and what is left of them, under `brigade up`."""

import io
import json
import sqlite3
import threading
import warnings
import zipfile
from pathlib import Path

import pytest

from support import stores
from support.pool import new_bucket
from support.runtime import ROLE, Runtime, create, eventually, package, refused

CODE = "def handler(event, context): return {!r}\n"
NOT_UNZIPPED = "Could not unzip uploaded file. Please check your file, then try to upload again."


@pytest.fixture(scope="module")
def runtime(pool):
    running = Runtime(environment={"BRIGADE_CONNECTION_STORE": pool.get("local-s3").url()})
    yield running
    running.stop()


def create_from(client, name, code):
    client.create_function(FunctionName=name, Runtime="python3.12", Role=ROLE, Handler="app.handler", Code=code)
    client.get_waiter("function_active_v2").wait(FunctionName=name)


def packages(runtime):
    return sorted(entry.name for entry in (runtime.state / "packages").glob("*"))


def invoked(client, name, **settings):
    return client.invoke(FunctionName=name, **settings)["Payload"].read()


def test_a_package_in_a_connections_bucket(client, name, server, s3, plain):
    s3.put_object(Bucket=plain, Key="a b/1.zip", Body=package(app__py=CODE.format("first")))
    create_from(client, name, {"S3Bucket": f"store@{plain}", "S3Key": "a b/1.zip"})
    assert invoked(client, name) == b'"first"'
    s3.put_object(Bucket=plain, Key="2.zip", Body=package(app__py=CODE.format("second")))
    client.update_function_code(FunctionName=name, S3Bucket=f"store@{plain}", S3Key="2.zip")
    client.get_waiter("function_updated_v2").wait(FunctionName=name)
    assert invoked(client, name) == b'"second"'


def test_a_version_of_a_package(client, name, server, s3, plain):
    s3.put_bucket_versioning(Bucket=plain, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=plain, Key="p.zip", Body=package(app__py=CODE.format("first")))["VersionId"]
    s3.put_object(Bucket=plain, Key="p.zip", Body=package(app__py=CODE.format("second")))
    create_from(client, name, {"S3Bucket": f"store@{plain}", "S3Key": "p.zip", "S3ObjectVersion": first})
    assert invoked(client, name) == b'"first"'


def test_packages_that_cannot_be_had_say_what_to_do(client, name, s3, plain):
    def said(**code):
        return refused("InvalidParameterValueException", lambda: create_from(client, name, code))

    assert said(S3Bucket=f"store@{plain}", S3Key="none.zip").startswith(
        "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: "
    )
    message = said(S3Bucket="store@there-is-none", S3Key="1.zip")
    assert "S3 Error Code: NoSuchBucket" in message and message.endswith("or send the package as ZipFile.")
    message = said(S3Bucket="stor@bucket", S3Key="1.zip")
    assert 'there is no connection "stor"; did you mean "store"?' in message
    assert "S3Bucket and S3Key are given together" in said(S3Bucket=f"store@{plain}")
    s3.put_object(Bucket=plain, Key="1.zip", Body=b"no zip")
    assert said(S3Bucket=f"store@{plain}", S3Key="1.zip") == NOT_UNZIPPED
    refused("ResourceNotFoundException", lambda: client.get_function(FunctionName=name))


def zipped(*names):
    archive = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(archive, "w") as out:
        warnings.simplefilter("ignore")
        for entry in names:
            out.writestr(zipfile.ZipInfo(entry), "x")
    return archive.getvalue()


@pytest.mark.parametrize(
    "archive", [zipped("a", "./a"), zipped("a", "a"), zipped("a", "a/b"), zipped("a/b", "a"), zipped("x" * 256)]
)
def test_a_package_whose_names_clash_leaves_nothing(runtime, client, name, archive):
    before = packages(runtime)
    message = refused("InvalidParameterValueException", lambda: create_from(client, name, {"ZipFile": archive}))
    assert message == NOT_UNZIPPED
    eventually(lambda: packages(runtime) == before)


def test_what_runs_keeps_its_package(runtime, client, name):
    slow = (
        "import time, pathlib\n"
        "def handler(event, context):\n"
        "    time.sleep(4)\n"
        "    return pathlib.Path(__file__).read_text()[:6]\n"
    )
    create(client, name, slow, Timeout=30)
    before = packages(runtime)
    answers = []
    running = threading.Thread(target=lambda: answers.append(invoked(client, name)))
    running.start()
    eventually(lambda: any((runtime.state / "tmp").iterdir()))
    client.update_function_code(FunctionName=name, ZipFile=package(app__py=CODE.format("new")))
    client.get_waiter("function_updated_v2").wait(FunctionName=name)
    assert invoked(client, name) == b'"new"'
    running.join(30)
    assert answers == [b'"import"']
    # It goes after that.
    eventually(lambda: len(packages(runtime)) == len(before))


def test_functions_of_the_same_code_are_apart(client, name):
    code = CODE.format("same" + name)
    create(client, name, code)
    create(client, name + "2", code)
    client.delete_function(FunctionName=name)
    create(client, name, code)
    client.delete_function(FunctionName=name + "2")
    assert invoked(client, name) == f'"same{name}"'.encode()


def test_the_start_sweeps_and_keeps(name):
    running = Runtime()
    try:
        client = running.client()
        create(client, name, CODE.format("kept"))
        assert invoked(client, name) == b'"kept"'
        kept = packages(running)
        running.kill()
        for orphan in ("0" * 64, "1" * 64 + ".new-1", kept[0] + ".gone-1"):
            (running.state / "packages" / orphan / "folder").mkdir(parents=True)
            (running.state / "packages" / orphan / "folder" / "file").write_text("x")
        (running.state / "tmp" / "left").mkdir()
        running.start()
        client = running.client()
        assert packages(running) == kept and not (running.state / "tmp" / "left").exists()
        assert invoked(client, name) == b'"kept"'
    finally:
        running.stop()


def test_a_function_of_the_users_keeps_its_name_from_one_that_is_compiled_in():
    running = Runtime()
    try:
        client = running.client()
        client.delete_function(FunctionName="replicate")
        create(client, "replicate", CODE.format("mine"))
        running.kill()
        running.start()
        client = running.client()
        assert invoked(client, "replicate") == b'"mine"'
        assert "brigade: the function replicate is one that somebody has made" in running.output()
    finally:
        running.stop()


def test_numbers_are_not_used_again_after_a_kill(name):
    running = Runtime()
    try:
        client = running.client()
        create(client, name, CODE.format(1))
        assert client.publish_version(FunctionName=name)["Version"] == "1"
        client.delete_function(FunctionName=name)
        running.kill()
        running.start()
        client = running.client()
        create(client, name, CODE.format(1))
        assert client.publish_version(FunctionName=name)["Version"] == "2"
    finally:
        running.stop()


def lives(pid: str) -> bool:
    """One that has ended may be there until somebody reaps it."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes() != b""
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_no_process_of_a_function_outlives_the_runtime_for_long(name):
    """One that is killed cannot end them, so the next does: their events run again, and nobody enforces their limits."""
    code = """
import os, subprocess, time
def handler(event, context):
    child = subprocess.Popen(["sleep", "600"])
    with open(event["file"], "a") as out: out.write(f"{os.getpid()} {child.pid}\\n")
    if event.get("hangs"): time.sleep(600)
"""
    running = Runtime()
    try:
        client = running.client()
        create(client, name, code, Timeout=900)
        file = running.folder / "processes"
        client.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps({"file": str(file), "hangs": True}))
        pids = eventually(lambda: file.exists() and file.read_text().endswith("\n") and file.read_text().split())
        running.kill()
        file.unlink()
        running.start()
        assert [pid for pid in pids if lives(pid)] == []
        # The event was not lost by that.
        eventually(lambda: file.exists())
    finally:
        running.stop()


def test_a_damaged_record_is_named(name):
    running = Runtime()
    try:
        create(running.client(), name, CODE.format(1))
        running.kill()
        with sqlite3.connect(running.state / "state.sqlite") as state:
            state.execute("UPDATE functions SET document = '{}' WHERE name = ?", [name])
        state.close()
        with pytest.raises(RuntimeError) as refused:
            running.start()
        assert f"state.sqlite is damaged: what it says of the function {name} cannot be read" in str(refused.value)
    finally:
        running.stop()


def test_who_deletes_while_listing_finds_all():
    running = Runtime()
    try:
        client = running.client()
        for number in range(70):
            client.create_function(
                FunctionName=f"n{number:02}", Runtime="python3.12", Role=ROLE, Handler="app.handler",
                Code={"ZipFile": package(app__py=CODE.format(1))},
            )  # fmt: skip
        seen = []
        for page in client.get_paginator("list_functions").paginate():
            for name in [one["FunctionName"] for one in page["Functions"] if one["FunctionName"].startswith("n")]:
                seen.append(name)
                client.delete_function(FunctionName=name)
        assert seen == [f"n{number:02}" for number in range(70)]
    finally:
        running.stop()
