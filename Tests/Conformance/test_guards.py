"""Deleting is guarded, and a dry run writes nothing."""

import pytest
from support import stores
from support.faults import Fault, Proxy
from support.pool import new_bucket


@pytest.fixture
def sides(pool, brigade):
    source, target = pool.get("moto"), pool.get("local-s3", 2)
    bucket, copy = new_bucket(source), new_bucket(target)
    brigade.connect("a", source.url())
    brigade.connect("b", target.url())
    return source, bucket, target, copy, (f"s3://a@{bucket}", f"s3://b@{copy}")


def test_more_deletes_than_the_cap_are_none(sides, brigade):
    source, bucket, target, copy, locations = sides
    stores.put_many(source, bucket, {f"k{n}": b"x" for n in range(5)})
    stores.put_many(target, copy, {f"old{n}": b"x" for n in range(5)})
    result = brigade.run("sync", *locations, "--delete", "--max-delete", "4")
    assert result.code == 3, result
    assert "--max-delete" in result.err
    assert len([key for key in stores.keys(stores.client(target), copy) if key.startswith("old")]) == 5
    allowed = brigade.json("sync", *locations, "--delete", "--max-delete", "5")
    assert allowed["deleted"] == 5
    assert set(stores.keys(stores.client(target), copy)) == {f"k{n}" for n in range(5)}


def test_an_empty_source_deletes_nothing(sides, brigade):
    _, _, target, copy, locations = sides
    stores.put_many(target, copy, {"kept": b"x"})
    result = brigade.run("sync", *locations, "--delete")
    assert result.code == 3, result
    assert "empty" in result.err
    assert set(stores.keys(stores.client(target), copy)) == {"kept"}


@pytest.mark.parametrize("broken", ["status", "truncate", "error-200"])
def test_a_listing_that_fails_deletes_nothing(sides, brigade, broken):
    source, bucket, target, copy, locations = sides
    names = {f"k{n:05}": b"x" for n in range(1100)}
    stores.put_many(source, bucket, names)
    stores.put_many(target, copy, {"k00000": b"x", "k01050": b"x", "z-extra": b"x"})
    # The first page of the source comes; from the second on every one fails.
    fault = Fault(broken, path="list-type|continuation|marker", nth=2, times=1000, status=403, code="AccessDenied")
    with Proxy(source.port, fault) as proxy:
        brigade.connect("a", source.url(port=proxy.port))
        result = brigade.run("sync", *locations, "--delete", timeout=150)
        assert fault.hit > 0
    assert result.code in (1, 4), result
    assert {"k01050", "z-extra"} <= set(stores.keys(stores.client(target), copy))


def test_a_dry_run_writes_nothing_and_says_what_it_would(sides, brigade):
    source, bucket, target, copy, locations = sides
    stores.put_many(source, bucket, {"new": b"12345", "changed": b"after", "same": b"x"})
    stores.put_many(target, copy, {"changed": b"before", "same": b"x", "extra": b"x"})
    before = stores.contents(target, copy)
    with Proxy(source.port) as a, Proxy(target.port) as b:
        brigade.connect("a", source.url(port=a.port))
        brigade.connect("b", target.url(port=b.port))
        result = brigade.run("sync", *locations, "--delete", "--dry-run")
        assert result.code == 0, result
        for side in (a, b):
            assert [pair for pair in side.log if pair[0] in ("PUT", "POST", "DELETE")] == []
    assert stores.contents(target, copy) == before
    said = result.out + result.err
    assert "would copy" in said and "would delete" in said, said


def test_filters_choose_what_is_copied(sides, brigade):
    source, bucket, target, copy, locations = sides
    objects = {"a.txt": b"1", "b.tmp": b"1", "deep/c.txt": b"123456", "deep/d.tmp": b"1", "e.bin": b"123456789"}
    stores.put_many(source, bucket, objects)
    brigade.json("copy", *locations, "--exclude", "*.tmp", "--max-size", "8")
    assert set(stores.keys(stores.client(target), copy)) == {"a.txt", "deep/c.txt"}
    brigade.json("copy", *locations, "--include", "deep/**")
    assert set(stores.keys(stores.client(target), copy)) == {"a.txt", "deep/c.txt", "deep/d.tmp"}


def test_excluded_objects_at_the_destination_are_not_deleted(sides, brigade):
    source, bucket, target, copy, locations = sides
    stores.put_many(source, bucket, {"a.txt": b"1"})
    stores.put_many(target, copy, {"a.txt": b"1", "kept.tmp": b"1", "gone.txt": b"1"})
    result = brigade.json("sync", *locations, "--delete", "--exclude", "*.tmp")
    assert result["deleted"] == 1
    assert set(stores.keys(stores.client(target), copy)) == {"a.txt", "kept.tmp"}
