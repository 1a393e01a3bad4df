"""sentry-sdk: what a handler raises is reported, and a trace goes through the client."""

import aiohttp
import pytest
import sentry_sdk
from aiohttp import web
from sentry_sdk.integrations.aiohttp import AioHttpIntegration
from sentry_sdk.transport import Transport


class Kept(Transport):
    """Keeps what would be sent."""

    def __init__(self):
        super().__init__()
        self.items = []

    def capture_envelope(self, envelope):
        self.items += [(item.headers["type"], item.payload.json) for item in envelope.items]

    def of(self, kind):
        return [payload for named, payload in self.items if named == kind]


@pytest.fixture
def sent():
    transport = Kept()
    sentry_sdk.init(
        dsn="http://key@127.0.0.1:9/1",
        transport=transport,
        integrations=[AioHttpIntegration(transaction_style="method_and_path_pattern")],
        traces_sample_rate=1.0,
        trace_propagation_targets=[".*"],
    )
    yield transport
    sentry_sdk.init()


async def fail(request):
    sentry_sdk.set_tag("asked", request.match_info["name"])
    await request.text()
    raise ValueError("nothing works")


async def unavailable(request):
    raise web.HTTPServiceUnavailable


async def missing(request):
    raise web.HTTPNotFound


def application():
    app = web.Application()
    app.add_routes(
        [
            web.post("/fail/{name}", fail),
            web.get("/unavailable", unavailable),
            web.get("/missing", missing),
        ]
    )
    return app


async def test_what_a_handler_raises_is_reported_with_its_request(sent, aiohttp_client):
    client = await aiohttp_client(application())
    response = await client.post("/fail/ann?q=1", json={"n": 1}, headers={"X-Page": "p"})
    assert response.status == 500
    (event,) = sent.of("event")
    assert event["transaction"] == "POST /fail/{name}"
    assert event["exception"]["values"][0]["value"] == "nothing works"
    assert event["request"]["method"] == "POST"
    assert event["request"]["query_string"] == "q=1"
    assert event["request"]["headers"]["X-Page"] == "p"
    assert event["request"]["data"] == '{"n": 1}'
    assert event["tags"] == {"asked": "ann"}
    assert event["contexts"]["trace"]["op"] == "http.server"


async def test_only_answers_of_the_servers_fault_are_errors(sent, aiohttp_client):
    client = await aiohttp_client(application())
    await client.get("/missing")
    await client.get("/nowhere")
    assert sent.of("event") == []
    await client.get("/unavailable")
    (event,) = sent.of("event")
    assert event["exception"]["values"][0]["type"] == "HTTPServiceUnavailable"
    served = [
        each for each in sent.of("transaction") if each["contexts"]["trace"]["op"] == "http.server"
    ]
    assert [each["contexts"]["trace"]["status"] for each in served] == [
        "not_found",
        "not_found",
        "unavailable",
    ]


async def test_a_trace_goes_through_the_client(sent, aiohttp_server):
    heard = []

    async def hello(request):
        heard.append(request.headers["sentry-trace"])
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    server = await aiohttp_server(app)
    with sentry_sdk.start_transaction(name="job") as job:
        async with aiohttp.ClientSession() as session:
            assert await (await session.get(server.make_url("/"))).text() == "hello"
    assert heard[0].startswith(job.trace_id)
    mine = next(each for each in sent.of("transaction") if each["transaction"] == "job")
    (span,) = mine["spans"]
    assert (span["op"], span["data"]["http.response.status_code"]) == ("http.client", 200)
    assert {each["contexts"]["trace"]["trace_id"] for each in sent.of("transaction")} == {
        job.trace_id
    }
