"""AppKey."""

from aiolos_server import web


def test_a_key_is_equal_to_itself_alone() -> None:
    key = web.AppKey("db", int)
    assert key == key
    assert key != web.AppKey("db", int)


def test_its_repr_names_the_module_and_the_type() -> None:
    assert repr(web.AppKey("db", int)).endswith("test_keys.db, type=int)>")
    assert "test_keys.db" in repr(web.AppKey("db"))
