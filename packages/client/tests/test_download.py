"""session.download(): files that go on where they broke off."""

import asyncio
import errno
import gzip
import json
import os
import sys
from itertools import pairwise

import aiolos_client
import pytest
from aiolos_protocol.testkit import ScriptedPeer

BODY = bytes(range(256)) * 8192
CHANGED = b"Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"


def whole(body=BODY, cut=None, tag=b'"v1"'):
    head = b"HTTP/1.1 200 OK\r\nETag: %b\r\nContent-Length: %d\r\n\r\n" % (tag, len(body))
    return head + body[:cut]


def rest(start, cut=None, body=BODY):
    return (
        b'HTTP/1.1 206 Partial\r\nETag: "v1"\r\nContent-Range: bytes %d-%d/%d\r\n'
        b"Content-Length: %d\r\n\r\n" % (start, len(body) - 1, len(body), len(body) - start)
    ) + body[start:cut]


@pytest.fixture
def pauses(monkeypatch):
    """What was waited before asking again; it takes no time."""
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)

    monkeypatch.setattr("aiolos_client.verbs.SLEEP", sleep)
    return pauses


async def test_a_file_appears_when_it_is_whole(talk, tmp_path):
    path = tmp_path / "file"
    steps = []
    async with talk(whole()) as (peer, session):
        done = await session.download("/x", path, progress=lambda *each: steps.append(each))
        assert str(done.url) == f"{peer.url}/x"
    assert path.read_bytes() == BODY
    assert (done.path, done.size, done.resumed_from) == (path, len(BODY), 0)
    assert (steps[0], steps[-1]) == ((0, len(BODY)), (len(BODY), len(BODY)))
    assert steps == sorted(steps)
    assert b"Accept-Encoding: identity\r\n" in peer.requests[0]
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


async def test_progress_is_told_of_every_piece(tmp_path):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n")
        for n in range(3):
            writer.write(b"x")
            while steps[-1:] != [(n + 1, 3)]:
                await asyncio.sleep(0)

    steps = []
    async with ScriptedPeer(serve) as server, aiolos_client.ClientSession() as session:
        url = f"http://127.0.0.1:{server.port}"
        await session.download(url, tmp_path / "file", progress=lambda *each: steps.append(each))
    assert steps == [(0, 3), (1, 3), (2, 3), (3, 3)]


async def test_it_goes_on_where_it_broke_off(talk, tmp_path, pauses):
    answers = whole(cut=500_000), rest(500_000, cut=1_900_000), rest(1_900_000)
    async with talk(*answers, close=True) as (peer, session):
        done = await session.download("/x", tmp_path / "file")
    assert done.path.read_bytes() == BODY
    assert len(pauses) == 2
    assert [b"Range: bytes=500000-\r\n" in each for each in peer.requests] == [False, True, False]
    assert b'If-Range: "v1"\r\n' in peer.requests[1]
    assert b"Range: bytes=1900000-\r\n" in peer.requests[2]


async def test_another_day(talk, tmp_path, pauses):
    path = tmp_path / "file"
    async with talk(whole(cut=700_000), close=True) as (peer, session):
        with pytest.raises(aiolos_client.ClientPayloadError):
            await session.download(f"{peer.url}/x", path, attempts=1)
        assert not path.exists()
        peer._answers = [rest(700_000)]
        done = await session.download(f"{peer.url}/x", path)
    assert path.read_bytes() == BODY
    assert done.resumed_from == 700_000


async def test_a_new_version_is_taken_from_its_beginning(talk, tmp_path, pauses):
    new = whole(b"new", tag=b'"v2"')
    async with talk(whole(cut=700_000), new, close=True) as (_, session):
        done = await session.download("/x", tmp_path / "file")
    assert done.path.read_bytes() == b"new"


@pytest.mark.parametrize(
    "fields",
    [
        b'ETag: "v2"\r\nContent-Range: bytes 5-9/10\r\n',
        b'ETag: "v1"\r\nContent-Range: bytes 5-9/20\r\n',
        b'ETag: "v1"\r\nContent-Range: bytes 5-9/*\r\n',
    ],
)
async def test_pieces_of_two_versions_are_not_joined(talk, tmp_path, pauses, fields):
    first = b'HTTP/1.1 200 OK\r\nETag: "v1"\r\nContent-Length: 10\r\n\r\nAAAAA'
    piece = b"HTTP/1.1 206 Partial\r\n%bContent-Length: 5\r\n\r\nBBBBB" % fields
    async with talk(first, piece, whole(b"C" * 12), close=True) as (peer, session):
        done = await session.download("/x", tmp_path / "file")
    assert done.path.read_bytes() == b"C" * 12
    assert b"Range" not in peer.requests[2]


