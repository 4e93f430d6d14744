"""A receiver of notifications on loopback that remembers what it got and answers as it is told."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_plus


class Webhook:
    """Use as a context manager. `status` says what to answer, by the event's record; it is called under the lock."""

    def __init__(self, status=lambda record: 200, port: int = 0):
        self.status = status
        self.changed = threading.Condition()
        #: (headers, body as sent), everything that came
        self.requests: list[tuple[dict, bytes]] = []
        #: records that were answered 2xx, in this order
        self.taken: list[dict] = []
        self.port = port
        #: the body of each answer
        self.answer = b""
        self.server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/events"

    def __enter__(self) -> "Webhook":
        hook = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = hook.receive(dict(self.headers), body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(hook.answer)))
                self.end_headers()
                self.wfile.write(hook.answer)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

            def shutdown_request(self, request):
                hook.sockets.discard(request)
                super().shutdown_request(request)

            def process_request(self, request, address):
                hook.sockets.add(request)
                super().process_request(request, address)

        self.sockets: set[socket.socket] = set()
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.server.shutdown()
        self.server.server_close()
        for each in list(self.sockets):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def receive(self, headers: dict, body: bytes) -> int:
        document = json.loads(body)
        # Not only of stores.
        record = document["Records"][0] if "Records" in document else document
        with self.changed:
            self.requests.append((headers, body))
            status = self.status(record)
            if 200 <= status < 300:
                self.taken.append(record)
            self.changed.notify_all()
        return status

    def wait(self, condition, seconds: float = 30):
        """Until the condition, of this webhook, holds; its value."""
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self), seconds), [summary(one) for one in self.taken][-20:]
            return condition(self)

    def wait_for(self, count: int) -> list[tuple[str, str]]:
        """The first `count` events that were taken."""
        self.wait(lambda hook: len(hook.taken) >= count)
        return [summary(record) for record in self.taken]


def key(record: dict) -> str:
    return unquote_plus(record["s3"]["object"]["key"])


def summary(record: dict) -> tuple[str, str]:
    return record["eventName"].removeprefix("s3:"), key(record)
