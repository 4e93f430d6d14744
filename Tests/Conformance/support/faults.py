"""A loopback proxy between the command and a server that counts requests and does to them what networks and sloppy
stores do. It reads HTTP/1.1, keeps the client's Host (so that signatures stay good) and opens a connection a request."""

import asyncio
import contextlib
import re
import socket
import struct
import threading
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

BLOCK = 64 << 10
ERROR = (
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code>'
    "<Message>Planted by the test.</Message><RequestId>1</RequestId></Error>"
)


@dataclass
class Fault:
    """What to do to requests `nth`, ..., `nth + times - 1` (from 1) among those that match.

    kinds: `status` (answer `status`, the server never sees it), `reset` (connection reset after the request),
    `drop` (closed without an answer, after the server did the work), `stall` (no answer, ever, or for `seconds`), `hang` (the answer's
    body stops half-way), `truncate` (closed half-way), `short` (a smaller Content-Length and that many bytes),
    `flip` (one byte of the answer's body), `flip-upload` (one byte of the request's body), `etag` (a wrong ETag in
    the answer), `error-200` (status 200 with an <Error> body, the server never sees it), `after` (calls `action`
    when half of the answer's body has passed).
    """

    kind: str
    method: str = "GET"
    path: str = ""
    nth: int = 1
    times: int = 1
    status: int = 503
    code: str = "SlowDown"
    #: Only for answers or uploads with at least so long a body.
    least_bytes: int = 0
    action: object = None
    #: After so long a stalled connection is closed; None: never.
    seconds: float | None = None
    seen: int = 0
    hit: int = 0

    def strikes(self, method: str, target: str) -> bool:
        if method != self.method or not re.search(self.path, target):
            return False
        self.seen += 1
        if self.nth <= self.seen < self.nth + self.times:
            self.hit += 1
            return True
        return False


@dataclass
class Head:
    line: bytes
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)

    def get(self, name: bytes) -> bytes | None:
        return next((value for key, value in self.fields if key.lower() == name), None)

    def replace(self, name: bytes, value: bytes) -> None:
        self.fields = [(key, value if key.lower() == name else old) for key, old in self.fields]

    @property
    def length(self) -> int | None:
        value = self.get(b"content-length")
        return None if value is None else int(value)

    def encode(self) -> bytes:
        return b"\r\n".join([self.line, *(key + b": " + value for key, value in self.fields), b"", b""])


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    line, *rest = raw[:-4].split(b"\r\n")
    return Head(line, [tuple(part.strip() for part in one.split(b":", 1)) for one in rest])


