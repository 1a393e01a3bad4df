"""Real traffic, recorded and played."""

import asyncio
import gzip
import json
import ssl
import zlib
from pathlib import Path

import pytest
import trustme
from aiolos_protocol.testkit import ScriptedPeer
from aiolos_testing import Player, Recorder, UndeclaredRequest, recorded
from aiolos_testing.fake import Answer, Asked, FakeServer, answer
from aiolos_testing.redaction import SECRETS, Redaction
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL


async def ask(
    fake: FakeServer, method: str, url: str, body: bytes = b"", *fields: str
) -> tuple[int, list[str], bytes]:
    """Status, fields and body of an answer."""
    whole = URL(url)
    context = ssl.create_default_context() if whole.scheme == "https" else None
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = await fake.connect(
        lambda: asyncio.StreamReaderProtocol(reader),
        whole.host or "",
        whole.port or 0,
        ssl=context,
    )
    transport = protocol._transport
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    lines = [
        f"{method} {whole.raw_path_qs} HTTP/1.1",
        f"Host: {whole.raw_authority}",
        "Connection: close",
        f"Content-Length: {len(body)}",
        *fields,
    ]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    try:
        head, _, received = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    start, *found = head.decode().split("\r\n")
    return int(start.split(" ")[1]), found, received


async def test_what_is_recorded_is_played(tmp_path: Path) -> None:
    path = tmp_path / "recordings" / "items.json"
    async with FakeServer() as upstream:
        base = str(upstream.url("/")).rstrip("/")
        upstream.get("/items?page=1").answer(json=[1]).answer(json=[2])
        upstream.post("/items").answer(201, text="grün", headers={"X-Own": "field"})
        upstream.get("/image").answer(data=b"\xff\x00")
        async with Recorder(path) as recorder:
            first = [
                await ask(recorder, "GET", f"{base}/items?page=1"),
                await ask(recorder, "GET", f"{base}/items?page=1"),
                await ask(recorder, "POST", f"{base}/items", b'{"a": 1}'),
                await ask(recorder, "GET", f"{base}/image"),
            ]
        assert len(upstream.asked) == 4
        assert upstream.asked[0].headers["Accept-Encoding"] == "identity"
        assert "Connection" not in upstream.asked[0].headers
    async with Player(path) as player:
        again = [
            await ask(player, "GET", f"{base}/items?page=1"),
            await ask(player, "GET", f"{base}/items?page=1"),
            # Spelled otherwise, it is the same JSON.
            await ask(player, "POST", f"{base}/items", b'{"a":1}'),
            await ask(player, "GET", f"{base}/image"),
        ]
        assert [(status, body) for status, _, body in again] == [
            (200, b"[1]"),
            (200, b"[2]"),
            (201, "grün".encode()),
            (200, b"\xff\x00"),
        ]
        assert [(status, body) for status, _, body in first] == [
            (status, body) for status, _, body in again
        ]
        assert "X-Own: field" in again[2][1]
        player.check_all_asked()


async def test_the_file_is_readable(tmp_path: Path) -> None:
    path = tmp_path / "items.json"
    async with FakeServer() as upstream:
        upstream.get("/items").answer(json={"name": "grün"})
        async with Recorder(path) as recorder:
            await ask(recorder, "GET", str(upstream.url("/items")))
    written = json.loads(path.read_text())
    assert written["recording"] == 1
    (exchange,) = written["exchanges"]
    assert exchange["request"]["method"] == "GET"
    assert exchange["response"]["json"] == {"name": "grün"}
    assert '"name": "grün"' in path.read_text(encoding="utf-8")


async def test_what_was_not_recorded_fails(tmp_path: Path) -> None:
    path = tmp_path / "items.json"
    async with FakeServer() as upstream:
        base = str(upstream.url("/"))
        upstream.get("/").answer(text="one")
        async with Recorder(path) as recorder:
            await ask(recorder, "GET", base)
    wanted = (
        rf"/a was asked and is not recorded in {path}; the nearest is entry 1, GET {base} "
        r"\(path: '/' recorded, '/a' asked\); delete that file to record it anew"
    )
    async with Player(path) as player:
        assert (await ask(player, "GET", f"{base}a"))[0] == 501
        with pytest.raises(UndeclaredRequest, match=wanted):
            player.check()
        with pytest.raises(AssertionError, match=f"recorded in {path} and never asked: entry 1"):
            player.check_all_asked()


