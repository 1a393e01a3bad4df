"""What the client raises."""

import ssl

from aiolos.client_exceptions import *  # noqa: F403
from aiolos.client_exceptions import ClientSSLError
from aiolos.client_exceptions import __all__ as __all__

cert_errors = (ssl.CertificateError,)
cert_errors_bases = (ClientSSLError, ssl.CertificateError)
ssl_errors = (ssl.SSLError,)
ssl_error_bases = (ClientSSLError, ssl.SSLError)
