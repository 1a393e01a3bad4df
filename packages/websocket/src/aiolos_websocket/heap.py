"""Memory that was freed, back to the system.

zlib's windows lie between what lives on. The C library keeps such gaps for itself: a process whose
hundreds of windows were all given back would look as large as before. glibc can be told.
"""

import sys


def trim() -> None:
    """Give the pages of memory that nobody uses back to the system, where it is glibc's.

    It takes a millisecond or two for a few hundred windows.
    """
    if sys.platform == "linux":
        # Not before it is needed: it takes 10 ms to import.
        import ctypes

        release = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if release is not None:
            release(0)