async def test_secrets_are_hidden_and_not_needed_again(tmp_path: Path) -> None:
    path = tmp_path / "secret.json"
    async with FakeServer() as upstream:
        base = str(upstream.url("/"))
        cookie = {"Set-Cookie": "session=s3cret; Path=/", "X-Trace": "s3cret"}
        upstream.on("*", "/?key=s3cret&page=1").answer(
            json={"user": {"password": "s3cret"}, "all": [{"Access_Token": "s3cret"}]},
            headers=cookie,
        )
        async with Recorder(path, hide=["key", "X-Trace", "pin"]) as recorder:
            url = f"{base}?key=s3cret&page=1"
            fields = ("Authorization: s3cret", "Cookie: a=s3cret")
            form = "Content-Type: application/x-www-form-urlencoded"
            body = "Content-Type: application/json"
            await ask(recorder, "GET", url, b"", *fields)
            await ask(recorder, "POST", url, b"pin=s3cret&other=1", form)
            await ask(recorder, "PUT", url, b'{"pin": "s3cret", "other": 1}', body)
        # The real server got the real thing.
        assert upstream.asked[0].headers["Authorization"] == "s3cret"
        assert upstream.asked[1].body == b"pin=s3cret&other=1"
    text = path.read_text()
    assert "s3cret" not in text
    assert "session=(hidden); Path=/" in text
    async with Player(path) as player:
        url = f"{base}?key=another&page=1"
        status, fields_, received = await ask(player, "GET", url)
        assert status == 200
        assert "Set-Cookie: session=(hidden); Path=/" in fields_
        assert json.loads(received)["user"] == {"password": "(hidden)"}
        assert (await ask(player, "POST", url, b"pin=another&other=1", form))[0] == 200
        assert (await ask(player, "PUT", url, b'{"pin": "x", "other": 1}', body))[0] == 200


async def test_what_is_compressed_is_declared_and_written_down_plain(tmp_path: Path) -> None:
    path = tmp_path / "coded.json"
    sent = zlib.compress(b'{"password": "s3cret", "other": 1}')
    fields = ("Content-Encoding: deflate", "Content-Type: application/json")
    async with FakeServer() as upstream:
        base = str(upstream.url("/"))
        upstream.post("/", json={"password": "s3cret", "other": 1}).answer(
            data=gzip.compress(b'{"token": "s3cret", "all": "well"}'),
            headers={"Content-Encoding": "gzip", "Content-Type": "application/json"},
        )
        async with Recorder(path) as recorder:
            status, head, received = await ask(recorder, "POST", base, sent, *fields)
        assert (upstream.asked[0].json()["password"], upstream.asked[0].coded) == ("s3cret", sent)
    assert status == 200
    assert json.loads(received) == {"token": "s3cret", "all": "well"}
    assert not any("Content-Encoding" in field for field in head)
    text = path.read_text()
    assert '"other": 1' in text
    assert "well" in text
    assert "s3cret" not in text
    async with Player(path) as player:
        assert (await ask(player, "POST", base, sent, *fields))[0] == 200


async def test_some_exchanges_are_left_out_and_some_are_declared(tmp_path: Path) -> None:
    path = tmp_path / "items.json"

    def keep(asked: Asked, answer: Answer) -> bool:
        return answer.status < 400

    async with FakeServer() as upstream:
        base = str(upstream.url("/"))
        upstream.get("/good").answer(text="good")
        upstream.get("/bad").answer(404)
        async with Recorder(path, keep=keep) as recorder:
            recorder.get("/declared").answer(text="declared")
            for each in ("good", "bad", "declared"):
                await ask(recorder, "GET", base + each)
    urls = [each["request"]["url"] for each in json.loads(path.read_text())["exchanges"]]
    assert urls == [f"{base}good"]


async def test_recording_over_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")
        await reader.read()
        writer.close()
        await writer.wait_closed()
        ended.set()

    ended = asyncio.Event()
    served = await asyncio.start_server(script, "127.0.0.1", 0, ssl=context)
    port = served.sockets[0].getsockname()[1]
    async with Recorder(tmp_path / "tls.json", ssl=trusting) as recorder:
        assert (await ask(recorder, "GET", f"https://localhost:{port}/"))[2] == b"secret"
    await ended.wait()
    served.close()


