"""A resource server (PyPI `fastmcp`) on a loopback port that the system picks.

    python served.py '{"name": "a", "issuer": "http://127.0.0.1:1", "algorithm": "RS256", "required": ["mcp:read"]}'

Without an issuer it checks nothing. `introspection` with a client id, secret and method asks the issuer about each token instead of
reading it. `rate` and `burst` turn on the rate limit. The first line on standard output tells the port; GET /referee tells how
often each tool ran.
"""

import asyncio
import collections
import json
import socket
import sys

import uvicorn
from fastmcp import FastMCP
from fastmcp.server.auth import RemoteAuthProvider, require_scopes
from fastmcp.server.auth.providers.introspection import IntrospectionTokenVerifier
from fastmcp.server.auth.providers.jwt import JWTVerifier
from fastmcp.server.dependencies import get_access_token
from fastmcp.server.middleware.rate_limiting import RateLimitingMiddleware
from starlette.responses import JSONResponse


def verifier(options, resource):
    issuer, required = options["issuer"], options.get("required", [])
    if "introspection" in options:
        known = options["introspection"]
        return IntrospectionTokenVerifier(
            introspection_url=f"{issuer}/token/introspection",
            client_id=known["client_id"],
            client_secret=known["client_secret"],
            client_auth_method=known["method"],
            required_scopes=required,
            audience=resource,
        )
    return JWTVerifier(
        jwks_uri=f"{issuer}/jwks",
        issuer=issuer,
        audience=resource,
        algorithm=options.get("algorithm", "RS256"),
        required_scopes=required,
    )


def server(options, base):
    auth = None
    if "issuer" in options:
        checks = verifier(options, f"{base}/mcp")
        auth = RemoteAuthProvider(token_verifier=checks, authorization_servers=[options["issuer"]], base_url=base)
    mcp = FastMCP(options["name"], auth=auth)
    if "rate" in options:
        limit = RateLimitingMiddleware(
            max_requests_per_second=options["rate"], burst_capacity=options["burst"], global_limit=True
        )
        mcp.add_middleware(limit)
    ran = collections.Counter()

    @mcp.tool
    def add(a: float, b: float) -> dict:
        """Add two numbers."""
        ran["add"] += 1
        return {"sum": a + b}

    @mcp.tool
    def whoami() -> dict:
        """Who asks whom."""
        ran["whoami"] += 1
        token = get_access_token()
        asks = {"client": token.client_id, "scopes": sorted(token.scopes)} if token else {}
        return {"server": options["name"], **asks}

    @mcp.tool(auth=require_scopes("mcp:write") if auth else None)
    def write_note(text: str) -> dict:
        """Keep a note."""
        ran["write_note"] += 1
        return {"characters": len(text)}

    @mcp.custom_route("/referee", methods=["GET"])
    async def referee(_):
        return JSONResponse(ran)

    return mcp


def main():
    options = json.loads(sys.argv[1])
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    app = server(options, f"http://127.0.0.1:{port}").http_app(stateless_http=True)
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on")
    print(json.dumps({"port": port}), flush=True)
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


main()
