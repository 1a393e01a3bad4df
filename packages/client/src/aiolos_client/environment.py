"""What the environment says about a request (trust_env); a middleware."""

import asyncio
from dataclasses import replace
from functools import partial

from aiolos_protocol import hdrs
from aiolos_protocol.fields.authorization import BasicAuth

from .auth import netrc_auth
from .clientrequest import ClientRequest
from .middlewares import ClientHandlerType
from .proxies import environment_proxy
from .response import ClientResponse
from .settling import proxy_setting


async def by_environment(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Take the proxy from HTTP_PROXY and the like, and credentials from netrc, where the request
    has none of its own. An origin does not choose by a redirection who obtains the credentials of
    netrc's default entry. To stand behind Sender.dressed(): what it sets is of one attempt."""
    fields = request.headers
    settings = request.settings
    if settings.route.proxy is None:
        found = environment_proxy(request.url)
        if found is not None:
            known = None if found.user else await _from_netrc(found.host)
            proxy, auth = proxy_setting(found, known)
            route = replace(settings.route, proxy=proxy, proxy_auth=auth)
            request.settings = settings.but(route=route)
    if hdrs.AUTHORIZATION not in fields:
        credentials = await _from_netrc(request.host, named=request.is_astray)
        if credentials is not None:
            fields[hdrs.AUTHORIZATION] = credentials.encode()
    return await handler(request)


async def _from_netrc(host: str | None, *, named: bool = False) -> BasicAuth | None:
    # The file is on a disk.
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, partial(netrc_auth, host or "", named=named))