async def test_a_server_that_cannot_be_reached_fails_the_test(tmp_path: Path) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with ScriptedPeer(script) as peer:
        closes = f"http://127.0.0.1:{peer.port}/"
        with pytest.raises(UndeclaredRequest, match="was to be recorded, but .*closed"):
            async with Recorder(tmp_path / "none.json") as recorder:
                assert (await ask(recorder, "GET", closes))[0] == 502
    with pytest.raises(UndeclaredRequest, match="was to be recorded, but ConnectionRefused"):
        async with Recorder(tmp_path / "none.json") as recorder:
            assert (await ask(recorder, "GET", closes))[0] == 502
    assert not (tmp_path / "none.json").exists()


async def test_the_first_run_records_the_next_ones_play(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    path = tmp_path / "items.json"
    async with FakeServer() as upstream:
        base = str(upstream.url("/"))
        upstream.get("/").answer(text="one")
        for _ in range(3):
            async with recorded(path, hide=["key"]) as fake:
                assert (await ask(fake, "GET", base))[2] == b"one"
        assert len(upstream.asked) == 1
    monkeypatch.setenv("CI", "true")
    with pytest.raises(FileNotFoundError, match="run this test once where the network is"):
        recorded(tmp_path / "absent.json")


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"recording": 99}')
    with pytest.raises(ValueError, match="is no recording of version 1; record it anew"):
        Player(path)
    with pytest.raises(FileNotFoundError):
        Player(tmp_path / "absent.json")


ASKED = {"method": "GET", "url": "/"}
UPGRADED = {"status": 101, "headers": []}


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ({}, "other.json cannot be read .*'hidden'"),
        ({"hidden": [], "exchanges": [{}]}, "entry 1 of .*'request'"),
        (
            {
                "hidden": [],
                "exchanges": [{"request": ASKED, "response": UPGRADED, "messages": [{}]}],
            },
            "entry 1 of .*'from'",
        ),
    ],
)
def test_what_is_amiss_in_a_recording_is_told_by_its_entry(
    tmp_path: Path, rest: dict[str, object], told: str
) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps({"recording": 1, **rest}))
    with pytest.raises(ValueError, match=f"{told}.*; record it anew"):
        Player(path)


async def test_an_empty_recording_says_so(tmp_path: Path) -> None:
    path = tmp_path / "empty.json"
    async with Recorder(path):
        pass
    with pytest.raises(UndeclaredRequest, match=f"recorded in {path}; delete that file"):
        async with Player(path) as player:
            await ask(player, "GET", "http://a/")


@pytest.mark.usefixtures("absent")
async def test_recording_a_websocket_needs_websockets(tmp_path: Path) -> None:
    fields = ("Sec-WebSocket-Version: 13",)
    async with Recorder(tmp_path / "none.json") as recorder:
        # The connection ends without an answer.
        with pytest.raises(IndexError):
            await ask(recorder, "GET", "http://127.0.0.1:1/", b"", *fields)
        with pytest.raises(UndeclaredRequest, match="needs the distribution 'aiolos-websocket'"):
            recorder.check()


def test_an_answer_may_be_made_beforehand() -> None:
    made = answer(json={})
    declared = FakeServer().get("/").answer_with(made)
    assert declared.next_answer(Asked("GET", None, None, b"")) is made  # type: ignore[arg-type]


async def test_multipart_forms_are_played_whatever_their_boundary(tmp_path: Path) -> None:
    path = tmp_path / "form.json"

    def form(boundary: str, secret: str) -> bytes:
        lines = [
            f"--{boundary}",
            'Content-Disposition: form-data; name="password"',
            "",
            secret,
            f"--{boundary}",
            'Content-Disposition: form-data; name="other"; filename="a.txt"',
            "",
            "kept",
            f"--{boundary}--",
            "",
        ]
        return "\r\n".join(lines).encode()

    async with FakeServer() as upstream:
        url = str(upstream.url("/"))
        upstream.post("/").answer(text="thanks")
        async with Recorder(path) as recorder:
            kind = "Content-Type: multipart/form-data; boundary=one"
            await ask(recorder, "POST", url, form("one", "s3cret"), kind)
        assert b"s3cret" in upstream.asked[0].body
    assert "s3cret" not in path.read_text()
    assert "kept" in path.read_text()
    async with Player(path) as player:
        kind = 'Content-Type: multipart/form-data; boundary="two"'
        assert (await ask(player, "POST", url, form("two", "another"), kind))[0] == 200


