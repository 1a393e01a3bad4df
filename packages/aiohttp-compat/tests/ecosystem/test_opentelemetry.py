"""opentelemetry: spans of client and server, one trace across both."""

import aiohttp
import pytest
from aiohttp import web
from opentelemetry import trace
from opentelemetry.instrumentation.aiohttp_client import (
    AioHttpClientInstrumentor,
    create_trace_config,
)
from opentelemetry.instrumentation.aiohttp_server import AioHttpServerInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

# aiohttp warns of the same.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")


@pytest.fixture
def spans():
    """The provider's exporter: what has ended, in order."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    exporter.provider = provider
    return exporter


@pytest.fixture
def client_instrumented(spans):
    instrumentor = AioHttpClientInstrumentor()
    instrumentor.instrument(tracer_provider=spans.provider)
    yield
    instrumentor.uninstrument()


@pytest.fixture
def server_instrumented(spans):
    instrumentor = AioHttpServerInstrumentor()
    instrumentor.instrument(tracer_provider=spans.provider)
    yield
    instrumentor.uninstrument()


async def hello(request):
    current = trace.get_current_span().get_span_context()
    return web.json_response({"trace": f"{current.trace_id:032x}", **request.match_info})


async def fail(request):
    raise web.HTTPInternalServerError


def application():
    app = web.Application()
    app.add_routes([web.get("/hello/{name}", hello), web.get("/fail", fail)])
    return app


def test_the_stand_in_satisfies_what_instruments_require():
    for instrumentor in (AioHttpClientInstrumentor, AioHttpServerInstrumentor):
        assert instrumentor()._check_dependency_conflicts() is None


async def test_one_trace_across_client_and_server(
    spans, server_instrumented, client_instrumented, aiohttp_server
):
    server = await aiohttp_server(application())  # made of the class that is in the module now
    async with aiohttp.ClientSession() as session:
        async with session.get(server.make_url("/hello/ann")) as response:
            heard = await response.json()
    asked, served = sorted(
        spans.get_finished_spans(), key=lambda span: span.kind is SpanKind.SERVER
    )
    assert (asked.kind, asked.name) == (SpanKind.CLIENT, "GET")
    assert (served.kind, served.name) == (SpanKind.SERVER, "GET /hello/{name}")
    assert served.parent.span_id == asked.context.span_id
    assert heard == {"trace": f"{asked.context.trace_id:032x}", "name": "ann"}
    assert asked.attributes["http.status_code"] == served.attributes["http.status_code"] == 200
    assert served.attributes["http.route"] == "/hello/{name}"


async def test_failures_are_marked(
    spans, server_instrumented, client_instrumented, aiohttp_server, unused_tcp_port
):
    server = await aiohttp_server(application())
    async with aiohttp.ClientSession() as session:
        await session.get(server.make_url("/fail"))
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"http://127.0.0.1:{unused_tcp_port}/")
    statuses = [(span.kind, span.status.status_code) for span in spans.get_finished_spans()]
    assert sorted(statuses, key=str) == sorted(
        [
            (SpanKind.SERVER, StatusCode.ERROR),
            (SpanKind.CLIENT, StatusCode.ERROR),
            (SpanKind.CLIENT, StatusCode.ERROR),
        ],
        key=str,
    )
    refused = spans.get_finished_spans()[-1]
    assert refused.events[0].attributes["exception.type"].endswith("ClientConnectorError")


async def test_a_trace_config_by_hand(spans, aiohttp_server):
    server = await aiohttp_server(application())
    named = create_trace_config(
        url_filter=lambda url: url.with_query(None).human_repr(),
        request_hook=lambda span, params: span.update_name(f"my {params.method}"),
        tracer_provider=spans.provider,
    )
    async with aiohttp.ClientSession(trace_configs=[named]) as session:
        await session.get(server.make_url("/hello/bob?token=secret"))
    (span,) = spans.get_finished_spans()
    assert span.name == "my GET"
    assert span.attributes["http.url"] == str(server.make_url("/hello/bob"))


async def test_nothing_is_measured_any_more(spans, client_instrumented, aiohttp_server):
    AioHttpClientInstrumentor().uninstrument()
    server = await aiohttp_server(application())
    async with aiohttp.ClientSession() as session:
        await session.get(server.make_url("/hello/ann"))
    assert spans.get_finished_spans() == ()
