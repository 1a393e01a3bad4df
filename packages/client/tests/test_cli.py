"""The command: what it sends, what it shows, what its exit status says."""

import asyncio
import contextlib
import gzip
import io
import json
import os
import re
import shlex
import sys

import aiolos_client
import pytest
from aiolos_client.cli import show
from aiolos_client.cli.arguments import Mistake, http2_setting, parser, request_options
from aiolos_client.cli.main import main
from aiolos_client.cli.progress import Line, size_text, time_text
from aiolos_protocol.testkit import ScriptedPeer

JSON = b'{"b": 1, "a": [1, "\xc3\xbc"]}'


def answer(body=b"ok", status=200, kind=b"text/plain"):
    return b"HTTP/1.1 %d Reason\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (
        status,
        kind,
        len(body),
        body,
    )


@pytest.fixture
def command(peer):
    """`await command(answers, *arguments)`: exit status, stdout, stderr and what was asked. "URL"
    among the arguments is the server's."""

    async def command(answers, *arguments, stdin=b""):
        async with peer(*answers) as server:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "aiolos_client",
                *[each.replace("URL", server.url) for each in arguments],
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            out, err = await process.communicate(stdin)
        return process.returncode, out, err.decode(), server.requests

    return command


async def test_only_the_body_goes_into_a_pipe(command):
    status, out, err, requests = await command([answer(JSON)], "URL/x", "-H", "X-Mine: 1")
    assert (status, out, err) == (0, JSON, "")
    assert requests[0].startswith(b"GET /x HTTP/1.1\r\n")
    assert b"X-Mine: 1\r\n" in requests[0]


async def test_the_head_on_demand(command):
    _, out, _, _ = await command([answer()], "-i", "URL")
    assert out == b"HTTP/1.1 200 Reason\nContent-Type: text/plain\nContent-Length: 2\n\nok"


async def test_bodies(command, tmp_path):
    path = tmp_path / "file.txt"
    path.write_bytes(b"from a file")
    for arguments, kind, body in (
        (["-j", '{"a": 1}'], b"application/json", b'{"a": 1}'),
        (["-j", '{"a":1.0, "a":2}\n'], b"application/json", b'{"a":1.0, "a":2}\n'),
        (["-j", "null"], b"application/json", b"null"),
        (["-j", "1", "-H", "Content-Type: a/b+json"], b"a/b+json", b"1"),
        (["-d", "text"], b"text/plain; charset=utf-8", b"text"),
        (["-d", f"@{path}"], b"text/plain", b"from a file"),
        (["-F", "a=1 2", "-F", "b=3"], b"application/x-www-form-urlencoded", b"a=1+2&b=3"),
    ):
        status, _, err, (request,) = await command([answer()], *arguments, "URL")
        assert (status, err) == (0, "")
        head, _, sent = request.partition(b"\r\n\r\n")
        assert head.startswith(b"POST / ")
        assert b"Content-Type: " + kind in head.split(b"\r\n")
        assert sent == body


@pytest.mark.parametrize("way", ["typed", "file", "stdin"])
async def test_json_that_is_no_text_is_told_with_its_place(command, tmp_path, way):
    path = tmp_path / "file.json"
    path.write_bytes(b'"\xff"')
    typed = {"typed": b'"\xff"'.decode(errors="surrogateescape"), "stdin": "@-"}.get(
        way, f"@{path}"
    )
    status, out, err, requests = await command([], "-j", typed, "URL", stdin=b'"\xff"')
    assert (status, out, requests) == (2, b"", [])
    name = "--json" if way == "typed" else f"--json {typed}"
    assert err.startswith(f"aiolos_client: {name} is no JSON: 'utf-8' codec can't decode byte 0xff")


async def test_a_file_in_a_form_and_a_method(command, tmp_path):
    path = tmp_path / "file.txt"
    path.write_bytes(b"from a file")
    _, _, _, (request,) = await command([answer()], "-X", "PUT", "-F", f"f=@{path}", "URL")
    assert request.startswith(b"PUT / ")
    assert b'name="f"; filename="file.txt"' in request


