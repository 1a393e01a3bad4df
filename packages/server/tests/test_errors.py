"""The tree of answers that are raised."""

from collections.abc import Callable
from typing import Any

import pytest
from aiolos_server import errors, web
from yarl import URL

Serve = Callable[..., Any]

# RFC 9110 15 and the RFCs that registered further codes: class name, code, phrase.
TREE = {
    "HTTPOk": 200,
    "HTTPCreated": 201,
    "HTTPAccepted": 202,
    "HTTPNonAuthoritativeInformation": 203,
    "HTTPNoContent": 204,
    "HTTPResetContent": 205,
    "HTTPPartialContent": 206,
    "HTTPMultipleChoices": 300,
    "HTTPMovedPermanently": 301,
    "HTTPFound": 302,
    "HTTPSeeOther": 303,
    "HTTPNotModified": 304,
    "HTTPUseProxy": 305,
    "HTTPTemporaryRedirect": 307,
    "HTTPPermanentRedirect": 308,
    "HTTPBadRequest": 400,
    "HTTPUnauthorized": 401,
    "HTTPPaymentRequired": 402,
    "HTTPForbidden": 403,
    "HTTPNotFound": 404,
    "HTTPMethodNotAllowed": 405,
    "HTTPNotAcceptable": 406,
    "HTTPProxyAuthenticationRequired": 407,
    "HTTPRequestTimeout": 408,
    "HTTPConflict": 409,
    "HTTPGone": 410,
    "HTTPLengthRequired": 411,
    "HTTPPreconditionFailed": 412,
    "HTTPRequestEntityTooLarge": 413,
    "HTTPRequestURITooLong": 414,
    "HTTPUnsupportedMediaType": 415,
    "HTTPRequestRangeNotSatisfiable": 416,
    "HTTPExpectationFailed": 417,
    "HTTPMisdirectedRequest": 421,
    "HTTPUnprocessableEntity": 422,
    "HTTPFailedDependency": 424,
    "HTTPUpgradeRequired": 426,
    "HTTPPreconditionRequired": 428,
    "HTTPTooManyRequests": 429,
    "HTTPRequestHeaderFieldsTooLarge": 431,
    "HTTPUnavailableForLegalReasons": 451,
    "HTTPInternalServerError": 500,
    "HTTPNotImplemented": 501,
    "HTTPBadGateway": 502,
    "HTTPServiceUnavailable": 503,
    "HTTPGatewayTimeout": 504,
    "HTTPVersionNotSupported": 505,
    "HTTPVariantAlsoNegotiates": 506,
    "HTTPInsufficientStorage": 507,
    "HTTPNotExtended": 510,
    "HTTPNetworkAuthenticationRequired": 511,
}
EMPTY = {204, 205, 304}


def test_phrases_are_those_of_the_present_standard_on_every_python() -> None:
    """RFC 9110 15.5.14, 15.5.15, 15.5.17, 15.5.21."""
    assert web.HTTPRequestEntityTooLarge(1).reason == "Content Too Large"
    assert web.HTTPRequestURITooLong().reason == "URI Too Long"
    assert web.HTTPRequestRangeNotSatisfiable().reason == "Range Not Satisfiable"
    assert web.Response(status=422).reason == "Unprocessable Content"


def made(name: str) -> web.HTTPException:
    """An instance of the class `name`."""
    arguments: tuple[Any, ...] = ()
    if name == "HTTPMethodNotAllowed":
        arguments = ("GET", ["POST"])
    elif name == "HTTPRequestEntityTooLarge":
        arguments = (10, 20)
    elif name == "HTTPUnavailableForLegalReasons":
        arguments = ("http://example.com/why",)
    elif issubclass(getattr(web, name), web.HTTPMove):
        arguments = ("/elsewhere",)
    instance: web.HTTPException = getattr(web, name)(*arguments)
    return instance


