"""What a newcomer runs first."""

from support import stores
from support.pool import new_bucket


def test_the_demo_runs_to_its_end(brigade):
    result = brigade.run("demo", timeout=90)
    assert result.code == 0, result
    assert result.seconds < 60, result
    said = result.out + result.err
    for word in ("copied", "proven", "verif"):
        assert word in said.lower(), result
    assert max(map(len, said.splitlines())) <= 100


def test_the_demo_on_a_server_of_the_user_leaves_it_as_it_was(pool, brigade):
    server = pool.get("moto")
    s3 = stores.client(server)
    mine = new_bucket(server, "mine")
    s3.put_object(Bucket=mine, Key="k", Body=b"x")
    before = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    brigade.connect("minio", server.url())
    result = brigade.run("demo", "--on", "minio", timeout=120)
    assert result.code == 0, result
    assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} == before
    assert list(stores.keys(s3, mine)) == ["k"]


def test_the_demo_tells_what_a_store_does_not_let_go(pool, brigade):
    """rclone lists a name that it has refused to take until it is started again, and so keeps the bucket."""
    server = pool.get("rclone", 3)
    s3 = stores.client(server)
    brigade.connect("folders", server.url())
    result = brigade.run("demo", "--on", "folders", "--objects", "100", timeout=120)
    assert result.code == 1, result
    assert "both sides verified equal" in result.out, result
    # The copy never had the name: its bucket is gone.
    assert [bucket["Name"].split("-")[-1] for bucket in s3.list_buckets()["Buckets"]] == ["photos"]
    assert "could not remove its bucket brigade-demo-" in result.err, result
    assert "lists it still" in result.err and "Nor " not in result.err, result


def test_probe_says_what_a_store_supports(pool, brigade):
    for kind, tagging, conditional in (("local-s3", "yes", "yes"), ("rclone", "no", "no"), ("moto", "yes", "yes")):
        server = pool.get(kind)
        bucket = new_bucket(server)
        brigade.connect("a", server.url())
        result = brigade.run("probe", f"s3://a@{bucket}", "--json")
        assert result.code == 0, result
        dialect = result.json.get("dialect", result.json)
        assert (dialect["tagging"], dialect["conditionalWrites"]) == (tagging, conditional), kind
        assert stores.keys(stores.client(server), bucket) == {}
        assert stores.pending_uploads(server, bucket) == []
