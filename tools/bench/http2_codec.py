"""What does HTTP/2 cost a server for one small request and its answer, without any socket?

A connection is fed what a client sends, ten requests in a segment as h2load does, and gives out
what is to be sent; so is one of the h2 library. CPU microseconds for each request; the compiled
codec or, with AIOLOS_PURE=1, the Python one. `--hpack` measures header compression by itself.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import h2.config
import h2.connection
import h2.events
import hpack as other_hpack
from aiolos_protocol.http2 import blocks, frames, hpack
from aiolos_protocol.http2.server import ServerConnection
from aiolos_protocol.limits import Limits

FIELDS = [
    (":method", "GET"),
    (":scheme", "http"),
    (":authority", "127.0.0.1:8080"),
    (":path", "/plaintext"),
    ("user-agent", "h2load nghttp2/1.52.0"),
]
BROWSER = [
    (":method", "GET"),
    (":authority", "www.example.com"),
    (":scheme", "https"),
    (":path", "/static/js/main.3f2a9c.js?v=20261124"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("accept-language", "en-US,en;q=0.5"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("cookie", "session=0123456789abcdef0123456789abcdef"),
    ("cache-control", "no-cache"),
]
BATCH = 10
BODY = b"Hello, world!"
DATE = b"Date: Tue, 24 Nov 2026 12:00:00 GMT\r\n"


def segments(count: int) -> list[bytes]:
    """What a client sends: segments of BATCH requests each, the preface in front."""
    encoder = other_hpack.Encoder()
    parts = []
    for number in range(count):
        block = encoder.encode(FIELDS)
        parts.append(frames.head_frames(2 * number + 1, block, True, 16_384))
    found = [b"".join(parts[start : start + BATCH]) for start in range(0, count, BATCH)]
    found[0] = frames.PREFACE + frames.settings({}) + frames.window_update(0, 1 << 30) + found[0]
    return found


class Sink:
    """Answers every request at once."""

    conn: ServerConnection

    def head_received(self, stream: Any, head: Any) -> None:
        block = blocks.response_prefix(200, "text/plain; charset=utf-8", "aiolos")
        block += blocks.length(len(BODY)) + blocks.date(DATE)
        self.conn.send_head(stream, block, False)
        self.conn.send_data(stream, BODY, True)
        self.conn.release(stream)

    def settled(self) -> None:
        pass


def run_ours(data: list[bytes]) -> int:
    """The bytes sent."""
    sink = Sink()
    conn = sink.conn = ServerConnection(sink, Limits())  # type: ignore[arg-type]
    sent = 0
    for segment in data:
        conn.receive(segment, 0.0)
        sent += len(conn.data_to_send())
    return sent


def run_h2(data: list[bytes]) -> int:
    """The bytes sent."""
    conn = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    conn.initiate_connection()
    fields = [
        (":status", "200"),
        ("server", "aiolos"),
        ("content-type", "text/plain; charset=utf-8"),
        ("content-length", "13"),
        ("date", "Tue, 24 Nov 2026 12:00:00 GMT"),
    ]
    sent = 0
    for segment in data:
        for event in conn.receive_data(segment):
            if isinstance(event, h2.events.RequestReceived):
                assert event.stream_id is not None
                conn.send_headers(event.stream_id, fields)
                conn.send_data(event.stream_id, BODY, end_stream=True)
        sent += len(conn.data_to_send())
    return sent


def microseconds(run: Callable[[], object], count: int, rounds: int) -> list[float]:
    """CPU microseconds for each of `count`, for every round."""
    seen = []
    for _ in range(rounds):
        before = time.process_time()
        run()
        seen.append((time.process_time() - before) / count * 1e6)
    return seen


def report(name: str, seen: list[float]) -> None:
    """One line."""
    spread = f"{min(seen):.2f}..{max(seen):.2f}"
    print(f"  {name:<34} {statistics.median(seen):>8.2f} us   {spread}")


def compare_codecs(rounds: int) -> None:
    """Requests through both libraries, interleaved."""
    many, few = segments(20_000), segments(1000)
    ours: list[float] = []
    theirs: list[float] = []
    run_ours(few)
    for _ in range(rounds):
        ours += microseconds(lambda: run_ours(many), 20_000, 1)
        theirs += microseconds(lambda: run_h2(few), 1000, 1)
    kind = "compiled" if "pyhpack" not in hpack.Decoder.__module__ else "Python"
    print(f"a small request and its answer, {kind} (median of {rounds} rounds)")
    report("aiolos_protocol.http2", ours)
    report("h2", theirs)
    ratios = [their / our for our, their in zip(ours, theirs, strict=True)]
    print(f"  ratio {statistics.median(ratios):.1f}  ({min(ratios):.1f}..{max(ratios):.1f})")


def compare_hpack(rounds: int) -> None:
    """Header blocks of a browser through both decoders, and response fields through encoders."""
    encoder = other_hpack.Encoder()
    first, again = encoder.encode(BROWSER), encoder.encode(BROWSER)
    print(f"HPACK, {len(BROWSER)} fields, blocks of {len(first)} and {len(again)} bytes")
    for name, new in (("aiolos_protocol", hpack.Decoder), ("hpack", other_hpack.Decoder)):
        count = 20_000 if name == "aiolos_protocol" else 2000
        arguments = (65_536, 128) if name == "aiolos_protocol" else ()

        def decode_first(new: Any = new, count: int = count, arguments: Any = arguments) -> None:
            for _ in range(count):
                new().decode(first, *arguments)

        decoder = new()
        decoder.decode(first, *arguments)

        def decode_again(
            decoder: Any = decoder, count: int = count, arguments: Any = arguments
        ) -> None:
            for _ in range(count):
                decoder.decode(again, *arguments)

        report(f"{name}, first block", microseconds(decode_first, count, rounds))
        report(f"{name}, repeated block", microseconds(decode_again, count, rounds))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--hpack", action="store_true")
    options = parser.parse_args()
    if options.hpack:
        compare_hpack(options.rounds)
    else:
        compare_codecs(options.rounds)
        compare_hpack(options.rounds)


if __name__ == "__main__":
    sys.exit(main())
