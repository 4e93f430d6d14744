"""`brigade up` killed while functions of shared code come, change and go: what is named is there and whole, and no more."""

import base64
import concurrent.futures
import random
import threading

import botocore.exceptions

from support.runtime import ROLE, Runtime, package

CODES = [f"def handler(event, context): return {number}\n" for number in range(4)]
# Many files: a kill finds some of them written, or some of them removed.
ZIPS = [package(app__py=code, **{f"m{n}__py": code * 50 for n in range(60)}) for code in CODES]


def change(client, worker, dice, stopping, published):
    """One function after another, until there is no answer: few names and few packages, so that they meet.

    `published` has a name's last version, and whether the function is gone since.
    """
    while not stopping.is_set():
        name, zipped = f"f{worker}-{dice.randrange(3)}", dice.choice(ZIPS)
        try:
            match dice.randrange(4):
                case 0:
                    client.create_function(
                        FunctionName=name, Runtime="python3.12", Role=ROLE, Handler="app.handler",
                        Code={"ZipFile": zipped},
                    )  # fmt: skip
                case 1:
                    client.update_function_code(FunctionName=name, ZipFile=zipped)
                case 2:
                    version = int(client.publish_version(FunctionName=name)["Version"])
                    # The same one again where nothing has changed.
                    last, is_gone = published.get(name, (0, False))
                    assert version > last or version == last and not is_gone, (name, version, published)
                    published[name] = version, False
                case 3:
                    client.delete_function(FunctionName=name)
                    published[name] = published.get(name, (0, True))[0], True
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] != "ServiceException", error
        except botocore.exceptions.BotoCoreError:
            assert stopping.is_set()
            return


def named(client):
    """The packages that functions and their versions run from."""
    digests = set()
    for page in client.get_paginator("list_functions").paginate(FunctionVersion="ALL"):
        digests |= {entry["CodeSha256"] for entry in page["Functions"] if entry["Runtime"] == "python3.12"}
    return {base64.b64decode(digest).hex() for digest in digests}


def test_packages_survive_kills(seed, soak):
    print(f"seed {seed}")
    dice = random.Random(seed)
    runtime = Runtime()
    published = {}
    try:
        for _ in range(60 if soak else 6):
            stopping = threading.Event()
            client = runtime.client()
            with concurrent.futures.ThreadPoolExecutor() as workers:
                running = [
                    workers.submit(change, client, worker, random.Random(dice.random()), stopping, published)
                    for worker in range(4)
                ]
                stopping.wait(dice.uniform(0.3, 2))
                stopping.set()
                runtime.kill()
                for worker in running:
                    worker.result()
            runtime.start()
            there = {entry.name for entry in (runtime.state / "packages").glob("*")}
            assert there == named(runtime.client())
            for folder in there:
                files = {file.name: file.read_text() for file in (runtime.state / "packages" / folder).iterdir()}
                code = files.pop("app.py")
                assert code in CODES and len(files) == 60 and set(files.values()) == {code * 50}
        assert published
    finally:
        runtime.stop()
