"""gql: GraphQL over HTTP and over a WebSocket, and files in multipart forms."""

import io

import graphql
import pytest
from aiohttp import WSMsgType, web
from gql import Client, FileVar, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport
from gql.transport.exceptions import TransportQueryError, TransportServerError

SCHEMA = graphql.build_schema(
    """
    type Query { hello(name: String!): String!  fail: String }
    type Subscription { count(to: Int!): Int! }
    """
)
ROOT = {"hello": lambda info, name: f"Hello, {name}!"}


async def answer(request):
    asked = await request.json()
    if isinstance(asked, list):
        return web.json_response([await executed(each) for each in asked])
    assert request.headers["X-Key"] == "k"
    return web.json_response(await executed(asked))


async def executed(asked):
    return graphql.graphql_sync(
        SCHEMA, asked["query"], ROOT, variable_values=asked.get("variables")
    ).formatted


async def count(request):
    """The protocol graphql-transport-ws as far as one subscription needs it."""
    socket = web.WebSocketResponse(protocols=["graphql-transport-ws"])
    await socket.prepare(request)
    async for message in socket:
        assert message.type is WSMsgType.TEXT
        said = message.json()
        if said["type"] == "connection_init":
            await socket.send_json({"type": "connection_ack"})
        elif said["type"] == "subscribe":
            for n in range(said["payload"]["variables"]["to"]):
                await socket.send_json(
                    {"id": said["id"], "type": "next", "payload": {"data": {"count": n}}}
                )
            await socket.send_json({"id": said["id"], "type": "complete"})
    return socket


async def upload(request):
    form = await request.post()
    file = form["0"]
    return web.json_response(
        {"data": {"upload": f"{file.filename} {file.content_type} {file.file.read().decode()}"}}
    )


@pytest.fixture
async def server(aiohttp_server):
    async def broken(request):
        raise web.HTTPInternalServerError

    app = web.Application()
    app.add_routes(
        [
            web.post("/graphql", answer),
            web.post("/upload", upload),
            web.post("/broken", broken),
            web.get("/events", count),
        ]
    )
    return await aiohttp_server(app)


async def test_a_query_its_variables_and_its_errors(server):
    transport = AIOHTTPTransport(
        str(server.make_url("/graphql")),
        headers={"X-Key": "k"},
        client_session_args={"trust_env": True},
    )
    async with Client(transport=transport) as session:
        query = gql("query($name: String!) { hello(name: $name) }")
        query.variable_values = {"name": "ann"}
        assert await session.execute(query) == {"hello": "Hello, ann!"}
        with pytest.raises(TransportQueryError, match="nonsense"):
            await session.execute(gql("{ nonsense }"))
        assert transport.response_headers["Content-Type"].startswith("application/json")


async def test_a_server_that_fails_is_an_error(server):
    async with Client(transport=AIOHTTPTransport(str(server.make_url("/broken")))) as session:
        with pytest.raises(TransportServerError, match="500"):
            await session.execute(gql("{ fail }"))


async def test_a_file_is_uploaded(server):
    query = gql("mutation($file: Upload!) { upload(file: $file) }")
    query.variable_values = {
        "file": FileVar(io.BytesIO(b"text"), filename="a.txt", content_type="text/plain")
    }
    async with Client(transport=AIOHTTPTransport(str(server.make_url("/upload")))) as session:
        result = await session.execute(query, upload_files=True)
    assert result == {"upload": "a.txt text/plain text"}


async def test_a_subscription_over_a_websocket(server):
    url = str(server.make_url("/events").with_scheme("ws"))
    query = gql("subscription($to: Int!) { count(to: $to) }")
    query.variable_values = {"to": 3}
    async with Client(transport=AIOHTTPWebsocketsTransport(url)) as session:
        assert [each["count"] async for each in session.subscribe(query)] == [0, 1, 2]
