"""Pages from Jinja templates, with the API of aiohttp_jinja2 and more.

    from aiolos_server.contrib import jinja2 as templates

    templates.setup(app, loader=jinja2.FileSystemLoader("templates"))

    @templates.template("index.html")
    async def index(request):
        return {"name": "you"}

What goes wrong (no setup(), a template that is not there, a context that is no mapping) is raised
as it is: the server logs it and answers 500, and the peer learns no names of files.
"""

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from ..abc import AbstractView
from ..keys import AppKey
from ..middlewares import middleware
from ..request import BaseRequest, Request
from ..response import Response, StreamResponse
from ..web import Application

try:
    import jinja2
except ImportError as error:
    raise ImportError(
        "templates need the distribution 'jinja2', which is not installed; run: pip install jinja2",
        name="jinja2",
    ) from error

__all__ = [
    "APP_CONTEXT_PROCESSORS_KEY",
    "APP_KEY",
    "GLOBAL_HELPERS",
    "REQUEST_CONTEXT_KEY",
    "Environment",
    "context_processors_middleware",
    "get_env",
    "render_string",
    "render_string_async",
    "render_template",
    "render_template_async",
    "request_processor",
    "setup",
    "static_root_key",
    "template",
]

_F = TypeVar("_F", bound=Callable[..., Any])
ContextProcessor = Callable[[Request], Awaitable[Mapping[str, Any]]]

APP_KEY: Final = AppKey[jinja2.Environment]("APP_KEY")
APP_CONTEXT_PROCESSORS_KEY: Final = AppKey[Sequence[ContextProcessor]]("APP_CONTEXT_PROCESSORS_KEY")
REQUEST_CONTEXT_KEY: Final = "aiolos_jinja2_context"
static_root_key: Final = AppKey("static_root_key", str)


class Environment(jinja2.Environment):
    """jinja2.Environment, to which functions are added by decorators; a name that is not given is
    the function's own."""

    def template_filter(self, name: str | None = None) -> Callable[[_F], _F]:
        """`@env.template_filter("shout")` for `{{ text|shout }}`."""
        return _adding(self.filters, name)

    def template_test(self, name: str | None = None) -> Callable[[_F], _F]:
        """`@env.template_test("even")` for `{% if n is even %}`."""
        return _adding(self.tests, name)

    def template_global(self, name: str | None = None) -> Callable[[_F], _F]:
        """`@env.template_global("now")` for `{{ now() }}`."""
        return _adding(self.globals, name)


def _adding(functions: Any, name: str | None) -> Callable[[_F], _F]:
    if callable(name):
        raise TypeError(f"the decorator of {name.__qualname__} wants parentheses, like @...()")

    def add(function: _F) -> _F:
        functions[name or function.__name__] = function
        return function

    return add


def setup(
    app: Application,
    *args: Any,
    environment: jinja2.Environment | None = None,
    app_key: AppKey[jinja2.Environment] = APP_KEY,
    context_processors: Sequence[ContextProcessor] = (),
    filters: Mapping[str, Callable[..., Any]] | None = None,
    default_helpers: bool = True,
    **options: Any,
) -> jinja2.Environment:
    """Give `app` templates: those of `environment`, or of a new Environment of the arguments and
    options, which escapes by default. The environment is returned.

    Every template has `app` and, with `default_helpers`, the functions `url` and `static`.
    `context_processors` are coroutine functions whose mappings each page gets beside its own.
    """
    if environment is None:
        options.setdefault("autoescape", True)
        environment = Environment(*args, **options)
    elif args or options:
        raise TypeError("give setup() an environment, or arguments for a new one, not both")
    if default_helpers:
        environment.globals.update(GLOBAL_HELPERS)
    environment.filters.update(filters or {})
    environment.globals["app"] = app
    app[app_key] = environment
    if context_processors:
        app[APP_CONTEXT_PROCESSORS_KEY] = context_processors
        app.middlewares.append(context_processors_middleware)
    return environment


def get_env(
    app: Application, *, app_key: AppKey[jinja2.Environment] = APP_KEY
) -> jinja2.Environment:
    """The environment of `app`; RuntimeError where setup() was not called for it."""
    return _known(app.get(app_key))


def _known(environment: jinja2.Environment | None) -> jinja2.Environment:
    if environment is None:
        raise RuntimeError("there are no templates here: call setup(app, loader=...) first")
    return environment


# Rendering.


def render_string(
    template_name: str,
    request: Request,
    context: Mapping[str, Any] | None,
    *,
    app_key: AppKey[jinja2.Environment] = APP_KEY,
) -> str:
    """The text of a template. RuntimeError where the environment is an asynchronous one."""
    environment = _known(request.config_dict.get(app_key))
    if environment.is_async:
        raise RuntimeError("the environment has enable_async=True: await render_string_async()")
    return environment.get_template(template_name).render(_whole(request, context))


