"""Serve an ASGI application on a free loopback port, in a thread, for as long as a `with` block lasts."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any, Literal

import uvicorn

WebSockets = Literal["none", "websockets-sansio"]


class _LoopbackServer(uvicorn.Server):
    """uvicorn without signals and ticks: it stops at once, whatever its clients are still waiting for."""

    def __init__(self, app: Any, ws: WebSockets) -> None:
        super().__init__(uvicorn.Config(app, http="h11", loop="asyncio", ws=ws, log_config=None))
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)  # fills in the date header
        await self._stop.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        tasks = list(self.server_state.tasks)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.lifespan.shutdown()

    def stop(self) -> None:
        """Stop from another thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)


@contextlib.contextmanager
def serve(app: Any, ws: WebSockets = "none", port: int = 0) -> Iterator[str]:
    """Serve `app` until the block ends; gives the base address, such as `http://127.0.0.1:40123`.

    A `port` of an earlier server makes it look like that one's restart.
    """
    listener = socket.create_server(("127.0.0.1", port))
    server = _LoopbackServer(app, ws)
    thread = threading.Thread(target=server.run, args=([listener],), name="loopback-server", daemon=True)
    thread.start()
    try:
        if not server.ready.wait(timeout=20):
            raise RuntimeError("the stand-in server did not start")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.stop()
        thread.join(timeout=20)
        listener.close()
