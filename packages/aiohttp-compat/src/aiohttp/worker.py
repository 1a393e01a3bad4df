"""Workers for Gunicorn: `gunicorn module:app -k aiohttp.worker.GunicornWebWorker`."""

from aiolos.worker import GunicornUVLoopWebWorker, GunicornWebWorker

__all__ = ["GunicornUVLoopWebWorker", "GunicornWebWorker"]
