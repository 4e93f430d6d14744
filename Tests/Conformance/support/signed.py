"""Requests signed by hand (Signature Version 4), for what no client lets one say: chunk framings, old clocks, wrong claims.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
"""

import hashlib
import hmac
import http.client
import time
import urllib.parse
from dataclasses import dataclass, field

from .servers import Server

EMPTY = hashlib.sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"
CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
CHUNKS_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """S3's code for a refusal; "" when there is none."""
        return self.body.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()


@dataclass
class Signed:
    """One request: what it says, and the key and signature that its chunks are signed with."""

    server: Server
    method: str
    bucket: str
    key: str = ""
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    #: the value of x-amz-content-sha256; None for the digest of the body
    payload: str | None = None
    access: str | None = None
    secret: str | None = None
    #: seconds that the signer's clock is wrong by
    skew: int = 0

    def sign(self, body: bytes) -> dict[str, str]:
        moment = time.gmtime(time.time() + self.skew)
        self.date = time.strftime("%Y%m%dT%H%M%SZ", moment)
        self.scope = f"{self.date[:8]}/us-east-1/s3/aws4_request"
        self.key_bytes = f"AWS4{self.secret or self.server.secret}".encode()
        for piece in self.scope.split("/"):
            self.key_bytes = hmac.digest(self.key_bytes, piece.encode(), "sha256")
        self.path = urllib.parse.quote(f"/{self.bucket}/{self.key}" if self.key else f"/{self.bucket}", safe="/-_.~")
        headers = {name.lower(): value for name, value in self.headers.items()} | {
            "host": f"127.0.0.1:{self.server.port}",
            "x-amz-date": self.date,
            "x-amz-content-sha256": self.payload or hashlib.sha256(body).hexdigest(),
        }
        names = sorted(headers)
        canonical = "\n".join([
            self.method, self.path, "&".join(sorted(p if "=" in p else p + "=" for p in self.query.split("&") if p)),
            *(f"{name}:{headers[name]}" for name in names), "", ";".join(names), headers["x-amz-content-sha256"],
        ])  # fmt: skip
        self.signature = self.seal("AWS4-HMAC-SHA256", hashlib.sha256(canonical.encode()).hexdigest())
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.access or self.server.access}/{self.scope}, "
            f"SignedHeaders={';'.join(names)}, Signature={self.signature}"
        )
        return headers

    def seal(self, *lines: str) -> str:
        text = "\n".join([lines[0], self.date, self.scope, *lines[1:]])
        return hmac.new(self.key_bytes, text.encode(), "sha256").hexdigest()

    def framed(self, body: bytes, size: int, trailer: tuple[str, str] | None) -> bytes:
        """The body as aws-chunked. `sign` was called."""
        signs = self.payload != UNSIGNED_TRAILER
        pieces = []
        for start in [*range(0, len(body), size), len(body)]:
            chunk = body[start : start + size]
            line = f"{len(chunk):x}"
            if signs:
                digest = hashlib.sha256(chunk).hexdigest()
                self.signature = self.seal("AWS4-HMAC-SHA256-PAYLOAD", self.signature, EMPTY, digest)
                line += f";chunk-signature={self.signature}"
            pieces += [line.encode(), b"\r\n", chunk, b"\r\n" if chunk else b""]
        if trailer:
            line = f"{trailer[0]}:{trailer[1]}"
            pieces.append(f"{line}\r\n".encode())
            if signs:
                digest = hashlib.sha256(f"{line}\n".encode()).hexdigest()
                seal = self.seal("AWS4-HMAC-SHA256-TRAILER", self.signature, digest)
                pieces.append(f"x-amz-trailer-signature:{seal}\r\n".encode())
        return b"".join([*pieces, b"\r\n"])

    def send(
        self, body: bytes = b"", *, chunk: int = 65536, trailer: tuple[str, str] | None = None,
        announces: str | None = None, spoil=None,
    ) -> Answer:  # fmt: skip
        """
        Sends it, framed when `payload` says so. `announces` is the name of another trailer than the one that comes;
        `spoil` changes the bytes that go out after they were signed.
        """
        streams = (self.payload or "").startswith("STREAMING-")
        if streams:
            self.headers |= {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(len(body))}
        if trailer:
            self.headers["x-amz-trailer"] = announces or trailer[0]
        headers = self.sign(body)
        sent = self.framed(body, chunk, trailer) if streams else body
        if spoil:
            sent = spoil(sent)
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            target = self.path + ("?" + self.query if self.query else "")
            connection.request(self.method, target, body=sent if self.method in ("PUT", "POST") else None, headers=headers)
            answer = connection.getresponse()
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, fields, answer.read())
        finally:
            connection.close()
