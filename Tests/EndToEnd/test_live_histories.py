"""Random histories on real sockets: whatever becomes of events, stores and processes, the destination ends as the source."""

import threading
import time

import pytest
from support import stores
from support.histories import History, Stormy
from support.runtime import eventually


def pytest_generate_tests(metafunc):
    if "history" in metafunc.fixturenames:
        config = metafunc.config
        first = config.getoption("--seed")
        count = 200 if config.getoption("--soak") else 4
        metafunc.parametrize("history", range(first, first + count))


def live(pair: Stormy, seed: int) -> int:
    """The history itself, with everything that goes wrong meanwhile; returns how many changes there were."""
    chance = pair.chance
    if chance.random() < 0.3:
        stores.client(pair.source).put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    if chance.random() < 0.3:
        stores.client(pair.destination).put_bucket_versioning(Bucket="copy", VersioningConfiguration={"Status": "Enabled"})
    pair.s3.put_object(Bucket="photos", Key=History.ANCHOR, Body=b"here to stay")
    # What is there before the runtime is its backfill's.
    early = History(pair.source, "photos", seed + 4)
    for _ in range(chance.randint(0, 10)):
        early.step()
    pair.up()
    writers = [History(pair.source, "photos", seed + 5 + number) for number in range(chance.randint(1, 3))]
    stop, errors = threading.Event(), []

    def write(history: History) -> None:
        try:
            history.run(stop, 300)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(history,)) for history in writers]
    for thread in threads:
        thread.start()
    try:
        for _ in range(chance.randint(2, 5)):
            time.sleep(chance.uniform(0, 0.8))
            pair.kill(chance.choice(["runtime", "runtime", "source", "destination"]))
        time.sleep(chance.uniform(0, 0.5))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not errors, errors
    return sum(history.done for history in writers)


def reconcile(pair: Stormy) -> dict:
    before = pair.when_quiet()["scan"]["endedAt"]
    answer = pair.runtime.brigade("reconcile", "photos", "--endpoint", pair.url)
    assert answer.returncode == 0, answer.stderr
    eventually(lambda: pair.status()["scan"]["endedAt"] != before, 60)
    return pair.when_quiet()


def same(pair: Stormy, seconds: float = 60) -> None:
    """Equal, and still equal once nothing waits any more."""
    deadline = time.monotonic() + seconds
    while found := pair.difference():
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    state = pair.when_quiet(90)
    assert not (found := pair.difference()), ["after it was equal", *found]
    assert state["failed"] == 0, pair.runtime.brigade("failures", "list").stdout


def test_the_destination_ends_as_the_source(tmp_path, history):
    """Of every two seeds one loses notifications, and needs the reconciliation; the other one must do without."""
    drops = history % 2 == 1
    with Stormy(tmp_path, history, drops=drops) as pair:
        try:
            changes = live(pair, history)
            pair.calm()
            if drops:
                reconcile(pair)
            same(pair)
        except BaseException as error:
            print(f"seed {history}, {'with' if drops else 'without'} dropped events: {error}")
            print(pair.runtime.output()[-6000:] if pair.runtime else "")
            raise
        road = pair.road
        struck = [one.hit for one in pair.weather]
        print(
            f"seed {history}: {changes} changes; {road.passed} events passed on, {road.dropped} dropped, "
            f"{road.delayed} delayed, {road.doubled} doubled; faults {struck}"
        )
