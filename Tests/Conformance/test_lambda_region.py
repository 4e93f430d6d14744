"""`brigade up` in another region and account than its defaults: both stand in brigade.yaml."""

import boto3
import botocore.config
import pytest

from support.runtime import Runtime, create, refused


@pytest.fixture
def elsewhere(tmp_path):
    config = tmp_path / "brigade.yaml"
    config.write_text('runtime: { region: eu-central-1, account: "123456789012" }\n')
    running = Runtime("--config", str(config))
    yield running
    running.stop()


def test_its_region_and_account_stand_in_every_name(elsewhere):
    access, secret = elsewhere.keys
    client = boto3.client(
        "lambda", endpoint_url=elsewhere.url, region_name="eu-central-1", aws_access_key_id=access,
        aws_secret_access_key=secret, config=botocore.config.Config(retries={"max_attempts": 0}),
    )  # fmt: skip
    code = "import os\ndef handler(event, context): return [os.environ['AWS_REGION'], context.invoked_function_arn]\n"
    made = create(client, "here", code)
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:here"
    assert made["FunctionArn"] == arn
    assert client.invoke(FunctionName=arn)["Payload"].read() == f'["eu-central-1", "{arn}"]'.encode()
    said = refused("InvalidSignatureException", lambda: elsewhere.client().list_functions())
    assert "Credential should be scoped to a valid region." in said
    done = elsewhere.brigade("functions")
    assert done.returncode == 0 and "here" in done.stdout, done
    assert "--region eu-central-1" in elsewhere.output()
