"""HPACK (RFC 7541), section by section; the vectors are those of its appendix C."""

import pytest
from aiolos_protocol.errors import LimitExceeded
from aiolos_protocol.http2.errors import ConnectionFailed, ErrorCode
from aiolos_protocol.http2.hpack import Decoder, encode_field, huffman_decode, huffman_encode
from aiolos_protocol.http2.tables import HUFFMAN, STATIC, TREE

HEAD, FIELDS = 65_536, 128
REQUEST = [(b":method", b"GET"), (b":scheme", b"http"), (b":path", b"/")]
AUTHORITY = (b":authority", b"www.example.com")
NO_CACHE = (b"cache-control", b"no-cache")
CUSTOM = (b"custom-key", b"custom-value")
PRIVATE = (b"cache-control", b"private")
DATE_21 = (b"date", b"Mon, 21 Oct 2013 20:13:21 GMT")
DATE_22 = (b"date", b"Mon, 21 Oct 2013 20:13:22 GMT")
LOCATION = (b"location", b"https://www.example.com")
GZIP = (b"content-encoding", b"gzip")
COOKIE = (b"set-cookie", b"foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1")


def pairs(decoder: Decoder, block: bytes) -> list[tuple[bytes, bytes]]:
    return [(field.name, field.value) for field in decoder.decode(block, HEAD, FIELDS)]


def refused(block: bytes, decoder: Decoder | None = None) -> ConnectionFailed:
    with pytest.raises(ConnectionFailed) as caught:
        (decoder or Decoder()).decode(block, HEAD, FIELDS)
    assert caught.value.code == ErrorCode.COMPRESSION_ERROR
    return caught.value


class TestAppendixA:
    def test_the_static_table(self) -> None:
        assert len(STATIC) == 61
        assert STATIC[0] == (b":authority", b"")
        assert STATIC[15] == (b"accept-encoding", b"gzip, deflate")
        assert STATIC[60] == (b"www-authenticate", b"")
        for index, pair in enumerate(STATIC, 1):
            assert pairs(Decoder(), bytes([0x80 | index])) == [pair]


class TestAppendixB:
    def test_codes(self) -> None:
        assert HUFFMAN[ord("0")] == (0x0, 5)
        assert HUFFMAN[ord("a")] == (0x3, 5)
        assert HUFFMAN[ord("Z")] == (0xFD, 8)
        assert HUFFMAN[0] == (0x1FF8, 13)
        assert HUFFMAN[249] == (0xFFFFFFE, 28)
        assert HUFFMAN[22] == (0x3FFFFFFE, 30)

    def test_the_code_is_complete(self) -> None:
        assert len(TREE) == 256
        assert all(0 not in branches for branches in TREE)

    def test_every_byte_at_every_offset(self) -> None:
        for byte in range(256):
            for count in range(1, 9):
                text = bytes([byte] * count)
                assert huffman_decode(huffman_encode(text)) == text


