"""The application of the guide of the server does what the guide says."""

import asyncio
import importlib.util
from pathlib import Path

import pytest
from aiolos_testing import TestClient


@pytest.fixture
async def client(root: Path):
    path = root / "docs" / "examples" / "server" / "notes.py"
    spec = importlib.util.spec_from_file_location("notes_of_the_guide", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    async with TestClient(module.make_app()) as client:
        yield client


async def test_a_form_leads_to_the_note(client):
    async with client.post("/notes", data={"text": "wind"}) as response:
        assert (response.status, response.url.path) == (200, "/notes/1")
        assert await response.json() == {"number": 1, "text": "wind"}
        assert response.headers["X-Served-By"] == "notes"


@pytest.mark.parametrize(
    ("method", "path", "data", "status", "detail"),
    [
        ("POST", "/notes", {"other": "x"}, 400, "the form needs a text\n"),
        ("GET", "/notes/7", None, 404, "there is no note 7\n"),
    ],
)
async def test_errors_are_problem_details(client, method, path, data, status, detail):
    async with client.request(method, path, data=data) as response:
        assert response.status == status
        assert response.content_type == "application/problem+json"
        assert (await response.json())["detail"] == detail


async def test_streams_both_ways(client):
    await client.post("/notes", data={"text": "wind"})
    async with client.get("/notes.csv") as response:
        assert await response.text() == '1,"wind"\r\n'
        assert response.headers["Content-Encoding"] in {"gzip", "deflate", "br", "zstd"}
    async with client.put("/measure", data=b"x" * 300_000) as response:
        assert await response.text() == "300000 bytes\n"


async def test_events_go_on_where_the_client_left(client):
    async with client.get("/news") as response:
        assert await response.content.readline() == b"retry: 3000\n"
        asking = asyncio.ensure_future(response.content.readuntil(b"data: wind\n"))
        await client.post("/notes", data={"text": "wind"})
        assert b"event: note\nid: 1\n" in await asking
    await client.post("/notes", data={"text": "rain"})
    async with client.get("/news", headers={"Last-Event-ID": "1"}) as response:
        told = await response.content.readuntil(b"data: rain\n")
        assert b"id: 2\n" in told
        assert b"wind" not in told


async def test_files_are_listed_and_served(client):
    async with client.get("/source") as response:
        assert "notes.py" in await response.text()
    async with client.get("/source/notes.py", headers={"Range": "bytes=0-2"}) as response:
        assert (response.status, await response.read()) == (206, b'"""')