@pytest.mark.parametrize(("name", "status"), TREE.items())
def test_each_class(name: str, status: int) -> None:
    error = made(name)
    assert error.status == error.status_code == status
    family: type = {
        2: web.HTTPSuccessful,
        3: web.HTTPRedirection,
        4: web.HTTPClientError,
        5: web.HTTPServerError,
    }[status // 100]
    assert isinstance(error, family)
    assert isinstance(error, web.HTTPError) is (status >= 400)
    assert isinstance(error, web.Response)
    assert error.empty_body is (status in EMPTY)
    if status in EMPTY:
        assert not error.body
    else:
        assert error.body
        assert error.content_type == "text/plain"
    assert str(error) == error.reason
    assert str(status) in repr(error) or type(error).__name__ in repr(error)
    assert (type(error).__doc__ or "").startswith(str(status))


def test_every_class_is_in_the_list() -> None:
    listed = {
        name
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, web.HTTPException) and each.status_code >= 0
    }
    assert listed == set(TREE)
    assert listed <= set(web.__all__)


@pytest.mark.parametrize("name", sorted(TREE))
async def test_rsp_02_raised_and_returned_are_equal(name: str, serve: Serve) -> None:
    async def raising(request: web.Request) -> web.Response:
        raise made(name)

    async def returning(request: web.Request) -> web.Response:
        return made(name)

    app = web.Application()
    app.router.add_get("/raised", raising)
    app.router.add_get("/returned", returning)
    peer = serve(app=app)
    raised = await peer.ask(b"GET /raised HTTP/1.1\r\nHost: a\r\n\r\n")
    returned = await peer.ask(b"GET /returned HTTP/1.1\r\nHost: a\r\n\r\n")
    assert raised == returned
    assert raised.status == TREE[name]


def test_a_body_of_ones_own() -> None:
    assert web.HTTPNotFound(text="gone fishing").text == "gone fishing"
    error = web.HTTPNotFound(body=b"<b>no</b>", content_type="text/html")
    assert (error.body, error.content_type) == (b"<b>no</b>", "text/html")
    assert web.HTTPNotFound(reason="Nope").text == "404: Nope"
    assert web.HTTPNotFound(headers={"X-Why": "because"}).headers["X-Why"] == "because"
    with pytest.raises(ValueError, match="not both"):
        web.HTTPNotFound(body=b"a", text="b")
    for reason in ("a\nb", "a\rb"):
        with pytest.raises(ValueError, match=r"Reason cannot contain \\r or \\n"):
            web.HTTPNotFound(reason=reason)


def test_a_class_of_ones_own() -> None:
    class Teapot(web.HTTPClientError):
        status_code = 418

    error = Teapot()
    assert (error.status, error.reason) == (418, "I'm a Teapot")


def test_redirections() -> None:
    error = web.HTTPFound("/new-location")
    assert error.headers["Location"] == "/new-location"
    assert error.location == "/new-location"
    assert web.HTTPFound(URL("/a")).location == URL("/a")
    assert web.HTTPSeeOther("/\u00e9 x").headers["Location"] == "/%C3%A9%20x"
    for empty in ("", None):
        with pytest.raises(ValueError, match="location"):
            web.HTTPFound(empty)


def test_a_location_never_splits_a_head() -> None:
    location = web.HTTPFound("/x\r\nSet-Cookie: a=b").headers["Location"]
    assert "\r" not in location
    assert "\n" not in location


def test_405_lists_what_is_allowed() -> None:
    error = web.HTTPMethodNotAllowed("PUT", ["POST", "GET"])
    assert error.headers["Allow"] == "GET,POST"
    assert error.allowed_methods == {"GET", "POST"}
    assert error.method == "PUT"


def test_413_names_what_it_was_given() -> None:
    assert web.HTTPRequestEntityTooLarge(10).text == "Maximum request body size 10 exceeded."
    assert "20" in web.HTTPRequestEntityTooLarge(10, 20).text
    assert web.HTTPRequestEntityTooLarge(10, text="too large").text == "too large"


def test_451_links_to_who_demands_it() -> None:
    error = web.HTTPUnavailableForLegalReasons("http://example.com/why")
    assert error.headers["Link"] == '<http://example.com/why>; rel="blocked-by"'
    assert str(error.link) == "http://example.com/why"
    nobody = web.HTTPUnavailableForLegalReasons(None)
    assert nobody.link is None
    assert "Link" not in nobody.headers


def test_exceptions_are_true_and_equal_only_to_themselves() -> None:
    error = web.HTTPNoContent()
    assert error
    assert error == error
    assert error != web.HTTPNoContent()
    assert {error: 1}[error] == 1


def test_one_method_is_no_list_of_methods() -> None:
    with pytest.raises(TypeError, match=r"allowed_methods is a list, such as \['POST'\]"):
        web.HTTPMethodNotAllowed("GET", "POST")
