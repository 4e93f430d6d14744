"""Every pair of stores: what `copy` wrote is compared by tools that share no code with it."""

import pytest
from botocore.exceptions import ClientError
from support import catalogue, peers, stores
from support.faults import Proxy
from support.pool import new_bucket, next_second
from support.servers import KINDS, Server

PAIRS = [(a, b) for a in KINDS for b in KINDS]


class Pair:
    """Two stores of given kinds that share nothing, a full bucket on the first and an empty one on the second."""

    def __init__(self, pool, brigade, source: str, target: str):
        self.source: Server = pool.get(source)
        self.target: Server = pool.get(target, 2)
        self.brigade = brigade
        self.bucket = new_bucket(self.source, "source")
        self.copy = new_bucket(self.target, "target")
        brigade.connect("a", self.source.url())
        brigade.connect("b", self.target.url())
        self.count = catalogue.fill(self.source, self.bucket, self.target.features)
        # A copy of the same second cannot be told from one before a change of metadata: it is looked at again.
        next_second()
        self.locations = (f"s3://a@{self.bucket}", f"s3://b@{self.copy}")

    def differences(self, tags: bool = True) -> list[str]:
        ours, theirs = self.source.features, self.target.features

        def etags(key):
            if key not in catalogue.MULTIPART:
                return True
            if not (ours.multipart_etags and theirs.multipart_etags):
                return False
            return ours.tells_part_sizes or key not in catalogue.NOT_INFERABLE

        return stores.differences(
            stores.contents(self.source, self.bucket),
            stores.contents(self.target, self.copy),
            tags=tags and ours.tags and theirs.tags,
            metadata=lambda key: theirs.multipart_metadata or key not in catalogue.MULTIPART,
            etags=etags,
        )


@pytest.fixture(params=PAIRS, ids=lambda pair: "-to-".join(pair))
def pair(request, pool, brigade):
    return Pair(pool, brigade, *request.param)


def test_a_copy_is_equal_and_stays_so(pair):
    first = pair.brigade.json("copy", *pair.locations)
    assert (first["copied"], first["failed"], first["skipped"]) == (pair.count, 0, 0)
    assert pair.differences() == []
    assert stores.pending_uploads(pair.target, pair.copy) == []
    if pair.source.features.any_segments and pair.target.features.any_segments:
        # rclone's own paths cannot say these keys; boto3 above has compared them.
        unsayable = ("/dots/**", "/double/**", "/folder/**", "/leading", "/．．")
        flags = tuple(word for name in unsayable for word in ("--exclude", name))
    else:
        flags = ()
    peers.rclone_check(pair.source, pair.bucket, pair.target, pair.copy, *flags)

    # Once more: listings alone say that nothing is to be done, but for objects whose ETags cannot be compared.
    with Proxy(pair.source.port) as a, Proxy(pair.target.port) as b:
        pair.brigade.connect("a", pair.source.url(port=a.port))
        pair.brigade.connect("b", pair.target.url(port=b.port))
        second = pair.brigade.json("sync", *pair.locations, "--delete")
        assert (second["copied"], second["updated"], second["deleted"], second["failed"]) == (0, 0, 0, 0)
        comparable = pair.source.features.multipart_etags and pair.target.features.multipart_etags
        looked_at = 4 + (0 if comparable else 2 * len(catalogue.MULTIPART))
        for side in (a, b):
            others = sum(count for kind, count in side.requests.items() if kind != "LIST")
            assert others <= looked_at, side.log
            assert not any(method in ("PUT", "POST", "DELETE") for method, _ in side.log), side.log


def test_changes_are_found_and_brought_over(pair):
    pair.brigade.json("copy", *pair.locations)
    s3 = stores.client(pair.source)
    next_second()
    s3.put_object(Bucket=pair.bucket, Key="plain.txt", Body=b"changed " + b"y" * 101)
    same_size = catalogue.body("other", 5000)
    s3.put_object(Bucket=pair.bucket, Key="kind/small", Body=same_size)
    s3.put_object(Bucket=pair.bucket, Key="added/new", Body=b"new")
    s3.delete_object(Bucket=pair.bucket, Key="plus/a+b")
    s3.delete_object(Bucket=pair.bucket, Key="unicode/😀")
    # The same bytes with other metadata: the ETag stays, only Last-Modified tells.
    s3.put_object(
        Bucket=pair.bucket,
        Key="kind/user-metadata",
        Body=catalogue.body("user metadata", 10),
        Metadata={"foo": "changed"},
        ContentType="text/x-changed",
    )
    kept = pair.brigade.json("sync", *pair.locations)
    assert (kept["copied"], kept["updated"], kept["deleted"], kept["failed"]) == (3, 1, 0, 0)
    assert pair.differences() == ["extra: 'plus/a+b'", "extra: 'unicode/😀'"]
    gone = pair.brigade.json("sync", *pair.locations, "--delete")
    assert (gone["copied"], gone["updated"], gone["deleted"], gone["failed"]) == (0, 0, 2, 0)
    assert pair.differences() == []


