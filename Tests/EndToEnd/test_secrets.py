"""A secret is in the connection's variable and nowhere else."""

import os
from pathlib import Path

from support import stores
from support.faults import Fault, Proxy
from support.pool import new_bucket
from support.servers import SECRET


def test_secrets_are_in_no_output_no_file_and_no_command_line(pool, brigade, tmp_path):
    source, target = pool.get("local-s3"), pool.get("local-s3", 2)
    bucket, copy = new_bucket(source), new_bucket(target)
    stores.put_many(source, bucket, {f"k{n}": b"x" * 1000 for n in range(300)})
    brigade.connect("b", target.url())
    command_line = []

    def look():
        command_line.append(Path(f"/proc/{running.pid}/cmdline").read_bytes())

    with Proxy(source.port, Fault("after", "GET", f"/{bucket}/k", action=look, least_bytes=10)) as proxy:
        brigade.connect("a", source.url(port=proxy.port))
        running = brigade.start("copy", f"s3://a@{bucket}", f"s3://b@{copy}", "--json")
        result = running.wait()
    assert result.code == 0, result
    assert command_line, "the command was not looked at while it ran"
    encoded = source.url().split(":")[2].split("@")[0]
    said = [result.out.encode(), result.err.encode(), *command_line]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    said += [path.read_bytes() for path in files]
    for text in said:
        assert SECRET.encode() not in text and encoded.encode() not in text


def test_state_is_for_its_owner_alone(pool, brigade):
    server = pool.get("local-s3")
    bucket, copy = new_bucket(server), new_bucket(server)
    stores.put_many(server, bucket, {"k": b"x"})
    brigade.connect("a", server.url())
    os.umask(0o022)
    brigade.json("copy", f"s3://a@{bucket}", f"s3://a@{copy}")
    if brigade.state.exists():
        assert brigade.state.stat().st_mode & 0o077 == 0, oct(brigade.state.stat().st_mode)