async def test_the_standard_input_in_a_form(command):
    _, _, told, (request,) = await command([answer()], "-F", "f=@-", "URL", stdin=b"typed")
    assert told == ""
    assert b'name="f"; filename="-"\r\n' in request
    assert b"Content-Type: application/octet-stream\r\n" in request
    assert b"\r\n5\r\ntyped\r\n" in request


async def test_a_tunnel_is_nothing_that_the_command_would_use(command):
    status, _, told, requests = await command([answer()], "-X", "CONNECT", "URL")
    assert (status, requests) == (2, [])
    assert "-x names a proxy" in told


@pytest.mark.parametrize("header", ["A\n: b", "A: b\n", "\rA: b", "A: b\r\nC: d"])
async def test_a_control_character_in_a_header_is_refused(command, header):
    status, out, told, requests = await command([answer()], "-H", header, "URL")
    assert (status, out, requests) == (2, b"", [])
    assert "header" in told


@pytest.mark.parametrize("method", ["connect", "head"])
async def test_methods_in_small_letters_are_methods(command, tmp_path, method):
    path = tmp_path / "file"
    status, _, told, requests = await command([], "-X", method, "-o", str(path), "URL")
    assert (status, requests, path.exists()) == (2, [], False)
    assert method.upper() in told


async def test_a_download_in_many_pieces_has_one_bound(command, tmp_path):
    begun = b'HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 99\r\n\r\n' + b"x" * 9
    path = tmp_path / "file"
    status, _, told, _ = await command([begun, b""], "-t", "0.5", "-o", str(path), "URL")
    assert status == 28
    # In the pause between two requests, of which each has its own bound.
    assert "took longer than -t 0.5 s" in told


def test_a_scheme_stands_at_the_beginning():
    with contextlib.ExitStack() as stack:
        given = parser().parse_args(["localhost:8080/?next=http://x/"])
        _, url, _ = request_options(given, stack)
    assert url == "http://localhost:8080/?next=http://x/"


async def test_downloading_to_a_file(command, tmp_path):
    path = tmp_path / "file"
    status, out, _, _ = await command([answer(b"content")], "-o", str(path), "URL")
    assert (status, out, path.read_bytes()) == (0, b"", b"content")


async def test_any_answer_goes_to_a_file(command, tmp_path):
    path = tmp_path / "file"
    options = "-i", "-o", str(path), "URL"
    status, out, _, _ = await command([answer(b"content")], *options)
    assert (status, path.read_bytes()) == (0, b"content")
    assert out.startswith(b"HTTP/1.1 200 Reason\n")
    moved = answer(b"there", 302).replace(b"Content-Type", b"Location: /x\r\nContent-Type")
    status, *_ = await command([moved], "--no-redirects", "-o", str(path), "URL")
    assert (status, path.read_bytes()) == (0, b"there")
    created = answer(b"content", 201)
    status, out, _, (request,) = await command([created], "-X", "PUT", "-o", str(path), "URL")
    assert (status, out, path.read_bytes()) == (0, b"", b"content")
    assert request.startswith(b"PUT / ")
    broken = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nnonsense\r\n"
    status, _, err, _ = await command([broken], "-X", "PUT", "-o", str(path), "URL")
    assert (status, path.read_bytes()) == (56, b"content"), err
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("options", [[], ["-i"], ["-X", "PUT"], ["--no-redirects"]], ids=str)
async def test_a_file_keeps_a_body_as_it_is_sent(command, tmp_path, options):
    path, packed = tmp_path / "file", gzip.compress(b"content")
    coded = answer(packed).replace(b"Content-Type", b"Content-Encoding: gzip\r\nContent-Type")
    status, _, err, (request,) = await command([coded], *options, "-o", str(path), "URL")
    assert (status, path.read_bytes()) == (0, packed), err
    assert b"\r\nAccept-Encoding: identity\r\n" in request


