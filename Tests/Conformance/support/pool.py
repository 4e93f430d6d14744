"""Servers that one test session shares: each is started when it is first asked for."""

import itertools
import time
from pathlib import Path

from . import stores
from .servers import KINDS, Server

_numbers = itertools.count(1)


class Pool:
    def __init__(self, folder: Path):
        self.folder = folder
        self.servers: dict[tuple[str, int], Server] = {}

    def get(self, kind: str, number: int = 1) -> Server:
        """The first or second server of a kind; the two share nothing."""
        if (kind, number) not in self.servers:
            self.servers[kind, number] = KINDS[kind](self.folder / f"{kind}-{number}").start()
        return self.servers[kind, number]

    def stop(self) -> None:
        for server in self.servers.values():
            server.stop()


def new_bucket(server: Server, word: str = "b") -> str:
    name = f"{word}-{next(_numbers)}"
    stores.make_bucket(server, name)
    return name


def next_second() -> None:
    """Waits for the clock's next second: stores date objects by the second, so two writes in one cannot be told apart."""
    now = time.time()
    time.sleep(int(now) + 1.01 - now)