async def render_string_async(
    template_name: str,
    request: Request,
    context: Mapping[str, Any] | None,
    *,
    app_key: AppKey[jinja2.Environment] = APP_KEY,
) -> str:
    """The text of a template, whichever kind the environment is of."""
    environment = _known(request.config_dict.get(app_key))
    found = environment.get_template(template_name)
    whole = _whole(request, context)
    return await found.render_async(whole) if environment.is_async else found.render(whole)


def _whole(request: Request, context: Mapping[str, Any] | None) -> dict[str, Any]:
    """The page's own context over that of the processors."""
    if not isinstance(context, Mapping | None):
        raise TypeError(f"a template's context is a mapping, not {context!r:.80}")
    return {**request.get(REQUEST_CONTEXT_KEY, {}), **(context or {})}


def render_template(
    template_name: str,
    request: Request,
    context: Mapping[str, Any] | None,
    *,
    app_key: AppKey[jinja2.Environment] = APP_KEY,
    encoding: str = "utf-8",
    status: int = 200,
) -> Response:
    """A template as a response. RuntimeError where the environment is an asynchronous one."""
    text = render_string(template_name, request, context, app_key=app_key)
    return _page(text, encoding, status)


async def render_template_async(
    template_name: str,
    request: Request,
    context: Mapping[str, Any] | None,
    *,
    app_key: AppKey[jinja2.Environment] = APP_KEY,
    encoding: str = "utf-8",
    status: int = 200,
) -> Response:
    """A template as a response, whichever kind the environment is of."""
    text = await render_string_async(template_name, request, context, app_key=app_key)
    return _page(text, encoding, status)


def _page(text: str, encoding: str, status: int) -> Response:
    return Response(text=text, status=status, content_type="text/html", charset=encoding)


def template(
    template_name: str,
    *,
    app_key: AppKey[jinja2.Environment] = APP_KEY,
    encoding: str = "utf-8",
    status: int = 200,
) -> Callable[[Callable[..., Any]], Callable[..., Awaitable[StreamResponse]]]:
    """A decorator of handlers, functions and methods of views alike: the mapping that one returns
    is the template's context, None an empty one; a response is sent as it is."""

    def decorate(handler: Callable[..., Any]) -> Callable[..., Awaitable[StreamResponse]]:
        @functools.wraps(handler)
        async def render(*args: Any) -> StreamResponse:
            context = handler(*args)
            if inspect.isawaitable(context):
                context = await context
            if isinstance(context, StreamResponse):
                return context
            return await render_template_async(
                template_name,
                _request_of(args),
                context,
                app_key=app_key,
                encoding=encoding,
                status=status,
            )

        return render

    return decorate


def _request_of(args: tuple[Any, ...]) -> Any:
    """The request among a handler's arguments, before which a method has its object."""
    if isinstance(args[0], AbstractView):
        return args[0].request
    return next(each for each in args if isinstance(each, BaseRequest))


# What every page has.


@middleware
async def context_processors_middleware(
    request: Request, handler: Callable[[Request], Awaitable[StreamResponse]]
) -> StreamResponse:
    """Asks the context processors before the handler; setup() adds it."""
    found = request.setdefault(REQUEST_CONTEXT_KEY, {})
    for processor in request.config_dict[APP_CONTEXT_PROCESSORS_KEY]:
        found.update(await processor(request))
    return await handler(request)


async def request_processor(request: Request) -> dict[str, Request]:
    """A context processor: the request, as `request`."""
    return {"request": request}


@jinja2.pass_context
def _url(
    context: Mapping[str, Any],
    route_name: str,
    /,
    query_: Mapping[str, str] | None = None,
    **parts: str | int,
) -> Any:
    """`{{ url("user", name="ann", query_={"page": "2"}) }}`"""
    for name, value in parts.items():
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise TypeError(f"url(): {name} is a str or an int, not {value!r:.80}")
    filled = {name: str(value) for name, value in parts.items()}
    url = context["app"].router[route_name].url_for(**filled)
    return url.with_query(query_) if query_ else url


@jinja2.pass_context
def _static(context: Mapping[str, Any], path: str, /) -> str:
    """`{{ static("app.css") }}`, below `app[static_root_key]`."""
    root = context["app"].get(static_root_key)
    if root is None:
        raise RuntimeError("static() wants app[static_root_key], the URL that files are under")
    return f"{root.rstrip('/')}/{path.lstrip('/')}"


GLOBAL_HELPERS: Final[dict[str, Any]] = {"url": _url, "static": _static}