class TestAppendixC:
    def test_c_1_integers(self) -> None:
        # A name of 10, 1337 or 42 bytes stands for the number.
        block = bytes.fromhex("001f9a0a") + b""
        assert refused(block).message.startswith("a header block that ends")
        for size in (10, 1337, 42, 126, 127, 128, 254, 255, 300):
            text = bytes(0xF8 for _ in range(size))  # a byte that Huffman makes longer
            encoded = encode_field(text, b"")
            assert pairs(Decoder(), encoded) == [(text, b"")]
        assert encode_field(b"\xf8" * 1337, b"").startswith(b"\x00\x7f\xba\x09")

    def test_c_2_1_literal_with_indexing(self) -> None:
        decoder = Decoder()
        block = bytes.fromhex("400a637573746f6d2d6b65790d637573746f6d2d686561646572")
        assert pairs(decoder, block) == [(b"custom-key", b"custom-header")]
        assert decoder.entries == ((b"custom-key", b"custom-header"),)
        assert decoder.size == 55

    def test_c_2_2_literal_without_indexing(self) -> None:
        decoder = Decoder()
        block = bytes.fromhex("040c2f73616d706c652f70617468")
        assert pairs(decoder, block) == [(b":path", b"/sample/path")]
        assert decoder.entries == ()

    def test_c_2_3_literal_never_indexed(self) -> None:
        decoder = Decoder()
        block = bytes.fromhex("100870617373776f726406736563726574")
        assert pairs(decoder, block) == [(b"password", b"secret")]
        assert decoder.entries == ()

    def test_c_2_4_indexed(self) -> None:
        assert pairs(Decoder(), b"\x82") == [(b":method", b"GET")]

    @pytest.mark.parametrize(
        "blocks",
        [
            pytest.param(
                (
                    "828684410f7777772e6578616d706c652e636f6d",
                    "828684be58086e6f2d6361636865",
                    "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
                ),
                id="c_3",
            ),
            pytest.param(
                (
                    "828684418cf1e3c2e5f23a6ba0ab90f4ff",
                    "828684be5886a8eb10649cbf",
                    "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
                ),
                id="c_4_huffman",
            ),
        ],
    )
    def test_c_3_requests(self, blocks: tuple[str, str, str]) -> None:
        decoder = Decoder()
        assert pairs(decoder, bytes.fromhex(blocks[0])) == [*REQUEST, AUTHORITY]
        assert (decoder.entries, decoder.size) == ((AUTHORITY,), 57)
        assert pairs(decoder, bytes.fromhex(blocks[1])) == [*REQUEST, AUTHORITY, NO_CACHE]
        assert (decoder.entries, decoder.size) == ((NO_CACHE, AUTHORITY), 110)
        assert pairs(decoder, bytes.fromhex(blocks[2])) == [
            (b":method", b"GET"),
            (b":scheme", b"https"),
            (b":path", b"/index.html"),
            AUTHORITY,
            CUSTOM,
        ]
        assert (decoder.entries, decoder.size) == ((CUSTOM, NO_CACHE, AUTHORITY), 164)

    @pytest.mark.parametrize(
        "blocks",
        [
            pytest.param(
                (
                    (
                        "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a"
                        "31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d"
                    ),
                    "4803333037c1c0bf",
                    (
                        "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04"
                        "677a6970"
                        "7738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d"
                        "61782d6167653d333630303b2076657273696f6e3d31"
                    ),
                ),
                id="c_5",
            ),
            pytest.param(
                (
                    (
                        "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e"
                        "919d29ad171863c78f0b97c8e9ae82ae43d3"
                    ),
                    "4883640effc1c0bf",
                    (
                        "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7"
                        "821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed"
                        "4ee5b1063d5007"
                    ),
                ),
                id="c_6_huffman",
            ),
        ],
    )
    def test_c_5_responses_with_eviction(self, blocks: tuple[str, str, str]) -> None:
        decoder = Decoder(256)
        status = b":status"
        first = [(status, b"302"), PRIVATE, DATE_21, LOCATION]
        assert pairs(decoder, bytes.fromhex(blocks[0])) == first
        assert (decoder.entries, decoder.size) == (tuple(reversed(first)), 222)
        second = [(status, b"307"), PRIVATE, DATE_21, LOCATION]
        assert pairs(decoder, bytes.fromhex(blocks[1])) == second
        assert decoder.entries == ((status, b"307"), LOCATION, DATE_21, PRIVATE)
        third = [(status, b"200"), PRIVATE, DATE_22, LOCATION, GZIP, COOKIE]
        assert pairs(decoder, bytes.fromhex(blocks[2])) == third
        assert (decoder.entries, decoder.size) == ((COOKIE, GZIP, DATE_22), 215)


class TestSection2Tables:
    def test_2_3_3_an_index_in_neither_table(self) -> None:
        assert "2.3.3" in refused(b"\x80").message
        assert "2.3.3" in refused(b"\xbe").message
        assert "2.3.3" in refused(b"\x7f\x00\x00").message
        decoder = Decoder()
        pairs(decoder, b"\x40\x01a\x01b")
        assert pairs(decoder, b"\xbe") == [(b"a", b"b")]
        refused(b"\xbf", decoder)

    def test_2_3_2_an_index_may_name_an_entry_that_its_own_insertion_evicts(self) -> None:
        decoder = Decoder(40)
        pairs(decoder, b"\x40\x04name\x04old!")
        assert pairs(decoder, b"\x7e\x04new!") == [(b"name", b"new!")]
        assert decoder.entries == ((b"name", b"new!"),)


class TestSection4Size:
    def test_4_1_an_entry_counts_32_more_than_its_strings(self) -> None:
        decoder = Decoder(34)
        pairs(decoder, b"\x40\x01a\x01b")
        assert decoder.size == 34

    def test_4_4_an_entry_larger_than_the_table_empties_it(self) -> None:
        decoder = Decoder(34)
        pairs(decoder, b"\x40\x01a\x01b")
        assert pairs(decoder, b"\x40\x01a\x02bc") == [(b"a", b"bc")]
        assert (decoder.entries, decoder.size) == ((), 0)

    def test_4_2_an_update_at_the_start_evicts(self) -> None:
        decoder = Decoder()
        pairs(decoder, b"\x40\x01a\x01b\x40\x01c\x01d")
        assert pairs(decoder, b"\x3f\x03\x82") == [(b":method", b"GET")]
        assert decoder.entries == ((b"c", b"d"),)
        assert pairs(decoder, b"\x20\x3f\x03") == []
        assert decoder.entries == ()

    def test_4_2_an_update_behind_a_field(self) -> None:
        assert "4.2" in refused(b"\x82\x20").message

    def test_6_3_an_update_beyond_what_was_announced(self) -> None:
        assert pairs(Decoder(4096), b"\x3f\xe1\x1f") == []
        assert "6.3" in refused(b"\x3f\xe2\x1f").message


