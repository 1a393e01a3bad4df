"""aiobotocore: S3's client against a small S3 of our own."""

import re
from hashlib import md5

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from aiohttp import web
from botocore.exceptions import ClientError, EndpointConnectionError

DATA = bytes(range(256)) * 4096


def xml(text, **options):
    return web.Response(
        text=f'<?xml version="1.0"?>{text}', content_type="application/xml", **options
    )


class Store:
    """Objects by key, and uploads in parts."""

    def __init__(self):
        self.objects = {}
        self.parts = {}
        self.flaky = 1

    def application(self):
        app = web.Application(client_max_size=16 * 1024**2)
        app.add_routes(
            [
                web.put("/bucket", self.make),
                web.get("/bucket", self.list),
                web.put("/bucket/{key:.+}", self.put),
                web.post("/bucket/{key:.+}", self.post),
                web.get("/bucket/{key:.+}", self.get),
                web.delete("/bucket/{key:.+}", self.delete),
            ]
        )
        return app

    async def make(self, request):
        assert request.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=key/")
        return web.Response(headers={"Location": "/bucket"})

    async def list(self, request):
        entries = "".join(
            f"<Contents><Key>{key}</Key><Size>{len(data)}</Size></Contents>"
            for key, data in sorted(self.objects.items())
            if key.startswith(request.query.get("prefix", ""))
        )
        return xml(
            f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>"
        )

    async def put(self, request):
        data = await request.read()
        if "aws-chunked" in request.headers.get("Content-Encoding", ""):
            data = unchunked(data)
        key = request.match_info["key"]
        if "partNumber" in request.query:
            self.parts[int(request.query["partNumber"])] = data
        else:
            self.objects[key] = data
        return web.Response(headers={"ETag": f'"{md5(data).hexdigest()}"'})

    async def post(self, request):
        key = request.match_info["key"]
        if "uploads" in request.query:
            result = f"<Bucket>bucket</Bucket><Key>{key}</Key><UploadId>1</UploadId>"
            return xml(f"<InitiateMultipartUploadResult>{result}</InitiateMultipartUploadResult>")
        named = re.findall(r"<PartNumber>(\d+)", await request.text())
        self.objects[key] = b"".join(self.parts[int(number)] for number in named)
        return xml(
            f"<CompleteMultipartUploadResult><Key>{key}</Key></CompleteMultipartUploadResult>"
        )

    async def get(self, request):
        key = request.match_info["key"]
        if key == "flaky" and self.flaky:
            self.flaky -= 1
            raise web.HTTPServiceUnavailable
        if key not in self.objects:
            return xml("<Error><Code>NoSuchKey</Code><Message>none</Message></Error>", status=404)
        data = self.objects[key][request.http_range]
        status = 206 if "Range" in request.headers else 200
        return web.Response(body=data, status=status, headers={"x-amz-meta-made": "by hand"})

    async def delete(self, request):
        del self.objects[request.match_info["key"]]
        return web.Response(status=204)


def unchunked(data):
    """The body behind S3's own chunks (aws-chunked), in which a checksum follows the last."""
    body = b""
    while data:
        size, _, rest = data.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        if not length:
            break
        body, data = body + rest[:length], rest[length + 2 :]
    return body


@pytest.fixture
def store():
    return Store()


@pytest.fixture
async def client(aiohttp_server, store):
    server = await aiohttp_server(store.application())
    async with connected(str(server.make_url("/"))) as client:
        yield client


def connected(url):
    return get_session().create_client(
        "s3",
        region_name="eu-west-1",
        endpoint_url=url,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=AioConfig(
            s3={"addressing_style": "path"}, retries={"max_attempts": 2, "mode": "standard"}
        ),
    )


async def test_objects_are_put_listed_read_and_deleted(client, store):
    await client.create_bucket(
        Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    await client.put_object(Bucket="bucket", Key="a/one two", Body=DATA)
    assert store.objects == {"a/one two": DATA}
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="bucket", Prefix="a/")
    listed = [each["Size"] async for page in pages for each in page["Contents"]]
    assert listed == [len(DATA)]
    found = await client.get_object(Bucket="bucket", Key="a/one two")
    assert found["Metadata"] == {"made": "by hand"}
    async with found["Body"] as body:
        assert await body.read() == DATA
    part = await client.get_object(Bucket="bucket", Key="a/one two", Range="bytes=5-9")
    chunks = [chunk async for chunk in part["Body"].iter_chunks(2)]
    assert b"".join(chunks) == DATA[5:10]
    await client.delete_object(Bucket="bucket", Key="a/one two")
    assert store.objects == {}


async def test_an_upload_in_parts_and_a_signed_address(client, store, aiohttp_client):
    upload = await client.create_multipart_upload(Bucket="bucket", Key="big")
    done = []
    for number, piece in enumerate((DATA, b"end"), 1):
        options = {"Bucket": "bucket", "Key": "big", "UploadId": upload["UploadId"]}
        made = await client.upload_part(**options, PartNumber=number, Body=piece)
        done.append({"PartNumber": number, "ETag": made["ETag"]})
    await client.complete_multipart_upload(**options, MultipartUpload={"Parts": done})
    assert store.objects["big"] == DATA + b"end"


async def test_errors_are_botocores_and_a_failure_is_tried_again(client, store, unused_tcp_port):
    with pytest.raises(ClientError, match="NoSuchKey"):
        await client.get_object(Bucket="bucket", Key="none")
    store.objects["flaky"] = b"at last"
    found = await client.get_object(Bucket="bucket", Key="flaky")
    assert await found["Body"].read() == b"at last"
    assert found["ResponseMetadata"]["RetryAttempts"] == 1
    async with connected(f"http://127.0.0.1:{unused_tcp_port}") as lost:
        with pytest.raises(EndpointConnectionError):
            await lost.list_objects_v2(Bucket="bucket")
