"""What every S3 server was asked, and with what: a list of questions by their names, each with the function that asks it."""

import boto3
from botocore.config import Config

from . import signed, stores

MIB = 1 << 20


class Questions(dict):
    def __call__(self, *names, **arguments):
        """The questions that a function asks; each argument is a list, one value a name."""

        def register(function):
            for index, name in enumerate(names):
                assert name not in self, name
                self[name] = (function, {key: values[index] for key, values in arguments.items()})
            return function

        return register

    def ask(self, name, world):
        function, arguments = self[name]
        function(world, **arguments)


class World:
    """What a question is asked with: the server, boto3 with its defaults, an empty bucket."""

    def __init__(self, server, s3, bucket):
        self.server, self.s3, self.bucket = server, s3, bucket

    def put(self, key="k", body=b"hello", **more):
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **more)

    def get(self, key="k", **more):
        return self.s3.get_object(Bucket=self.bucket, Key=key, **more)

    def body(self, key="k", **more):
        return self.get(key, **more)["Body"].read()

    def head(self, key="k", **more):
        return self.s3.head_object(Bucket=self.bucket, Key=key, **more)

    def keys(self):
        return list(stores.keys(self.s3, self.bucket))

    def at(self, key="k", **more):
        return {"Bucket": self.bucket, "Key": key, **more}

    def versions(self):
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})

    def upload(self, key="k", numbers=(1, 2), sizes=(5 * MIB, 4), **options):
        """An upload with its parts, not completed: its address and what was answered for each part."""
        address = self.at(key, UploadId=self.s3.create_multipart_upload(Bucket=self.bucket, Key=key, **options)["UploadId"])
        parts = []
        for number, size in zip(numbers, sizes):
            etag = self.s3.upload_part(PartNumber=number, Body=b"%d" % (number % 10) * size, **address)["ETag"]
            parts.append({"PartNumber": number, "ETag": etag})
        return address, {"Parts": parts}

    def signed(self, method="PUT", key="k", **more):
        return signed.Signed(self.server, method, self.bucket, key, **more)

    def signer(self):
        return boto3.client(
            "s3", endpoint_url=self.server.endpoint, aws_access_key_id=self.server.access,
            aws_secret_access_key=self.server.secret, region_name="us-east-1",
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )  # fmt: skip
