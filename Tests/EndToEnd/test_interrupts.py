"""Ctrl-C stops cleanly, SIGKILL leaves nothing that the next run does not mend."""

import random
import signal
import time

import pytest
from support import catalogue, peers, stores
from support.faults import Fault, Proxy
from support.pool import new_bucket

MIB = 1 << 20


@pytest.fixture
def sides(pool, brigade):
    source, target = pool.get("local-s3"), pool.get("local-s3", 2)
    bucket, copy = new_bucket(source), new_bucket(target)
    stores.put_many(source, bucket, {f"small/{n:04}": catalogue.body(str(n), 4000) for n in range(1500)})
    s3 = stores.client(source)
    for n in range(6):
        kind = catalogue.Kind(f"large {n}", parts=(8 * MIB, 8 * MIB, 8 * MIB, 1000 + n))
        catalogue.put(s3, bucket, f"large/{n}", kind)
    brigade.connect("a", source.url())
    brigade.connect("b", target.url())
    return source, bucket, target, copy


def wait_for(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)  # Polling another process.


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_interrupt_stops_cleanly_and_the_next_run_goes_on(sides, brigade, number):
    source, bucket, target, copy = sides
    with Proxy(target.port) as proxy:
        brigade.connect("b", target.url(port=proxy.port))
        running = brigade.start("copy", f"s3://a@{bucket}", f"s3://b@{copy}")
        wait_for(lambda: proxy.requests["PUT"] > 200)
        running.signal(number)
        result = running.wait(20)
    assert result.code in (130, 128 + number), result
    assert "again" in result.err or "resum" in result.err, result
    assert stores.pending_uploads(target, copy) == []
    done = len(stores.keys(stores.client(target), copy))
    assert 0 < done < 1506
    brigade.connect("b", target.url())
    rest = brigade.json("copy", f"s3://a@{bucket}", f"s3://b@{copy}")
    assert (rest["failed"], rest["copied"]) == (0, 1506 - done)
    peers.rclone_check(source, bucket, target, copy)


def test_killed_at_random_moments_the_next_run_mends_it(sides, brigade, seed, soak):
    source, bucket, target, copy = sides
    rounds = 60 if soak else 5
    chance = random.Random(seed)
    print(f"seed {seed}, {rounds} rounds")
    s3 = stores.client(target)
    whole = brigade.run("copy", f"s3://a@{bucket}", f"s3://b@{copy}")
    assert whole.code == 0, whole
    for number in range(rounds):
        for key in stores.keys(s3, copy):
            if chance.random() < 0.7 or key.startswith("large"):
                s3.delete_object(Bucket=copy, Key=key)
        running = brigade.start("sync", f"s3://a@{bucket}", f"s3://b@{copy}", "--delete")
        # The moment is counted from what was written, so that it falls within the work on any machine.
        moment = chance.random() * whole.seconds
        begun = time.monotonic()
        wait_for(lambda: time.monotonic() - begun >= moment, seconds=moment + 5)
        running.signal(signal.SIGKILL)
        killed = running.wait(10)
        assert killed.code in (-signal.SIGKILL, 0), killed
        again = brigade.run("sync", f"s3://a@{bucket}", f"s3://b@{copy}", "--delete")
        assert again.code == 0, f"round {number}, seed {seed}, killed after {moment:.2f} s\n{again}"
        assert stores.pending_uploads(target, copy) == [], f"round {number}, seed {seed}"
        found = stores.differences(stores.contents(source, bucket), stores.contents(target, copy))
        assert found == [], f"round {number}, seed {seed}, killed after {moment:.2f} s"


def test_killed_in_the_middle_of_an_upload_its_parts_are_cleared(sides, brigade):
    """The surest moment: the destination holds a part of an upload when the command dies."""
    source, bucket, target, copy = sides
    with Proxy(target.port, Fault("stall", "PUT", "partNumber=3", times=100)) as proxy:
        brigade.connect("b", target.url(port=proxy.port))
        running = brigade.start("copy", f"s3://a@{bucket}/large/", f"s3://b@{copy}/large/")
        wait_for(lambda: proxy.faults[0].hit > 0)
        running.signal(signal.SIGKILL)
        running.wait(10)
        assert stores.pending_uploads(target, copy) != []
        # The same address as before: the next run asks the same endpoint for what it began there.
        proxy.faults.clear()
        again = brigade.run("copy", f"s3://a@{bucket}/large/", f"s3://b@{copy}/large/")
        assert again.code == 0, again
    assert stores.pending_uploads(target, copy) == []
    assert stores.differences(stores.contents(source, bucket, "large/"), stores.contents(target, copy, "large/")) == []


def test_uploads_of_others_are_left_alone(sides, brigade):
    _, bucket, target, copy = sides
    s3 = stores.client(target)
    theirs = s3.create_multipart_upload(Bucket=copy, Key="large/0")["UploadId"]
    brigade.json("copy", f"s3://a@{bucket}", f"s3://b@{copy}")
    assert stores.pending_uploads(target, copy) == [("large/0", theirs)]
