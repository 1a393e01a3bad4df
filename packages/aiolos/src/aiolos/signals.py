"""The keys of an application's further signals: `app.signal(signals.pre_shutdown)`."""

from aiolos_server.signals import (
    Signal,
    Signals,
    post_cleanup,
    post_shutdown,
    post_signals,
    post_startup,
    pre_cleanup,
    pre_shutdown,
    pre_startup,
)

__all__ = [
    "Signal",
    "Signals",
    "post_cleanup",
    "post_shutdown",
    "post_signals",
    "post_startup",
    "pre_cleanup",
    "pre_shutdown",
    "pre_startup",
]
