"""The keys of an application's further signals."""

from aiolos.signals import *  # noqa: F403
