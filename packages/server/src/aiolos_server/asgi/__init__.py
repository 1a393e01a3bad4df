"""An application as an ASGI 3 callable: `uvicorn module:app` and the like.

`serving` holds the life of the application and takes scopes apart; `link` is an exchange over
ASGI's messages, `socket` a WebSocket of ASGI's dressed as a transport.
"""