@pytest.mark.parametrize("tag", [b"v1", b"Sun", b'"v1"'])
async def test_a_version_may_be_named_without_quotes(talk, tmp_path, pauses, tag):
    # RFC 9110 8.8.3 has quotes; many servers have not, and compare what they gave.
    pieces = [each.replace(b'"v1"', tag) for each in (rest(500_000, cut=900_000), rest(900_000))]
    pieces = [each.replace(b"\r\n", b"\r\n" + CHANGED + b"\r\n", 1) for each in pieces]
    async with talk(whole(cut=500_000, tag=tag), *pieces, close=True) as (peer, session):
        done = await session.download("/x", tmp_path / "file")
    assert done.path.read_bytes() == BODY
    for each, start in zip(peer.requests[1:], [500_000, 900_000], strict=True):
        assert b"Range: bytes=%d-\r\nIf-Range: %b\r\n" % (start, tag) in each


async def test_what_another_url_has_left_is_not_used(talk, tmp_path):
    path = tmp_path / "file"
    (tmp_path / "file.part").write_bytes(b"other")
    note = {"url": "http://other/", "validator": '"v1"'}
    (tmp_path / "file.part.json").write_text(json.dumps(note))
    async with talk(whole()) as (peer, session):
        await session.download("/x", path)
    assert path.read_bytes() == BODY
    assert b"Range" not in peer.requests[0]


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ([CHANGED, b"Date: Sun, 06 Nov 1994 08:49:38 GMT"], True),
        ([CHANGED, b"Date: Sun, 06 Nov 1994 08:49:37 GMT"], False),
        ([CHANGED], False),
        ([b'ETag: W/"a"', CHANGED, b"Date: Sun, 06 Nov 1994 08:49:38 GMT"], False),
    ],
)
async def test_a_date_is_sent_where_it_is_strong_and_there_is_no_tag(
    talk, tmp_path, pauses, fields, sent
):
    # RFC 9110 13.1.5, 8.8.2.2.
    begun = b"\r\n".join([b"HTTP/1.1 200 OK", *fields, b"Content-Length: 9", b"", b"beg"])
    async with talk(begun, whole(), close=True) as (peer, session):
        await session.download("/x", tmp_path / "file")
    assert (b"If-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n" in peer.requests[1]) == sent
    assert (b"Range: bytes=3-" in peer.requests[1]) == sent


@pytest.mark.parametrize("name", ["range", "If-Range", "Accept-Encoding"])
async def test_what_a_download_says_itself_is_not_to_be_given(talk, tmp_path, name):
    async with talk() as (peer, session):
        with pytest.raises(ValueError, match=f"says {name} itself"):
            await session.download("/x", tmp_path / "file", headers={name: "x"})
        assert peer.requests == []
    assert list(tmp_path.iterdir()) == []


async def test_a_name_that_leaves_no_room_is_told_at_once(talk, tmp_path):
    async with talk() as (peer, session):
        with pytest.raises(OSError, match="too long"):
            await session.download("/x", tmp_path / ("a" * 246))
        assert peer.requests == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("other", [{"params": {"id": 2}}, {"base_url": "/b/"}])
async def test_what_was_left_of_another_resource_is_not_used(peer, tmp_path, other):
    path = tmp_path / "file"
    own = {"params": {"id": 1}} if "params" in other else {"base_url": "/a/"}
    async with peer(whole(cut=1000), whole(b"other" * 9), close=True) as server:
        for n, options in enumerate((own, other)):
            base = server.url + options.get("base_url", "/")
            async with aiolos_client.ClientSession(base) as session:
                asked = session.download("f", path, attempts=1, params=options.get("params"))
                if n:
                    assert (await asked).resumed_from == 0
                else:
                    with pytest.raises(aiolos_client.ClientPayloadError):
                        await asked
        assert b"Range" not in server.requests[1]
    assert path.read_bytes() == b"other" * 9


