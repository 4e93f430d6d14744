import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "Conformance"))

import pytest  # noqa: E402
from support import servers  # noqa: E402
from support.command import Brigade  # noqa: E402
from support.pool import Pool  # noqa: E402
from support.tools import binary, scratch_folder  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--soak", action="store_true", help="longer and larger: many rounds, full sizes")
    parser.addoption("--seed", type=int, default=20261124, help="of the random moments and sizes")


@pytest.fixture(scope="session")
def soak(request) -> bool:
    return request.config.getoption("--soak")


@pytest.fixture(scope="session")
def seed(request) -> int:
    return request.config.getoption("--seed")


@pytest.fixture(scope="session")
def pool():
    if not binary().exists():
        pytest.exit(f"there is no {binary()}; run scripts/setup", returncode=2)
    folder = scratch_folder(needed_bytes=4 << 30)
    shared = Pool(folder)
    yield shared
    shared.stop()
    servers.remove(folder)


@pytest.fixture
def brigade(tmp_path):
    return Brigade(tmp_path)