async def test_secrets_in_redirects_and_in_text_that_is_json_are_hidden(tmp_path: Path) -> None:
    path = tmp_path / "secret.json"
    async with FakeServer() as upstream:
        url = str(upstream.url("/"))
        upstream.get("/").answer(
            302, text='{"token": "s3cret"}', headers={"Location": "/next?token=s3cret&page=2"}
        )
        async with Recorder(path) as recorder:
            _, fields, _ = await ask(recorder, "GET", url)
            assert "Location: /next?token=s3cret&page=2" in fields
    assert "s3cret" not in path.read_text()
    async with Player(path) as player:
        _, fields, body = await ask(player, "GET", url)
        (location,) = [field for field in fields if field.startswith("Location: ")]
        assert location.endswith("&page=2")
        assert json.loads(body) == {"token": "(hidden)"}


def test_one_name_is_no_list_of_names(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"like \['X-Account'\], not 'X-Account'"):
        Recorder(tmp_path / "secret.json", hide="X-Account")


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("Location", "https://a/#access_token=s3cret&state=1", "#access_token=(hidden)&state=1"),
        ("Location", "https://a:b/?token=s3cret", "https://a:b/?token=(hidden)"),
        ("Link", '<https://a/?page=2&apiKey=s3cret>; rel="next"', '=(hidden)>; rel="next"'),
        ("Referer", "https://a/?access%5Ftoken=s3cret", "?access%5Ftoken=(hidden)"),
        ("X-Token", "s3cret", "(hidden)"),
        ("X-Access-Token", "s3cret", "(hidden)"),
        ("X-Auth", "s3cret", "(hidden)"),
        ("Location", "https://a/?X-Amz-Signature=s3cret", "?X-Amz-Signature=(hidden)"),
        ("Location", "https://a/?user[password]=s3cret", "?user[password]=(hidden)"),
        ("X-Tokens-Left", "7", "7"),
        ("X-Csrf-Token", "s3cret", "(hidden)"),
        ("X-Amz-Security-Token", "s3cret", "(hidden)"),
        ("Location", "https://a/?page=2#top", "https://a/?page=2#top"),
    ],
)
def test_secrets_of_fields_are_hidden(name: str, value: str, written: str) -> None:
    hidden = Redaction(SECRETS).answer(Answer(200, CIMultiDict({name: value})))
    assert hidden.headers[name].endswith(written)
    assert "s3cret" not in hidden.headers[name]


@pytest.mark.parametrize(
    "value",
    [
        {"accessToken": "s3cret"},
        {"auth_token": "s3cret", "newPassword": "s3cret", "user": {"old_password": "s3cret"}},
        {"apiKey": "s3cret", "session_token": ["s3cret"]},
        {"passwd": "s3cret", "private_key": "s3cret"},
        {"next": "https://a/items?page=2&token=s3cret"},
        ["/callback#id_token=s3cret"],
    ],
)
def test_secrets_of_json_are_hidden(value: object) -> None:
    body = Redaction(SECRETS).answer(Answer(200, body=json.dumps(value).encode())).body
    assert b"(hidden)" in body
    assert b"s3cret" not in body


def test_a_url_in_a_query_or_a_form_has_secrets_too() -> None:
    kind = CIMultiDict({"Content-Type": "application/x-www-form-urlencoded"})
    url = URL("http://a/").with_query({"next": "https://b/?token=s3cret"})
    asked = Asked("POST", url, CIMultiDictProxy(kind), url.raw_query_string.encode())
    hidden = Redaction(SECRETS).asked(asked)
    assert "s3cret" not in str(hidden.url)
    assert hidden.form() == {"next": "https://b/?token=(hidden)"}
    assert hidden.url.query == {"next": "https://b/?token=(hidden)"}


S = "s3cret"


