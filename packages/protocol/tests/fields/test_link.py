"""Link (RFC 8288)."""

import pytest
from aiolos_protocol.fields.link import parse_links


def test_links() -> None:
    found = parse_links(
        [
            '<http://example.com/a,b;c>; rel="previous NEXT"; title="letter, \\"1\\""',
            "</b> ;rel=up; rel=down;title=plain;title*=UTF-8''n%c3%a4chstes",
            ', <c>;anchor="#x",, <>',
        ]
    )
    assert [each.target for each in found] == ["http://example.com/a,b;c", "/b", "c", ""]
    assert found[0].relations == ("previous", "next")
    assert found[0].parameters["title"] == 'letter, "1"'
    assert found[1].relations == ("up",)
    assert found[1].parameters["title"] == "nächstes"
    assert dict(found[2].parameters) == {"anchor": "#x"}
    assert found[3].relations == ()


@pytest.mark.parametrize(
    ("value", "targets"),
    [("", []), ("a; rel=b", []), ("<a; rel=b", []), ("<a>, b, <c>", ["a"]), (",,<a>", ["a"])],
)
def test_what_is_no_link_ends_the_reading(value: str, targets: list[str]) -> None:
    assert [each.target for each in parse_links([value])] == targets
