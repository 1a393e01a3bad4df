"""Multipart bodies, read and written."""

from aiolos.multipart import *  # noqa: F403
from aiolos.multipart import __all__ as __all__
from aiolos_protocol.multipart import BodyPartReaderPayload as BodyPartReaderPayload
from aiolos_protocol.multipart.reader import MultipartResponseWrapper as MultipartResponseWrapper

from ._absent import absent

absent(__name__)