class Proxy:
    """Listens on `port` while in use as a context manager; `requests` counts method by method what the client sent."""

    def __init__(self, upstream_port: int, *faults: Fault):
        self.upstream_port = upstream_port
        self.faults = list(faults)
        self.requests: Counter[str] = Counter()
        self.log: list[tuple[str, str]] = []
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> "Proxy":
        self._thread.start()
        assert self._ready.wait(10), "the proxy did not start"
        return self

    def __exit__(self, *_) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    def forget(self) -> None:
        self.requests.clear()
        self.log.clear()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._clients: set[asyncio.Task] = set()
        server = await asyncio.start_server(self._client, "127.0.0.1", 0, limit=1 << 20)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in self._clients:
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._clients.add(task)
        try:
            while (head := await read_head(reader)) is not None:
                if not await self._exchange(head, reader, writer):
                    break
        except (ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            self._clients.discard(task)
            writer.close()

    async def _exchange(self, head: Head, reader, writer) -> bool:
        """One request and its answer. False: the client's connection ends here."""
        method, target, _ = head.line.decode("latin-1").split(" ", 2)
        self.requests[self.kind_of(method, target)] += 1
        self.log.append((method, target))
        fault = next((one for one in self.faults if one.strikes(method, target)), None)
        kind = fault.kind if fault else None
        if kind in ("status", "error-200", "reset", "stall"):
            return await self._refuse(kind, fault, head, reader, writer)
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.upstream_port, limit=1 << 20)
        sending = None
        try:
            head.fields = [pair for pair in head.fields if pair[0].lower() != b"connection"]
            head.fields.append((b"Connection", b"close"))
            to_writer.write(head.encode())
            flip = kind == "flip-upload" and (head.length or 0) > 0
            sending = asyncio.create_task(self._relay(reader, to_writer, head.length or 0, flip=flip))
            while (answer := await read_head(to_reader)) is not None:
                if not answer.line.split(b" ")[1].startswith(b"1"):
                    break
                writer.write(answer.encode())
            if answer is None:
                return False
            keep = await self._answer(kind, fault, method, answer, to_reader, writer)
            # An early answer leaves the rest of the upload unread: the connection cannot be used again.
            return keep and sending.done()
        finally:
            if sending is not None:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
            to_writer.close()

    async def _refuse(self, kind, fault, head, reader, writer) -> bool:
        if kind == "stall":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), fault.seconds)
            return False
        if head.get(b"expect") is not None:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await self._relay(reader, None, head.length or 0)
        if kind == "reset":
            self._reset(writer)
            return False
        status = 200 if kind == "error-200" else fault.status
        body = b"" if head.line.startswith(b"HEAD") else ERROR.format(code=fault.code).encode()
        writer.write(b"HTTP/1.1 %d Fault\r\nContent-Type: application/xml\r\n" % status)
        writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        return True

    async def _answer(self, kind, fault, method, answer, reader, writer) -> bool:
        length = answer.length
        status = int(answer.line.split(b" ")[1])
        has_body = method != "HEAD" and status not in (204, 304)
        if kind == "drop":
            return False
        if kind == "etag" and answer.get(b"etag") is not None:
            answer.replace(b"etag", b'"' + b"0" * 32 + b'"')
        strikes = has_body and (length or 0) > max(1, fault.least_bytes if fault else 0)
        limit = None
        if kind == "short" and strikes:
            limit = length - 1
            answer.replace(b"content-length", str(limit).encode())
        answer.fields = [pair for pair in answer.fields if pair[0].lower() != b"connection"]
        if length is None and has_body:
            answer.fields.append((b"Connection", b"close"))
        writer.write(answer.encode())
        if not has_body:
            await writer.drain()
            return True
        if length is None:
            while block := await reader.read(BLOCK):
                writer.write(block)
                await writer.drain()
            return False
        if kind in ("hang", "truncate") and strikes:
            await self._relay(reader, writer, length // 2)
            if kind == "hang":
                await self._stop.wait()
            return False
        if kind == "after" and strikes:
            await self._relay(reader, writer, length // 2)
            await asyncio.get_running_loop().run_in_executor(None, fault.action)
            await self._relay(reader, writer, length - length // 2)
        else:
            await self._relay(reader, writer, limit if limit is not None else length, flip=kind == "flip" and strikes)
        return limit is None

    @staticmethod
    async def _relay(reader, writer, count: int, flip: bool = False) -> None:
        """Passes exactly `count` bytes on; `flip` changes one of them in the middle."""
        passed = 0
        while passed < count:
            block = await reader.read(min(BLOCK, count - passed))
            if not block:
                raise ConnectionError("the body ended early")
            middle = count // 2
            if flip and passed <= middle < passed + len(block):
                changed = bytearray(block)
                changed[middle - passed] ^= 1
                block = bytes(changed)
            passed += len(block)
            if writer is not None:
                writer.write(block)
                await writer.drain()

    @staticmethod
    def _reset(writer) -> None:
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    @staticmethod
    def kind_of(method: str, target: str) -> str:
        """LIST for listings, the method for everything else."""
        parts = urlsplit(target)
        is_bucket = parts.path.strip("/").count("/") == 0
        if method == "GET" and is_bucket and ("list-type" in parts.query or "prefix" in parts.query):
            return "LIST"
        return method
