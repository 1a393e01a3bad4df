"""Workers for Gunicorn: `gunicorn module:app -k aiolos.worker.GunicornWebWorker`."""

from aiolos_server.gunicorn import GunicornUVLoopWebWorker, GunicornWebWorker

__all__ = ["GunicornUVLoopWebWorker", "GunicornWebWorker"]