@pytest.mark.skipif(sys.platform == "win32", reason="it has no named pipes in folders")
@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_a_pipe_is_written_into_and_a_link_followed(command, tmp_path, method):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = asyncio.ensure_future(asyncio.to_thread(pipe.read_bytes))
    options = ["-X", method, "-o", str(pipe), "URL"]
    status, _, err, _ = await command([answer(b"content")], *options)
    assert (status, err) == (0, "")
    assert pipe.is_fifo()
    assert await reading == b"content"
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)
    target.write_text("old")
    options = ["-X", method, "-o", str(link), "URL"]
    assert (await command([answer(b"content")], *options))[0] == 0
    assert link.is_symlink()
    assert target.read_bytes() == b"content"


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is POSIX's")
async def test_long_transfers_are_watched_on_a_terminal(tmp_path):
    path = tmp_path / "up"
    path.write_bytes(bytes(8_000_000))

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        await ended.wait()

    ended = asyncio.Event()
    async with ScriptedPeer(serve) as server:
        outer, inner = os.openpty()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "aiolos_client",
            *("-t", "60", "-F", f"file=@{path}", f"http://127.0.0.1:{server.port}"),
            stderr=inner,
        )
        os.close(inner)
        told = await asyncio.to_thread(_read_until, outer, re.compile(rb"7\.6 MiB|8\.0 MB"))
        process.kill()
        await process.wait()
        os.close(outer)
        ended.set()
    assert b"sent" in told


def _read_until(terminal, wanted):
    told = b""
    while not wanted.search(told):
        told += os.read(terminal, 1000)
    return told


async def test_what_is_refused_is_not_written_to_a_file(command, tmp_path):
    path = tmp_path / "file"
    for arguments in (["-X", "POST"], []):
        refused = answer(b"no", 404)
        status, _, err, _ = await command([refused], *arguments, "-o", str(path), "URL")
        assert (status, path.exists()) == (4, False)
        assert "404, message='Reason'" in err


@pytest.mark.parametrize(("status", "code"), [(200, 0), (204, 0), (404, 4), (500, 5)])
async def test_the_exit_status_of_answers(command, status, code):
    body = b"" if status == 204 else b"body"
    returned, out, _, _ = await command([answer(body, status)], "URL")
    assert (returned, out) == (code, body)


async def test_the_exit_status_of_errors(command, unused_port, tmp_path):
    redirect = b"HTTP/1.1 302 F\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
    expected = (
        ([], [f"http://127.0.0.1:{unused_port}"], 7, "Cannot connect to host 127.0.0.1"),
        ([], ["http://nobody.invalid/"], 6, "nobody.invalid"),
        ([], ["-j", "{", "URL"], 2, "--json is no JSON"),
        ([], ["-H", "nonsense", "URL"], 2, "a header is 'NAME: VALUE'"),
        ([], ["ftp://host/"], 2, "'ftp'"),
        ([], ["-d", "@nowhere", "URL"], 2, "nowhere"),
        ([], ["-X", "HEAD", "-o", f"{tmp_path}/c", "URL"], 2, "an answer to HEAD has none"),
        ([], ["-o", "-", "URL"], 2, "the body goes to the standard output"),
        ([b""], ["-t", "0.1", "URL"], 28, "total=0.1"),
        ([redirect] * 20, ["URL"], 47, "max_redirects=10"),
        ([b"nonsense\r\n\r\n"], ["URL"], 56, "malformed response"),
        ([answer()], ["--http2", "URL"], 56, "the peer speaks HTTP/1"),
        ([answer(status=404)], ["-o", f"{tmp_path}/a", "URL"], 4, "404, message='Reason'"),
        ([b"nonsense\r\n\r\n"], ["-o", f"{tmp_path}/b", "URL"], 56, "malformed response"),
        ([answer()], ["-o", str(tmp_path), "URL"], 23, "a folder, where a file is to be written"),
    )
    ended = await asyncio.gather(
        *(command(answers, *arguments) for answers, arguments, _, _ in expected)
    )
    for (returned, out, err, _), (_, _, code, words) in zip(ended, expected, strict=True):
        assert (returned, out) == (code, b""), err
        assert words in err
        assert err.count("\n") == 1


