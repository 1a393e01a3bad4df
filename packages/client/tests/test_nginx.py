"""Against nginx: as an origin in the clear and over TLS, and as a proxy; curl sees the same."""

import asyncio
import contextlib
import gzip
import os
import shutil
import socket
import ssl
from hashlib import sha256

import aiolos_client
import pytest
from aiolos_client import ClientSession, CookieJar, Fingerprint, TCPConnector

# Daemons lie in sbin, which is not on every PATH.
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
CURL = shutil.which("curl")
pytestmark = pytest.mark.skipif(
    not (NGINX and CURL) and not os.environ.get("CI"), reason="nginx or curl is not installed"
)
CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/temp;
    proxy_temp_path {folder}/temp;
    fastcgi_temp_path {folder}/temp;
    uwsgi_temp_path {folder}/temp;
    scgi_temp_path {folder}/temp;
    client_max_body_size 20m;
    default_type text/plain;
    keepalive_requests 50;
    gzip on;
    gzip_types text/plain;
    ssl_certificate {folder}/certificate.pem;
    ssl_certificate_key {folder}/key.pem;
    ssl_session_cache shared:a:1m;
    ssl_protocols TLSv1.2 TLSv1.3;
    server {{
        listen 127.0.0.1:{port};
        listen 127.0.0.1:{tls_port} ssl;
        root {folder}/www;
        location = /blob {{ gzip off; }}
        location = /move {{ return 308 /text; }}
        location = /tls {{ return 200 "$ssl_protocol $ssl_session_reused"; }}
        location = /connection {{ return 200 "$connection"; }}
        location = /cookie {{ add_header Set-Cookie "a=1; Path=/"; return 200 "$http_cookie"; }}
        location = /early {{ return 413; }}
        location = /echo {{
            client_body_buffer_size 1m;
            proxy_pass http://127.0.0.1:{port}/body;
            proxy_set_header X-Length $http_content_length;
            proxy_set_header X-Coding $http_transfer_encoding;
        }}
        location = /body {{ return 200 "$content_length $http_x_length $http_x_coding"; }}
    }}
    server {{
        listen 127.0.0.1:{proxy_port};
        location / {{
            if ($http_proxy_authorization != "Basic dTpw") {{ return 407; }}
            proxy_pass http://$http_host$request_uri;
            add_header X-Proxy nginx;
        }}
    }}
}}
"""


class Nginx:
    """Where it listens, and the folder that it serves."""

    def __init__(self, folder):
        self.folder = folder
        with contextlib.ExitStack() as stack:
            ports = [stack.enter_context(socket.socket()) for _ in range(3)]
            for each in ports:
                each.bind(("127.0.0.1", 0))
            self.port, self.tls_port, self.proxy_port = (each.getsockname()[1] for each in ports)
        self.url = f"http://127.0.0.1:{self.port}"
        self.tls_url = f"https://localhost:{self.tls_port}"
        self.proxy_url = f"http://127.0.0.1:{self.proxy_port}"

    def file(self, name, content):
        path = self.folder / "www" / name
        path.write_bytes(content)
        path.chmod(0o644)


@pytest.fixture
async def nginx(tmp_path, authority):
    assert NGINX, "nginx-light is needed"
    made = Nginx(tmp_path)
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    (tmp_path / "www").mkdir()
    ports = {"port": made.port, "tls_port": made.tls_port, "proxy_port": made.proxy_port}
    configuration = CONFIGURATION.format(folder=tmp_path, **ports)
    (tmp_path / "nginx.conf").write_text(configuration)
    made.certificate = certificate.cert_chain_pems[0].bytes()
    process = await asyncio.create_subprocess_exec(
        NGINX, "-p", tmp_path, "-c", tmp_path / "nginx.conf", "-e", tmp_path / "early"
    )
    try:
        for port in ports.values():
            await listens(port, process, tmp_path)
        yield made
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def listens(port, process, folder):
    for _ in range(500):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        assert process.returncode is None, (folder / "early").read_text()
        await asyncio.sleep(0.02)
    pytest.fail("nginx does not listen")


async def curl(*arguments):
    assert CURL, "curl is needed"
    process = await asyncio.create_subprocess_exec(
        CURL, "--silent", "--show-error", *arguments, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output


async def get(session, url, **options):
    async with session.get(url, **options) as response:
        return await response.text()


async def test_bodies_as_curl_sees_them(nginx):
    text, blob = b"text " * 50_000, os.urandom(3_000_000)
    nginx.file("text", text)
    nginx.file("blob", blob)
    async with ClientSession(nginx.url) as session:
        for name, whole in (("text", text), ("blob", blob)):
            async with session.get(f"/{name}") as response:
                assert await response.read() == whole
            assert await curl("--compressed", f"{nginx.url}/{name}") == whole
        # gzip comes in chunks.
        async with session.get("/text", auto_decompress=False) as response:
            assert response.headers["Content-Encoding"] == "gzip"
            assert response.content_length is None
            assert gzip.decompress(await response.read()) == text
        async with session.get("/blob", headers={"Range": "bytes=5-8"}) as response:
            assert (response.status, await response.read()) == (206, blob[5:9])
        async with session.head("/blob") as response:
            assert response.content_length == len(blob)
        async with session.get("/move") as response:
            assert [each.status for each in response.history] == [308]
            assert response.url.path == "/text"


async def test_a_connection_that_the_server_ends(nginx):
    """keepalive_requests: nginx closes behind the fiftieth answer."""
    async with ClientSession(nginx.url) as session:
        numbers = [await get(session, "/connection") for _ in range(120)]
    assert len(set(numbers)) == 3


async def test_uploads(nginx):
    async def pieces():
        for _ in range(100):
            yield bytes(10_000)

    async with ClientSession(nginx.url) as session:
        async with session.post("/echo", data=bytes(1_000_000)) as response:
            assert await response.text() == "1000000 1000000 "
        async with session.post("/echo", data=pieces()) as response:
            assert await response.text() == "1000000  chunked"
        # Refused before the body is there, which costs the connection at most.
        async with session.post("/early", data=bytes(8_000_000)) as response:
            assert response.status == 413
        assert await get(session, "/body") == "  "


async def test_a_download_that_is_resumed(nginx, tmp_path):
    blob = os.urandom(3_000_000)
    nginx.file("blob", blob)
    seen = []

    def enough(received, total):
        seen.append((received, total))
        if received > 1_000_000:
            raise KeyError

    async with ClientSession(nginx.url) as session:
        with pytest.raises(KeyError):
            await session.download("/blob", tmp_path / "copy", progress=enough)
        done = await session.download("/blob", tmp_path / "copy")
    assert (done.size, done.resumed_from) == (len(blob), seen[-1][0])
    assert (tmp_path / "copy").read_bytes() == blob


async def test_cookies(nginx):
    async with ClientSession(nginx.url, cookie_jar=CookieJar(unsafe=True)) as session:
        assert [await get(session, "/cookie") for _ in range(2)] == ["", "a=1"]


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
async def test_tls_sessions_are_resumed(nginx, authority, version):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    context.maximum_version = ssl.TLSVersion[version]
    connector = TCPConnector(ssl=context, force_close=True)
    async with ClientSession(nginx.tls_url, connector=connector) as session:
        told = [await get(session, "/tls") for _ in range(3)]
    name = version.replace("_", ".")
    assert told == [f"{name} .", f"{name} r", f"{name} r"]


async def test_a_fingerprint(nginx):
    der = ssl.PEM_cert_to_DER_cert(nginx.certificate.decode())
    async with ClientSession(nginx.tls_url) as session:
        pinned = Fingerprint(sha256(der).digest())
        assert (await get(session, "/tls", ssl=pinned)).startswith("TLSv1.3")
        with pytest.raises(
            aiolos_client.ServerFingerprintMismatch, match=r"localhost|127\.0\.0\.1"
        ):
            await get(session, "/tls", ssl=Fingerprint(bytes(32)))


async def test_plain_http_where_tls_is_spoken(nginx):
    async with ClientSession() as session:
        async with session.get(nginx.tls_url.replace("https", "http")) as response:
            assert response.status == 400
        with pytest.raises(aiolos_client.ClientConnectorSSLError):
            await get(session, nginx.url.replace("http", "https"))


async def test_cli_24_nginx_as_a_proxy(nginx):
    nginx.file("text", b"behind")
    auth = aiolos_client.BasicAuth("u", "p")
    async with ClientSession(proxy=nginx.proxy_url) as session:
        async with session.get(f"{nginx.url}/text", proxy_auth=auth) as response:
            assert (response.headers["X-Proxy"], await response.text()) == ("nginx", "behind")
        async with session.get(f"{nginx.url}/text") as response:
            assert response.status == 407
        # It knows no CONNECT.
        with pytest.raises(aiolos_client.ClientHttpProxyError):
            await get(session, nginx.tls_url, proxy_auth=auth)
    arguments = ("--proxy", nginx.proxy_url, "--proxy-user", "u:p", "--noproxy", "")
    assert await curl(*arguments, f"{nginx.url}/text") == b"behind"
