"""Random histories on real sockets: whatever becomes of events, stores and processes, the destination ends as the source."""

import http.client
import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from support import stores
from support.histories import History, Stormy
from support.replicating import TOKEN, Replicating
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


def replicate_runs(pair: Replicating) -> int:
    answer = pair.runtime.brigade("bill", "--since", "2d", "--by", "function", "--format", "json")
    assert answer.returncode == 0, answer.stderr
    return sum(line["invocations"] for line in json.loads(answer.stdout)["lines"] if line.get("function") == "replicate")


def test_a_hot_key_costs_a_tenth_of_its_writes_at_most(tmp_path):
    with Replicating(tmp_path, "reconcile: never\nbackfill: false") as pair:
        pair.up()
        for number in range(2000):
            pair.s3.put_object(Bucket="photos", Key="hot", Body=b"%d" % number)
        pair.when_equal()
        assert pair.copy.get_object(Bucket="copy", Key="hot")["Body"].read() == b"1999"
        eventually(lambda: not pair.status()["pending"])
        runs = replicate_runs(pair)
        assert 1 <= runs <= 200, runs


def test_a_burst_of_events_is_accepted_whole_and_converges(tmp_path, soak):
    """20,000 events over 32 connections, each about a key that is there."""
    events, senders, count = 20_000, 32, 20_000 if soak else 2000
    with Replicating(tmp_path, "reconcile: never\nbackfill: false", notify=()) as pair:
        stores.put_many(pair.source, "photos", {f"k{number}": b"%d" % number for number in range(count)})
        pair.up()

        def send(first: int) -> list[int]:
            connection = http.client.HTTPConnection("127.0.0.1", pair.port, timeout=60)
            statuses = []
            for number in range(first, events, senders):
                record = {
                    "eventSource": "minio:s3", "eventName": "s3:ObjectCreated:Put",
                    "s3": {"bucket": {"name": "photos"}, "object": {"key": f"k{number % count}"}},
                }  # fmt: skip
                body = json.dumps({"Records": [record]})
                connection.request("POST", "/events/s3", body, {"Authorization": f"Bearer {TOKEN}"})
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)
            connection.close()
            return statuses

        with ThreadPoolExecutor(senders) as pool:
            began = time.monotonic()
            statuses = [status for part in pool.map(send, range(senders)) for status in part]
            took = time.monotonic() - began
        assert statuses == [200] * events, Counter(statuses)
        eventually(lambda: not pair.status()["pending"], 240)
        source, copy = pair.sides()
        assert source == copy and len(copy) == count
        print(f"{events} events taken in {took:.1f} s, in step after {time.monotonic() - began:.1f} s")
