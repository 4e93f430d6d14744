import sys
import uuid
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from support import servers, stores  # noqa: E402
from support.command import Brigade  # noqa: E402
from support.pool import Pool, new_bucket  # noqa: E402
from support.questions import World  # noqa: E402
from support.runtime import Runtime  # noqa: E402
from support.tools import binary, scratch_folder  # noqa: E402


@pytest.fixture(scope="session")
def pool():
    if not binary().exists():
        pytest.exit(f"there is no {binary()}; run scripts/setup", returncode=2)
    folder = scratch_folder(needed_bytes=3 << 30)
    shared = Pool(folder)
    yield shared
    shared.stop()
    servers.remove(folder)


@pytest.fixture
def brigade(tmp_path):
    return Brigade(tmp_path)


# For the tests of the embedded endpoint itself.


@pytest.fixture(scope="session")
def server(pool):
    return pool.get("local-s3")


@pytest.fixture
def s3(server):
    return stores.client(server, defaults=True)


@pytest.fixture
def plain(server):
    """A bucket as it is made, without versions."""
    return new_bucket(server)


@pytest.fixture
def world(server, s3, plain):
    return World(server, s3, plain)


# For the tests of the Lambda API.


@pytest.fixture(scope="module")
def runtime():
    running = Runtime()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def client(runtime):
    return runtime.client()


@pytest.fixture
def name():
    return "f" + uuid.uuid4().hex[:12]
