"""Compressors and decompressors that are used by hand."""

import gzip
import zlib

import pytest
from aiohttp import compression_utils
from aiohttp.compression_utils import ZLibCompressor, ZLibDecompressor
from aiolos_protocol.compression.encoder import compress

TEXT = b"abc" * 10_000


@pytest.mark.parametrize(
    ("options", "window"),
    [
        ({"encoding": "gzip"}, 31),
        ({"encoding": "deflate"}, 15),
        ({"encoding": "gzip", "level": 9}, 31),
        ({"encoding": "gzip", "level": 0}, 31),
        ({"encoding": "deflate", "suppress_deflate_header": True}, -15),
    ],
)
async def test_there_and_back(options, window):
    options = dict(options)
    compressor = ZLibCompressor(**options)
    data = await compressor.compress(TEXT) + compressor.compress_sync(b"!") + compressor.flush()
    assert zlib.decompress(data, window) == TEXT + b"!"
    options.pop("level", None)
    decompressor = ZLibDecompressor(max_sync_chunk_size=10, **options)
    assert await decompressor.decompress(data) + decompressor.flush() == TEXT + b"!"
    assert decompressor.eof


async def test_a_piece_is_bounded():
    decompressor = ZLibDecompressor(encoding="gzip")
    bomb = gzip.compress(b"0" * 5_000_000)
    pieces = [await decompressor.decompress(bomb, max_length=100_000)]
    while decompressor.data_available:
        pieces.append(decompressor.decompress_sync(b"", max_length=100_000))
    assert max(map(len, pieces)) == 100_000
    assert len(b"".join(pieces)) == 5_000_000
    assert decompressor.eof


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("bound", [0, 3])
def test_members_stand_one_behind_the_other(size, bound):
    decompressor = ZLibDecompressor(encoding="gzip")
    data = gzip.compress(b"first") + gzip.compress(b"") + gzip.compress(b"second")
    found = b""
    for start in range(0, len(data), size):
        found += decompressor.decompress_sync(data[start : start + size], bound)
        while decompressor.data_available:
            found += decompressor.decompress_sync(b"", bound)
    assert found == b"firstsecond"


def test_members_are_counted():
    most = compression_utils.MAX_DECOMPRESS_MEMBERS
    assert ZLibDecompressor("gzip").decompress_sync(gzip.compress(b"a") * most) == b"a" * most
    with pytest.raises(compression_utils.TooManyMembersError, match="MAX_DECOMPRESS_MEMBERS"):
        ZLibDecompressor("gzip").decompress_sync(gzip.compress(b"a") * (most + 1))


@pytest.mark.parametrize(
    ("coding", "name"), [("br", "BrotliDecompressor"), ("zstd", "ZSTDDecompressor")]
)
async def test_other_codings(coding, name):
    text = TEXT * 20  # more than one block of either
    data = compress(text, (coding,))
    decompressor = getattr(compression_utils, name)()
    assert await decompressor.decompress(data) + decompressor.flush() == text
    decompressor = getattr(compression_utils, name)()
    found = decompressor.decompress_sync(data, max_length=100)
    assert 0 < len(found) < len(text)
    while decompressor.data_available:
        found += decompressor.decompress_sync(b"", max_length=100)
    assert found == text
    assert compression_utils.HAS_BROTLI
    assert compression_utils.HAS_ZSTD
