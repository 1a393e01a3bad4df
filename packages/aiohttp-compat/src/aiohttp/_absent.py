"""Names inside the original's modules that are not here: who reads one is told what there is."""

import sys
from opcode import opmap
from types import FrameType
from typing import Any, Final, NoReturn

# By module: what programs are known to read, or might, and the nearest name that there is.
_NEAREST: Final[dict[str, dict[str, str]]] = {
    "client": {"_CharsetResolver": "ClientSession(fallback_charset_resolver=...)"},
    "client_middleware_digest_auth": {
        "DigestAuthChallenge": "DigestAuthMiddleware",
        "parse_header_pairs": "aiolos_protocol.fields.authorization",
    },
    "client_reqrep": {
        "_gen_default_accept_encoding": "the header Accept-Encoding of a request",
        "_is_expected_content_type": "ClientResponse.json(content_type=...)",
        "_merge_ssl_params": "the parameter ssl of a request or a connector",
        "_RequestInfo": "RequestInfo",
    },
    "connector": {
        "_ConnectTunnelConnection": "Connection",
        "_DeprecationWaiter": "await connector.close()",
        "_DNSCacheTable": "TCPConnector(use_dns_cache=..., ttl_dns_cache=...)",
        "_make_ssl_context": "the parameter ssl of TCPConnector, an ssl.SSLContext",
        "_TransportPlaceholder": "BaseConnector.connect()",
    },
    "cookiejar": {
        "_RestrictedCookieUnpickler": "CookieJar.load(), which reads JSON",
        "_UnlimitedCookieJar": "CookieJar",
    },
    "helpers": {
        "_basic_auth_no_warn": "BasicAuth",
        "_EXC_SENTINEL": "StreamReader.exception(), None where there is none",
        "EnsureOctetStream": "parse_content_type()",
        "is_canonical_ipv4_address": "is_ip_address()",
    },
    "http_parser": {
        "DeflateBuffer": "aiohttp.compression_utils.ZLibDecompressor",
        "HttpPayloadParser": "HttpRequestParser and HttpResponseParser, which read bodies as well",
    },
    "http_writer": {
        "_py_serialize_headers": "StreamWriter.write_headers()",
        "_safe_header": "StreamWriter.write_headers(), which checks names and values",
        "_serialize_headers": "StreamWriter.write_headers()",
    },
    "multipart": {"MultipartPayloadWriter": "MultipartWriter.write()"},
    "payload": {"_CLOSE_FUTURES": "await payload.close()"},
    "resolver": {
        "_DNSResolverManager": "AsyncResolver",
        "aiodns_default": "DefaultResolver",
    },
    "test_utils": {"_create_app_mock": "aiohttp.web.Application()"},
    "web_app": {
        "_build_middlewares": "Application(middlewares=...)",
        "_cached_build_middleware": "Application(middlewares=...)",
        "CleanupContext": "Application.cleanup_ctx",
    },
    "web_fileresponse": {
        "_FileResponseResult": "FileResponse",
        "NOSENDFILE": "FileResponse, which chooses by itself",
    },
    "web_log": {"KeyMethod": "AbstractAccessLogger, whose log() writes lines of one's own"},
    "web_middlewares": {
        "_check_request_resolves": "normalize_path_middleware()",
        "_fix_request_current_app": "Request.app, which is right without it",
    },
    "web_protocol": {
        "_ErrInfo": "Application.on_exception",
        "ERROR": "Application.on_exception",
        "MAX_MSG_QUEUE_SIZE": "Limits.pipelined",
    },
    "web_request": {"_FORWARDED_PAIR_RE": "BaseRequest.forwarded"},
    "web_urldispatcher": {
        "_InfoDict": "AbstractResource.get_info()",
        "PrefixResource": "StaticResource and PrefixedSubAppResource",
        "ResourcesView": "UrlDispatcher.resources()",
        "RoutesView": "UrlDispatcher.routes()",
    },
}


def _is_imported_by(frame: FrameType) -> bool:
    """Whether it is `from module import name` that `frame` is at."""
    code = frame.f_code.co_code
    return 0 <= frame.f_lasti < len(code) and code[frame.f_lasti] == opmap["IMPORT_FROM"]


def absent(module: str) -> None:
    """Have `module`, which is being imported, tell the nearest name of those that it has not."""
    nearest = _NEAREST[module.rpartition(".")[2]]

    def tell(name: str) -> NoReturn:
        words = f"module {module!r} has no attribute {name!r}"
        if name in nearest:
            hint = f": it is the original's own; the nearest name is {nearest[name]}"
            if _is_imported_by(sys._getframe(1)):
                # For an AttributeError Python says that the name cannot be imported, and no more.
                raise ImportError(f"cannot import name {name!r} from {module!r}{hint}", name=module)
            words += hint
        raise AttributeError(words, name=name)

    imported: Any = sys.modules[module]
    # Not by a function in the module: type checkers took every name for one that is there.
    imported.__getattr__ = tell