async def test_a_piece_in_another_coding_is_not_appended(talk, tmp_path, pauses):
    coded = rest(1000).replace(b"\r\n", b"\r\nContent-Encoding: gzip\r\n", 1)
    path = tmp_path / "file"
    async with talk(whole(cut=1000), coded, whole(), close=True) as (peer, session):
        done = await session.download("/x", path)
    assert done.resumed_from == 0
    assert path.read_bytes() == BODY
    assert [b"Range: " in each for each in peer.requests] == [False, True, False]


async def test_without_a_strong_name_of_the_version_it_begins_anew(talk, tmp_path, pauses):
    answers = whole(cut=500_000, tag=b'W/"1"'), whole(tag=b'W/"1"')
    async with talk(*answers, close=True) as (peer, session):
        await session.download("/x", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == BODY
    assert b"Range" not in peer.requests[1]


async def test_all_was_there_already(talk, tmp_path, pauses):
    path = tmp_path / "file"
    size = len(BODY)
    done = b"HTTP/1.1 416 No\r\nContent-Range: bytes */%d\r\nContent-Length: 0\r\n\r\n" % size
    chunked = b'HTTP/1.1 200 OK\r\nETag: "v1"\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n' % (
        size,
        BODY,
    )
    async with talk(chunked, done, close=True) as (_, session):
        await session.download("/x", path)
    assert path.read_bytes() == BODY


async def test_an_answer_for_another_place_is_not_written(talk, tmp_path, pauses):
    answers = whole(cut=500_000), rest(400_000), whole()
    async with talk(*answers, close=True) as (_, session):
        await session.download("/x", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == BODY


async def test_attempts_that_bring_something_do_not_run_out(talk, tmp_path, pauses):
    cuts = [100, 200, 300, 400]
    pieces = [rest(start, cut) for start, cut in pairwise(cuts)]
    answers = whole(cut=cuts[0]), *pieces, rest(cuts[-1])
    async with talk(*answers, close=True) as (_, session):
        done = await session.download("/x", tmp_path / "file", attempts=2)
    assert done.path.read_bytes() == BODY
    assert len(pauses) == 4


async def test_attempts_that_bring_nothing_run_out(talk, tmp_path, pauses):
    async with talk(None, None, None) as (peer, session):
        with pytest.raises(aiolos_client.ServerDisconnectedError):
            await session.download("/x", tmp_path / "file", attempts=3)
        assert len(peer.requests) == 3
    assert list(tmp_path.iterdir()) == []


async def test_a_part_that_the_server_refuses_is_given_up_for_good(talk, tmp_path):
    path = tmp_path / "file"
    refusal = b"HTTP/1.1 416 No\r\nContent-Range: bytes */9\r\nContent-Length: 0\r\n\r\n"
    async with talk(whole(cut=1000), refusal, whole(), close=True) as (peer, session):
        for _ in range(2):
            with pytest.raises(aiolos_client.ClientPayloadError):
                await session.download("/x", path, attempts=1)
        await session.download("/x", path, attempts=1)
    assert path.read_bytes() == BODY
    assert [b"Range" in each for each in peer.requests] == [False, True, False]


@pytest.mark.parametrize(
    "bad",
    [
        b"HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 206 P\r\nContent-Range: bytes 0-9/10\r\nContent-Length: 10\r\n\r\n0123456789",
    ],
    ids=["416", "206"],
)
async def test_attempts_that_bring_the_same_again_run_out(talk, tmp_path, pauses, bad):
    answers = (whole(cut=700_000), bad) * 3
    async with talk(*answers, close=True) as (peer, session):
        with pytest.raises(aiolos_client.ClientPayloadError):
            await session.download("/x", tmp_path / "file", attempts=3)
        assert len(peer.requests) == 3


@pytest.mark.parametrize("tag", [b"", b'ETag: "v2"\r\n'], ids=["shorter", "other"])
async def test_a_cut_file_is_not_whole_because_a_416_says_so(talk, tmp_path, pauses, tag):
    size = 700_000
    done = b"HTTP/1.1 416 No\r\n%bContent-Range: bytes */%d\r\nContent-Length: 0\r\n\r\n"
    async with talk(whole(cut=size), done % (tag, size), whole(), close=True) as (peer, session):
        await session.download("/x", tmp_path / "file")
        assert len(peer.requests) == 3
    assert (tmp_path / "file").read_bytes() == BODY


async def test_what_is_not_there_is_an_error_at_once(talk, tmp_path):
    async with talk(b"HTTP/1.1 404 Nowhere\r\nContent-Length: 0\r\n\r\n") as (peer, session):
        with pytest.raises(aiolos_client.ClientResponseError, match="404"):
            await session.download("/x", tmp_path / "file")
        assert len(peer.requests) == 1


async def test_a_folder_that_is_not_there(talk, tmp_path):
    async with talk(whole()) as (_, session):
        with pytest.raises(FileNotFoundError):
            await session.download("/x", tmp_path / "nowhere" / "file")


async def test_nobody_else_reads_a_password_in_what_is_left(talk, tmp_path):
    async with talk(whole(cut=700_000), close=True) as (peer, session):
        url = peer.url.replace("//", "//user:hunter2@") + "/x"
        with pytest.raises(aiolos_client.ClientPayloadError) as caught:
            await session.download(url, tmp_path / "file", attempts=1)
        assert "hunter2" not in str(caught.value)
        note = tmp_path / "file.part.json"
        assert "hunter2" not in note.read_text()
        assert note.stat().st_mode & 0o077 == 0
        peer._answers = [rest(700_000)]
        assert (await session.download(url, tmp_path / "file")).resumed_from == 700_000
    assert all(b"Authorization: Basic" in each for each in peer.requests)


async def test_of_a_new_version_nothing_was_there(talk, tmp_path):
    path = tmp_path / "file"
    async with talk(whole(cut=5), close=True) as (peer, session):
        with pytest.raises(aiolos_client.ClientPayloadError):
            await session.download("/x", path, attempts=1)
        peer._answers = [whole(b"another text", tag=b'"v2"')]
        done = await session.download("/x", path)
    assert (done.size, done.resumed_from) == (12, 0)


CODED = gzip.compress(BODY)


def coded(cut=None):
    head = b'HTTP/1.1 200 OK\r\nETag: "v1"\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n'
    return head % len(CODED) + CODED[:cut]


async def test_what_is_decoded_is_longer_than_announced(talk, tmp_path, pauses):
    steps = []
    async with talk(coded(cut=3000), coded(), close=True) as (peer, session):
        done = await session.download(
            "/x",
            tmp_path / "file",
            auto_decompress=True,
            progress=lambda *each: steps.append(each),
        )
    assert done.path.read_bytes() == BODY
    assert done.size == len(BODY)
    assert steps[-1] == (len(BODY), None)
    # A place in what is decoded is none in what is sent.
    assert not any(b"Range" in each for each in peer.requests)


async def test_a_piece_of_what_is_coded_is_not_decoded(talk, tmp_path, pauses):
    path = tmp_path / "file"
    piece = rest(700_000).replace(b"ETag", b"Content-Encoding: gzip\r\nETag")
    async with talk(whole(cut=700_000), close=True) as (peer, session):
        with pytest.raises(aiolos_client.ClientPayloadError):
            await session.download("/x", path, attempts=1)
        peer._answers = [piece, coded()]
        await session.download("/x", path, auto_decompress=True)
    assert path.read_bytes() == BODY


async def test_two_downloads_do_not_write_to_one_file(talk, tmp_path):
    path = tmp_path / "file"
    is_asked, goes_on = asyncio.Event(), asyncio.Event()

    async def slowly(reader, writer):
        is_asked.set()
        await goes_on.wait()
        writer.write(whole())
        await writer.drain()

    async with talk(slowly, whole()) as (_, session):
        first = asyncio.create_task(session.download("/x", path))
        await is_asked.wait()
        with pytest.raises(OSError, match="another download"):
            await session.download("/x", tmp_path / "." / "file")
        goes_on.set()
        await first
        await session.download("/x", path)
    assert path.read_bytes() == BODY


HOLD = """
import sys
from pathlib import Path
from aiolos_client.partialfile import PartialFile
held = PartialFile(Path(sys.argv[1]), "http://a.example/")
print("held", flush=True)
sys.stdin.read()
"""


async def test_another_process_downloads_to_it(talk, tmp_path):
    path = tmp_path / "file"
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLD, str(path)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert await holder.stdout.readline() == b"held\n"
        async with talk(whole()) as (_, session):
            with pytest.raises(OSError, match=r"another download writes to file\.part") as raised:
                await session.download("/x", path)
            assert raised.value.errno == errno.EBUSY
            assert raised.value.filename == str(path)
            # A process that is killed holds nothing.
            holder.kill()
            await holder.wait()
            await session.download("/x", path)
    finally:
        if holder.returncode is None:
            holder.kill()
        await holder.communicate()
    assert path.read_bytes() == BODY


async def test_where_nothing_came_nothing_is_left(talk, tmp_path, pauses):
    missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    async with talk(missing, None, None) as (_, session):
        with pytest.raises(aiolos_client.ClientResponseError):
            await session.download("/x", tmp_path / "file")
        with pytest.raises(aiolos_client.ClientConnectionError):
            await session.download("/x", tmp_path / "file", attempts=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="it has no named pipes in folders")
async def test_what_a_file_would_replace_is_refused(talk, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    async with talk(whole()) as (peer, session):
        with pytest.raises(OSError, match="no file that could be replaced") as caught:
            await session.download("/x", pipe)
    assert caught.value.errno == errno.EINVAL
    assert peer.requests == []
    assert [each.name for each in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
async def test_a_link_stays_one(talk, tmp_path):
    (tmp_path / "folder").mkdir()
    link, target = tmp_path / "link", tmp_path / "folder" / "target"
    link.symlink_to(target)
    for _ in range(2):
        async with talk(whole()) as (_, session):
            await session.download("/x", link)
        assert link.is_symlink()
        assert target.read_bytes() == BODY
        target.write_text("old")


async def test_a_file_of_somebody_else_is_not_touched(talk, tmp_path, unused_port):
    path, other = tmp_path / "file", tmp_path / "file.part"
    other.write_text("mine")
    async with talk(whole()) as (peer, session):
        with pytest.raises(FileExistsError, match="no download of ours has left it"):
            await session.download("/x", path)
        assert peer.requests == []
    assert [other.read_text(), path.exists()] == ["mine", False]


@pytest.mark.parametrize(
    "text", ['{"mine": 1}', "[]", '{"url": 1}', '{"url": "x"}', "mine", "[" * 100_000, "\xff"]
)
async def test_a_file_of_somebody_else_is_not_taken_for_a_note(talk, tmp_path, text):
    path, other = tmp_path / "file", tmp_path / "file.part.json"
    other.write_text(text)
    async with talk(whole()) as (peer, session):
        with pytest.raises(FileExistsError, match="no download of ours has left it") as raised:
            await session.download("/x", path)
        assert raised.value.filename == str(other)
        assert peer.requests == []
    assert other.read_text() == text
    if sys.platform != "win32":
        assert list(tmp_path.iterdir()) == [other]


@pytest.mark.parametrize("text", ["", "{", '{"url": "http://x/", "valida'])
async def test_a_note_that_was_written_in_part_is_ours(talk, tmp_path, text):
    (tmp_path / "file.part.json").write_text(text)
    (tmp_path / "file.part").write_text("begun")
    async with talk(whole()) as (_, session):
        await session.download("/x", tmp_path / "file")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
async def test_a_link_that_leads_to_itself(talk, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(link)
    async with talk(whole()) as (peer, session):
        with pytest.raises(OSError, match="leads to itself") as raised:
            await session.download("/x", link)
        assert raised.value.errno == errno.ELOOP
        assert peer.requests == []


async def test_a_part_of_another_url_stays_until_there_is_something_else(
    talk, tmp_path, pauses, unused_port
):
    path, part = tmp_path / "file", tmp_path / "file.part"
    async with talk(whole(cut=700_000), close=True) as (peer, session):
        with pytest.raises(aiolos_client.ClientPayloadError):
            await session.download(f"{peer.url}/x", path, attempts=1)
        with pytest.raises(aiolos_client.ClientConnectorError):
            await session.download(f"http://127.0.0.1:{unused_port}/", path, attempts=1)
        assert part.stat().st_size == 700_000
        peer._answers = [rest(700_000)]
        done = await session.download(f"{peer.url}/x", path)
    assert (done.resumed_from, path.read_bytes()) == (700_000, BODY)


async def test_a_note_that_cannot_be_sent_begins_anew(talk, tmp_path):
    path = tmp_path / "file"
    async with talk(whole()) as (peer, session):
        (tmp_path / "file.part").write_text("begun")
        note = {"url": f"{peer.url}/x", "validator": '"a\r\nb"', "total": 10}
        (tmp_path / "file.part.json").write_text(json.dumps(note))
        await session.download("/x", path)
    assert path.read_bytes() == BODY


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
async def test_whoever_may_not_read_the_old_file_may_not_read_the_new_one(talk, tmp_path):
    path = tmp_path / "file"
    path.touch(0o600)
    async with talk(whole()) as (_, session):
        await session.download("/x", path)
    assert path.stat().st_mode & 0o777 == 0o600
