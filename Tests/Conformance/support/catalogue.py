"""Every class of key and every kind of object that a copy must carry, and which stores can hold them."""

import datetime
import random
from dataclasses import dataclass, field

from .servers import Features, Server
from .stores import client

MIB = 1 << 20
#: Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
KEY_BYTES_MAXIMUM = 1024

#: name, key, and the feature that a store needs to hold it (None: all can)
KEYS: list[tuple[str, str, str | None]] = [
    ("plain", "plain.txt", None),
    ("nested", "deep/er/and/deeper/file", None),
    ("space", "with space/a b", None),
    ("plus", "plus/a+b", None),
    ("percent", "percent/100%", None),
    ("raw percent escape", "percent/a%2Fb%41", None),
    ("unicode", "unicode/grüße/日本語", None),
    ("emoji", "unicode/😀", None),
    ("NFD and NFC pair", "unicode/e\u0301", None),
    ("NFC of the pair", "unicode/\u00e9", None),
    ("high plane before surrogates", "order/\uffee", None),
    ("high plane", "order/\U00010000", None),
    ("control", "control/a\x01b", None),
    ("newline", "control/a\nb", "newline"),
    ("backslash", "odd/a\\b", None),
    ("quotes and angles", "odd/\"a'&<b>", None),
    ("query characters", "odd/a?b#c;d=e@f:g,h", None),
    ("brackets and stars", "odd/[a]{b}*(c)!$~^|`", None),
    ("trailing space", "odd/trailing ", None),
    ("trailing dot", "odd/trailing.", None),
    ("1000 bytes in segments", "/".join(c * 199 for c in "abcde"), None),
    ("1024 bytes in one segment", "z" * 1024, "long_segment"),
    ("double slash", "double//slash", "any_segments"),
    ("leading slash", "/leading", "any_segments"),
    ("dot segments", "dots/./a/../b", "any_segments"),
    ("two dots", "..", "any_segments"),
    ("folder marker", "folder/", "folder_markers"),
    ("a prefix that is a key", "shadow", "shadowed_keys"),
    ("a key below a key", "shadow/below", "shadowed_keys"),
]


@dataclass(frozen=True)
class Kind:
    """One kind of object: its size or part sizes, and what is written with it."""

    name: str
    size: int = 0
    parts: tuple[int, ...] = ()
    options: dict = field(default_factory=dict)
    needs: str | None = None
    #: The part sizes can be told from the size and the number of parts, as sizes that clients use.
    inferable: bool = True

    @property
    def key(self) -> str:
        return "kind/" + self.name.replace(" ", "-")


WHEN = datetime.datetime(2031, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
SYSTEM = {
    "ContentType": "text/x-probe; charset=utf-8",
    "ContentLanguage": "de, en",
    "ContentDisposition": 'attachment; filename="a b.txt"',
    "CacheControl": "max-age=60, no-transform",
}
KINDS: list[Kind] = [
    Kind("empty"),
    Kind("one byte", size=1),
    Kind("small", size=5000),
    Kind("one mebibyte and one byte", size=MIB + 1),
    Kind("nine mebibytes in one put", size=9 * MIB),
    Kind("system headers", size=10, options=SYSTEM, needs="metadata"),
    Kind("expires", size=10, options={"Expires": WHEN}, needs="expires"),
    Kind("stored as gzip", size=100, options={"ContentEncoding": "gzip"}, needs="metadata"),
    Kind("user metadata", size=10, options={"Metadata": {"foo": "bar", "mixed-case": "V"}}, needs="metadata"),
    Kind(
        "encoded metadata", size=10, options={"Metadata": {"name": "=?UTF-8?Q?=C3=BC?="}}, needs="encoded_metadata"
    ),
    Kind("large metadata", size=10, options={"Metadata": {"m": "x" * 2000}}, needs="large_metadata"),
    Kind("tags", size=10, options={"Tagging": "a=1&b=x%20y&c=%2B%3D"}, needs="tags"),
    Kind("two parts", parts=(5 * MIB, 3 * MIB)),
    Kind("eight mebibyte parts", parts=(8 * MIB, 8 * MIB, 1)),
    Kind("odd part size", parts=(6_000_001, 6_000_001, 77), inferable=False),
    Kind("one part", parts=(5 * MIB + 5,)),
    Kind("unequal parts", parts=(5 * MIB, 6 * MIB, 5 * MIB + 1, 9), inferable=False),
    Kind(
        "parts with metadata and tags",
        parts=(5 * MIB, 10),
        options={"Metadata": {"foo": "bar"}, "ContentType": "image/png", "Tagging": "t=1"},
        needs="tags",
    ),
]


def body(name: str, size: int) -> bytes:
    """Bytes that depend on the name alone."""
    return random.Random(name).randbytes(size)


MULTIPART = {kind.key for kind in KINDS if kind.parts}
NOT_INFERABLE = {kind.key for kind in KINDS if not kind.inferable}


def holdable_keys(*stores: Features) -> list[str]:
    return [key for _, key, needs in KEYS if needs is None or all(getattr(store, needs) for store in stores)]


def holdable_kinds(*stores: Features) -> list[Kind]:
    return [kind for kind in KINDS if kind.needs is None or all(getattr(store, kind.needs) for store in stores)]


def put(s3, bucket: str, key: str, kind: Kind) -> None:
    """Writes one object of a kind, by one PUT or in its parts."""
    if not kind.parts:
        s3.put_object(Bucket=bucket, Key=key, Body=body(kind.name, kind.size), **kind.options)
        return
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, **kind.options)["UploadId"]
    address = {"Bucket": bucket, "Key": key, "UploadId": upload}
    parts = []
    for number, size in enumerate(kind.parts, 1):
        data = body(f"{kind.name} {number}", size)
        answer = s3.upload_part(PartNumber=number, Body=data, **address)
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **address)


def fill(server: Server, bucket: str, *held_by: Features, prefix: str = "") -> int:
    """Puts every key and kind that this server and the others can hold into a bucket; returns how many."""
    s3 = client(server)
    names = [
        key for key in holdable_keys(server.features, *held_by) if len((prefix + key).encode()) <= KEY_BYTES_MAXIMUM
    ]
    kinds = holdable_kinds(server.features, *held_by)
    for key in names:
        data = b"" if key.endswith("/") else body(key, 100 + len(key))
        s3.put_object(Bucket=bucket, Key=prefix + key, Body=data)
    for kind in kinds:
        put(s3, bucket, prefix + kind.key, kind)
    return len(names) + len(kinds)
