"""AppKey."""

from collections.abc import Iterator

from aiolos_server import web


def test_a_key_is_equal_to_itself_alone() -> None:
    key = web.AppKey("db", int)
    assert key == key
    assert key != web.AppKey("db", int)


def test_its_repr_names_the_module_and_the_type() -> None:
    assert repr(web.AppKey("db", int)).endswith("test_keys.db, type=int)>")
    assert "test_keys.db" in repr(web.AppKey("db"))


def test_the_subscript_names_the_type_as_well() -> None:
    key = web.AppKey[Iterator[int]]("db")
    assert repr(key).endswith("test_keys.db, type=collections.abc.Iterator[int])>")
    assert repr(web.RequestKey("a", Iterator[int])) == repr(web.RequestKey[Iterator[int]]("a"))
    assert repr(web.ResponseKey("a", web.Request)).endswith(
        ", type=aiolos_server.request.Request)>"
    )


def test_keys_are_sorted_by_name_before_strings() -> None:
    b, c = web.AppKey("b", str), web.AppKey("c", str)
    assert sorted(["d", c, "a", b]) == [b, c, "a", "d"]