class TestSection5Primitives:
    def test_5_1_an_integer_that_is_cut_short_or_too_long(self) -> None:
        assert "ends in an integer" in refused(b"\xff").message
        assert "ends in an integer" in refused(b"\xff\x80\x80\x80\x80").message
        assert "too long" in refused(b"\xff\x80\x80\x80\x80\x80\x01").message
        assert "2.3.3" in refused(b"\xff\xff\xff\xff\xff\x7f").message

    def test_5_1_needless_zeros_are_read(self) -> None:
        assert pairs(Decoder(), b"\x40\x01a\x01b\xbe")
        assert pairs(Decoder(), b"\x0f\x80\x80\x80\x80\x00\x01x") == [(STATIC[14][0], b"x")]

    def test_5_2_a_string_that_is_cut_short(self) -> None:
        for block in (
            b"\x00",
            b"\x00\x01",
            b"\x00\x01a",
            b"\x00\x01a\x02b",
            b"\x00\x7f\xff\xff\x7f",
        ):
            assert "5.2" in refused(block).message

    def test_5_2_padding(self) -> None:
        assert huffman_decode(b"\x1f") == b"a"  # 00011 111
        for wrong in (b"\x18", b"\x1e", b"\x1f\xff", b"\xff", b"\xff\xff\xff\xfc"):
            with pytest.raises(ConnectionFailed, match=r"5\.2"):
                huffman_decode(wrong)

    def test_5_2_eos_in_a_string(self) -> None:
        with pytest.raises(ConnectionFailed, match="EOS"):
            huffman_decode(b"\xff\xff\xff\xff")
        with pytest.raises(ConnectionFailed, match="EOS"):
            huffman_decode(b"\xff\xff\xff\xfd\xff")

    def test_5_2_a_string_is_huffman_coded_where_that_is_shorter(self) -> None:
        assert encode_field(b":path", b"aaaa")[1:] == b"\x83\x18\xc6\x3f"
        assert encode_field(b":path", b"\x00\x01")[1:] == b"\x02\x00\x01"
        assert encode_field(b":path", b"Z")[1:] == b"\x01Z"


class TestSection6Encoder:
    def test_6_1_a_field_of_the_static_table_is_one_byte(self) -> None:
        assert encode_field(b":method", b"GET") == b"\x82"
        assert encode_field(b":status", b"200") == b"\x88"

    def test_6_2_2_all_else_is_not_indexed(self) -> None:
        block = encode_field(b":path", b"/sample/path") + encode_field(b"x-new", b"1")
        decoder = Decoder()
        assert pairs(decoder, block) == [(b":path", b"/sample/path"), (b"x-new", b"1")]
        assert decoder.entries == ()
        assert block[0] == 0x04
        assert encode_field(b"www-authenticate", b"x")[:2] == b"\x0f\x2e"

    def test_7_1_3_sensitive_fields_are_never_indexed(self) -> None:
        assert encode_field(b"authorization", b"secret", True)[:2] == b"\x1f\x08"
        assert encode_field(b"password", b"secret", True)[0] == 0x10
        # Not even by the static table: a hop must see that the value is one to keep out.
        assert encode_field(b":method", b"GET", True)[0] == 0x12


class TestLimits:
    def test_head_counts_decoded_bytes(self) -> None:
        block = b"\x40\x01a\x64" + b"x" * 100 + b"\xbe" * 9
        assert len(Decoder().decode(block, 1330, FIELDS)) == 10
        with pytest.raises(LimitExceeded, match="head=1329") as caught:
            Decoder().decode(block, 1329, FIELDS)
        assert caught.value.status_hint == 431

    def test_fields_are_counted(self) -> None:
        assert len(Decoder().decode(b"\x82" * 5, HEAD, 5)) == 5
        with pytest.raises(LimitExceeded, match="fields=4"):
            Decoder().decode(b"\x82" * 5, HEAD, 4)

    def test_the_tables_stay_in_step_behind_a_block_that_is_too_large(self) -> None:
        decoder = Decoder()
        with pytest.raises(LimitExceeded):
            decoder.decode(b"\x82" * 5 + b"\x40\x01a\x01b", HEAD, 4)
        assert pairs(decoder, b"\xbe") == [(b"a", b"b")]