@pytest.mark.parametrize(
    "text",
    [
        f'{{"access_token": "{S}"}}\n{{"access_token": "{S}"}}\n',
        f'event: login\ndata: {{"access_token": "{S}"}}\n\ndata: [1, {{"token": "{S}"}}]\n\n',
        f'login {{"password": "{S}"}} and more',
        json.dumps({"data": json.dumps({"password": S})}),
        json.dumps({"data": f'login {{"password": "{S}"}}'}),
        json.dumps([{"name": "password", "value": S}, {"key": "X-Token", "value": S}]),
        json.dumps({"headers": [["Authorization", S], ["A", "b"]]}),
        f"user=me&password={S}",
        f"password={S}&user=me",
        f"<a><password>{S}</password></a>",
        f'<a xmlns:n="urn:x"><n:password kind="x">{S}</n:password></a>',
        f'<login user="me" password="{S}"/>',
        f"<login user='me' n:password='{S}'/>",
        f"see https://me:{S}@host/x and //me:{S}@host",
        f'note: <https://h/x?auth_token={S}>; rel="next"',
    ],
)
def test_secrets_within_text_are_hidden(text: str) -> None:
    redaction = Redaction(SECRETS)
    for hidden in (redaction.text(text), redaction.content(text.encode()).decode()):
        assert S not in hidden
        assert "(hidden)" in hidden
        # And what is hidden stays as it is, when it is compared in replaying.
        assert redaction.text(hidden) == hidden


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16"])
def test_secrets_of_json_in_other_codings_are_hidden(coding: str) -> None:
    body = json.dumps({"password": S}).encode(coding)
    assert Redaction(SECRETS).content(body) == b'{"password": "(hidden)"}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain, with a = b and [brackets] {and more",
        '{"a":  1}\n{"b": [2]}\n',
        "<a b='c'><d>e</d></a>",
        '{"required": ["password", "email"]}',
        "https://host:80/path?q=1#f",
        "{[" * 5_000,
    ],
)
def test_what_holds_no_secret_is_written_as_it_came(text: str) -> None:
    redaction = Redaction(SECRETS)
    assert redaction.text(text) == text
    assert redaction.content(text.encode()) == text.encode()


def test_what_is_no_text_is_written_as_it_came() -> None:
    assert Redaction(SECRETS).content(b"\xff\x00password=x") == b"\xff\x00password=x"


def test_secrets_of_parts_that_are_json_are_hidden() -> None:
    kind = CIMultiDict({"Content-Type": "multipart/form-data; boundary=b"})
    head = b'--b\r\nContent-Disposition: form-data; name="payload"\r\n\r\n'
    body = head + json.dumps({"password": S}).encode() + b"\r\n--b--\r\n"
    hidden = Redaction(SECRETS).answer(Answer(200, kind, body)).body
    assert b'{"password": "(hidden)"}\r\n--' in hidden


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('{"password": "s3cret', '{"password": "(hidden)'),
        ('[1] login {"a": 1, "new_password":"s\\"3cret", ...', '"new_password":"(hidden)", ...'),
        ('let config = {\'a\': 1, "token": "s3cret"}', '"token": "(hidden)"}'),
        ('{"password": 1, "other": "kept', '"other": "kept'),
    ],
)
def test_secrets_of_json_that_is_not_whole_are_hidden(text: str, written: str) -> None:
    hidden = Redaction(SECRETS).text(text)
    assert hidden.endswith(written)
    assert "3cret" not in hidden


def test_what_begins_like_json_is_not_read_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counting(json.JSONDecoder):
        read = 0

        def raw_decode(self, s: str, idx: int = 0) -> tuple[object, int]:
            try:
                return super().raw_decode(s, idx)
            except json.JSONDecodeError as error:
                Counting.read += error.pos - idx
                raise

    text = "[" * 500 + "1," * 5000
    monkeypatch.setattr(json, "JSONDecoder", Counting)
    assert Redaction(SECRETS).text(text) == text
    assert len(text) < Counting.read <= 22 * len(text)


def test_secrets_in_multipart_of_any_kind_are_hidden() -> None:
    parts = (
        '--b\r\n\r\n{"password": "s3cret"}\r\n'
        '--b\r\nContent-Disposition: inline; name="token"\r\n\r\ns3cret\r\n--b--\r\n'
    )
    fields = CIMultiDict({"Content-Type": "multipart/mixed; boundary=b"})
    hidden = Redaction(SECRETS).answer(Answer(200, fields, parts.encode()))
    boundary = hidden.headers["Content-Type"].partition("boundary=")[2]
    assert hidden.body.startswith(
        f"--{boundary}\r\n\r\n".encode() + b'{"password": "(hidden)"}\r\n'
    )
    assert hidden.body.endswith(f"\r\n\r\n(hidden)\r\n--{boundary}--\r\n".encode())
