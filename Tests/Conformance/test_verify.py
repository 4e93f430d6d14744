"""`verify` finds every planted difference, in every mode that can see it, and nothing where there is none."""

import pytest
from support import catalogue, stores
from support.faults import Fault, Proxy
from support.pool import new_bucket, next_second

MODES = ("etag", "checksum", "bytes")


@pytest.fixture(params=[("moto", "local-s3"), ("local-s3", "rclone"), ("local-s3", "local-s3")], ids="-to-".join)
def copied(request, pool, brigade):
    source, target = pool.get(request.param[0]), pool.get(request.param[1], 2)
    bucket, copy = new_bucket(source), new_bucket(target)
    catalogue.fill(source, bucket, target.features)
    brigade.connect("a", source.url())
    brigade.connect("b", target.url())
    locations = (f"s3://a@{bucket}", f"s3://b@{copy}")
    brigade.json("copy", *locations)
    return source, bucket, target, copy, locations


@pytest.mark.parametrize("mode", MODES)
def test_a_true_copy_passes(copied, brigade, mode):
    result = brigade.run("verify", *copied[-1], "--mode", mode)
    assert result.code == 0, result


@pytest.mark.parametrize("mode", MODES)
def test_planted_differences_are_found(copied, brigade, mode):
    source, bucket, target, copy, locations = copied
    s3 = stores.client(target)
    s3.delete_object(Bucket=copy, Key="plain.txt")
    s3.put_object(Bucket=copy, Key="planted/extra", Body=b"extra")
    s3.put_object(Bucket=copy, Key="kind/one-byte", Body=b"two bytes")
    s3.put_object(Bucket=copy, Key="kind/small", Body=catalogue.body("not the same", 5000))
    planted = {"plain.txt", "planted/extra", "kind/one-byte", "kind/small"}
    result = brigade.run("verify", *locations, "--mode", mode, "--json")
    assert result.code == 1, result
    said = result.out + result.err
    assert [key for key in planted if key not in said] == []
    assert "unicode/" not in said and "kind/empty" not in said
    # Without --json a person reads the same keys.
    printed = brigade.run("verify", *locations, "--mode", mode)
    assert printed.code == 1, printed
    assert [key for key in planted if key not in printed.out + printed.err] == []


@pytest.mark.parametrize("mode", MODES)
def test_other_metadata_is_found(pool, brigade, mode):
    source, target = pool.get("moto"), pool.get("local-s3", 2)
    bucket, copy = new_bucket(source), new_bucket(target)
    brigade.connect("a", source.url())
    brigade.connect("b", target.url())
    locations = (f"s3://a@{bucket}", f"s3://b@{copy}")
    for key in ("same", "other"):
        stores.client(source).put_object(Bucket=bucket, Key=key, Body=b"body", Metadata={"m": "1"})
    brigade.json("copy", *locations)
    next_second()
    stores.client(source).put_object(Bucket=bucket, Key="other", Body=b"body", Metadata={"m": "2"})
    result = brigade.run("verify", *locations, "--mode", mode, "--json")
    assert result.code == 1, result
    assert "other" in result.out and "metadataDiffers" in result.out, result


def test_rot_that_no_etag_shows_is_found_by_reading(copied, brigade):
    source, bucket, target, copy, locations = copied
    with Proxy(target.port, Fault("flip", path=f"/{copy}/kind/small", times=100)) as proxy:
        brigade.connect("b", target.url(port=proxy.port))
        result = brigade.run("verify", *locations, "--mode", "bytes", "--json")
        assert result.code == 1, result
        assert "kind/small" in result.out
        assert proxy.faults[0].hit > 0