async def test_timing(command):
    _, _, err, _ = await command([answer()], "--timing", "URL")
    assert [line.split("  ")[0] for line in err.splitlines()] == [
        "connected, TLS included",
        "answer's head",
        "answer's body",
        "total",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no shell that closes streams")
@pytest.mark.parametrize(
    ("arguments", "status", "told", "asked"),
    [
        ("URL >&-", 23, "[Errno 9] the standard output is closed", 0),
        ("-i -o FILE URL >&-", 23, "[Errno 9] the standard output is closed", 0),
        ("-o FILE URL >&-", 0, "", 1),
        ("-o FILE URL <&- >&- 2>&-", 0, "", 1),
        ("-d @- URL <&-", 2, "@- is the standard input, which is closed", 0),
        ("-j @- URL <&-", 2, "@- is the standard input, which is closed", 0),
        ("-d x -o FILE --timing URL 2>&-", 0, "", 1),
        ("http://127.0.0.1:0/ 2>&-", 2, "", 0),
    ],
)
async def test_streams_that_are_closed(peer, tmp_path, arguments, status, told, asked):
    async with peer(answer()) as server:
        line = arguments.replace("URL", server.url).replace("FILE", str(tmp_path / "file"))
        process = await asyncio.create_subprocess_shell(
            f"{shlex.quote(sys.executable)} -m aiolos_client {line}",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert (process.returncode, out) == (status, b"")
        assert err.decode() == (f"aiolos_client: {told}\n" if told else "")
        assert len(server.requests) == asked
    if asked:
        assert (tmp_path / "file").read_bytes() == b"ok"


async def test_a_reader_that_has_seen_enough():
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n" + bytes(4_000_000))
        await writer.drain()

    async with ScriptedPeer(serve) as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "aiolos_client",
            f"http://127.0.0.1:{server.port}",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await process.stdout.read(10)
        process.stdout._transport.close()
        assert await process.stderr.read() == b""
        assert await process.wait() == 0


class TestTerminal:
    @pytest.fixture
    def shown(self, talk):
        async def shown(body, kind):
            async with talk(answer(body, kind=kind)) as (_, session), session.get("/") as response:
                out = io.StringIO()
                show.on_terminal(response, await response.read(), out)
                return out.getvalue()

        return shown

    async def test_json_is_indented_in_its_order(self, shown):
        text = await shown(JSON, b"application/problem+json")
        assert text == json.dumps(json.loads(JSON), indent=2, ensure_ascii=False) + "\n"
        assert text.index('"b"') < text.index('"a"')

    async def test_json_is_shown_as_it_came(self, shown):
        text = b'{"b": 1, "b":{},"n":1.0000000000000000001, "l":[ [],1,"a\\u00e9\\"{"]}'
        assert await shown(text, b"application/json") == (
            '{\n  "b": 1,\n  "b": {},\n  "n": 1.0000000000000000001,\n  "l": [\n    [],\n    1,\n'
            '    "a\u00e9\\"{"\n  ]\n}\n'
        )

    async def test_what_is_no_json_after_all(self, shown):
        assert await shown(b"{", b"application/json") == "{\n"

    async def test_json_that_is_too_deep_is_shown_as_it_is(self, shown):
        assert await shown(b"[" * 100_000, b"application/json") == "[" * 100_000 + "\n"

    @pytest.mark.parametrize(
        ("text", "is_indented"),
        [
            # On either side of 65,536 blanks, and of 16 for each character: depth in "1,".
            (b"[" * 180 + b"1" + b"]" * 180, True),
            (b"[" * 182 + b"1" + b"]" * 182, False),
            (b"[" * 15 + b"1," * 30_000 + b"1" + b"]" * 15, True),
            (b"[" * 17 + b"1," * 30_000 + b"1" + b"]" * 17, False),
        ],
    )
    async def test_indentation_has_a_bound(self, shown, text, is_indented):
        found = await shown(text, b"application/json")
        if is_indented:
            assert found == json.dumps(json.loads(text), indent=2) + "\n"
        else:
            assert found == text.decode() + "\n"

    async def test_what_is_no_text_is_not_shown(self, shown):
        assert "4 bytes that are no text" in await shown(b"\xff\xfe\xff\xff", b"image/png")

    async def test_strangers_do_not_rewrite_the_terminal(self, shown):
        assert await shown(b"a\x1b[2Jb\x07", b"text/plain") == "a\u241b[2Jb\u2407\n"
        assert await shown(b"safe\rEVIL\r\nb", b"text/plain") == "safe\u240dEVIL\nb\n"
        assert await shown(b'{"b":"\\ud800"}', b"application/json") == '{\n  "b": "\ufffd"\n}\n'
        turned = "a\u202eb\u2066c".encode()
        assert await shown(turned, b"text/plain; charset=utf-8") == "a\ufffdb\ufffdc\n"

    def test_what_the_terminal_cannot_show(self):
        out = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
        assert show._visible("é\u20ac\udc9b\x1b", out) == "é\\u20ac\\ufffd\\u241b"

    async def test_nothing(self, shown):
        assert await shown(b"", b"text/plain") == ""


class TestProgress:
    def test_numbers(self):
        assert [size_text(size) for size in (0, 1023, 1024, 5_000_000, 2**42)] == [
            "0 B",
            "1023 B",
            "1.0 KiB",
            "4.8 MiB",
            "4.0 TiB",
        ]
        assert [time_text(seconds) for seconds in (0, 59.6, 3599, 3600)] == [
            "0:00",
            "1:00",
            "59:59",
            "1:00:00",
        ]

    def test_the_line(self, capsys):
        with Line("nothing"):
            pass
        assert capsys.readouterr().err == ""
        with Line("file") as line:
            line.begin(0)
            line._begun = 0.0
            line._first = 0
            assert line.text(512_000, 1_024_000, 10.0) == (
                "file  500.0 KiB  of 1000.0 KiB  50%  50.0 KiB/s  0:10 left"
            )
            line(5, 5)
        assert "100%" in capsys.readouterr().err


def test_urls_without_a_scheme():
    from contextlib import ExitStack

    with ExitStack() as stack:
        given = parser().parse_args(["localhost:8080/x", "-u", "user:pass:word", "-k"])
        method, url, options = request_options(given, stack)
        assert (method, url) == ("GET", "http://localhost:8080/x")
        assert options["auth"] == aiolos_client.BasicAuth("user", "pass:word", "utf-8")
        assert options["ssl"] is False
        with pytest.raises(Mistake, match="NAME=VALUE or NAME=@FILE"):
            request_options(parser().parse_args(["-F", "nonsense", "x"]), stack)


def test_an_interrupt_is_130(monkeypatch):
    def interrupted(main):
        main.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(asyncio, "run", interrupted)
    assert main(["http://localhost/"]) == 130


@pytest.mark.parametrize("seconds", ["-5", "nan", "soon"])
def test_what_is_no_time(seconds, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["-t", seconds, "http://localhost/"])
    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert "argument -t/--timeout" in told
    assert "_" not in told.partition("error: ")[2]


def test_an_authority_of_ones_own_leaves_http2_on():
    given = parser().parse_args(["--cacert", "ca.pem", "https://host/"])
    assert http2_setting(given) is True
    assert http2_setting(parser().parse_args(["https://host/"])) is None
    assert http2_setting(parser().parse_args(["--cacert", "a", "--http1", "https://h/"])) is False
