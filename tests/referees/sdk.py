"""An MCP server with sessions (PyPI `mcp`), which can be killed and started again on the same port, or starts slowly.

    python sdk.py '{"ran": "/tmp/ran", "port": 1234}'       # over HTTP; without a port the system picks one
    python sdk.py '{"ran": "/tmp/ran", "delay_s": 20}' stdio

Each tool that runs adds its name to the file `ran`, which outlives the server. Over HTTP, the first line on standard output tells the port.
"""

import asyncio
import json
import socket
import sys
import time

import uvicorn
from mcp.server.mcpserver import MCPServer


def server(options):
    mcp = MCPServer("sdk")

    def ran(tool):
        with open(options["ran"], "a", encoding="utf-8") as file:
            file.write(tool + "\n")

    @mcp.tool()
    def add(a: float, b: float) -> dict:
        """Add two numbers."""
        ran("add")
        return {"sum": a + b}

    @mcp.tool()
    def write_note(text: str) -> dict:
        """Keep a note."""
        ran("write_note")
        return {"characters": len(text)}

    return mcp


def main():
    options = json.loads(sys.argv[1])
    time.sleep(options.get("delay_s", 0))
    mcp = server(options)
    if "stdio" in sys.argv:
        mcp.run("stdio")
        return
    listener = socket.create_server(("127.0.0.1", options.get("port", 0)))
    config = uvicorn.Config(mcp.streamable_http_app(), log_level="warning", access_log=False, lifespan="on")
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


main()
