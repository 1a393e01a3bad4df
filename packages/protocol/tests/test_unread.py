"""Unread bytes, against the plainest model of them: one bytes object."""

from aiolos_protocol.streams import StreamReader
from hypothesis import given
from hypothesis import strategies as st

pieces = st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=5)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("data"), st.binary(max_size=9)),
        st.tuples(st.just("chunks"), pieces),
        st.tuples(st.just("take"), st.integers(0, 30)),
        st.tuples(st.just("all"), st.none()),
        st.tuples(st.just("back"), st.none()),
    ),
    max_size=60,
)


@given(steps)
def test_what_is_taken_is_what_was_appended(steps):
    reader, model, taken, total = StreamReader(), b"", b"", 0
    for kind, value in steps:
        if kind == "data":
            reader.feed_data(value)
            model += value
            total += len(value)
        elif kind == "chunks":
            reader.feed_chunks(list(value), True)
            model += b"".join(value)
            total += sum(map(len, value))
        elif kind == "take" and value:
            taken = reader.read_nowait(value)
            assert taken == model[:value]
            model = model[value:]
        elif kind == "all":
            taken = reader.read_nowait()
            assert taken == model
            model = b""
        elif kind == "back":
            reader.put_back(taken)
            model, taken = taken + model, b""
        assert reader.total_bytes == total
    reader.feed_eof()
    assert reader.at_eof() == (not model)
    assert reader.read_nowait() == model