@pytest.mark.parametrize("source", ["moto", "local-s3"])
@pytest.mark.parametrize("target", ["moto", "local-s3"])
def test_tag_changes_are_found_by_a_full_sync(pool, brigade, source, target):
    pair = Pair(pool, brigade, source, target)
    pair.brigade.json("copy", *pair.locations)
    s3 = stores.client(pair.source)
    # moto takes fewer characters than S3 does.
    value = "a+b = c/d" if "moto" in (source, target) else "grün = blau"
    s3.put_object_tagging(
        Bucket=pair.bucket, Key="plain.txt", Tagging={"TagSet": [{"Key": "colour", "Value": value}]}
    )
    s3.delete_object_tagging(Bucket=pair.bucket, Key="kind/tags")
    result = pair.brigade.json("sync", *pair.locations, "--full")
    assert (result["copied"], result["updated"], result["failed"]) == (0, 2, 0)
    assert pair.differences() == []


def test_a_prefix_lands_under_another(pool, brigade):
    source, target = pool.get("moto"), pool.get("local-s3", 2)
    bucket, copy = new_bucket(source), new_bucket(target)
    count = catalogue.fill(source, bucket, target.features, prefix="in/side/")
    stores.client(source).put_object(Bucket=bucket, Key="outside", Body=b"not copied")
    stores.client(target).put_object(Bucket=copy, Key="kept", Body=b"not deleted")
    brigade.connect("a", source.url())
    brigade.connect("b", target.url())
    result = brigade.json("sync", f"s3://a@{bucket}/in/side/", f"s3://b@{copy}/to/", "--delete")
    assert (result["copied"], result["deleted"], result["failed"]) == (count, 0, 0)
    found = stores.differences(stores.contents(source, bucket, "in/side/"), stores.contents(target, copy, "to/"))
    assert found == []
    assert stores.client(target).get_object(Bucket=copy, Key="kept")["Body"].read() == b"not deleted"
    assert "outside" not in stores.keys(stores.client(target), copy)


@pytest.mark.parametrize("kind", list(KINDS))
def test_within_one_endpoint_the_store_copies(pool, brigade, kind):
    server = pool.get(kind)
    bucket, copy = new_bucket(server), new_bucket(server)
    count = catalogue.fill(server, bucket)
    with Proxy(server.port) as proxy:
        brigade.connect("a", server.url(port=proxy.port))
        result = brigade.json("copy", f"s3://a@{bucket}", f"s3://a@{copy}")
        assert (result["copied"], result["failed"]) == (count, 0)
        # Objects in parts may be read where the store cannot copy parts; the small ones never are,
        # but where its copies are not the same.
        reads = [target for method, target in proxy.log if method == "GET" and f"/{bucket}/" in target]
        small = [target for target in reads if "?" not in target and "/kind/" not in target]
        assert (small == []) == server.features.plain_copies
    stored = stores.contents(server, bucket), stores.contents(server, copy)
    found = stores.differences(
        *stored,
        tags=server.features.tags,
        metadata=lambda key: server.features.multipart_metadata or key not in catalogue.MULTIPART,
    )
    assert found == []
    brigade.connect("a", server.url())
    again = brigade.json("sync", f"s3://a@{bucket}", f"s3://a@{copy}", "--full")
    assert (again["copied"], again["updated"], again["failed"]) == (0, 0, 0)


def test_a_store_that_cannot_hold_a_key_is_reported(pool, brigade):
    source, target = pool.get("local-s3"), pool.get("rclone", 2)
    bucket, copy = new_bucket(source), new_bucket(target)
    s3 = stores.client(source)
    for key in ("fine", "double//slash", "z" * 1024):
        s3.put_object(Bucket=bucket, Key=key, Body=b"content of " + key.encode()[:9])
    brigade.connect("a", source.url())
    brigade.connect("b", target.url())
    result = brigade.run("copy", f"s3://a@{bucket}", f"s3://b@{copy}", "--json")
    assert result.code == 1, result
    assert (result.json["copied"], result.json["failed"]) == (1, 2)
    assert "double//slash" in result.err + result.out
    with pytest.raises(ClientError):
        stores.client(target).get_object(Bucket=copy, Key="z" * 1024)
