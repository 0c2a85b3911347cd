"""Where `feeds serve` listens, the address that it shows, and the names that it answers to."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from feeds.errors import FeedsError

LOCALHOST = "127.0.0.1"
_LOCAL_NAMES = ("127.0.0.1", "localhost")


def open_listener(host: str, port: int) -> socket.socket:
    """A socket that listens on a host's address, IPv4 or IPv6; port 0: any free one.

    Raises FeedsError.
    """
    try:
        ((family, _, _, _, address), *_) = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError):
        raise FeedsError(
            f"--host {host}: there is no such address; 0.0.0.0 is every address of this machine"
        ) from None
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(128)
    except PermissionError:
        listener.close()
        raise FeedsError(
            f"port {port} needs the rights of an administrator; choose one above 1023 with --port"
        ) from None
    except OSError as error:
        listener.close()
        if _is_free(family, port):
            why = error.strerror or error
            raise FeedsError(f"--host {host}: this machine cannot listen there ({why})") from None
        raise FeedsError(f"port {port} is in use; choose another with --port (0: any)") from None
    return listener


def _is_free(family: socket.AddressFamily, port: int) -> bool:
    """Whether the port is free on this machine itself."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("::1" if family == socket.AF_INET6 else LOCALHOST, port))
        except OSError:
            return False
    return True


def local_url(host: str, listener: socket.socket) -> str:
    """The base address of the served feeds, such as ``http://127.0.0.1:8000/``.

    For a host that stands for all addresses of the machine, it has the one that others reach.
    """
    if _is_any(host):
        host = _own_address(listener.family)
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}/"


def _is_any(host: str) -> bool:
    """Whether a host stands for all addresses of the machine."""
    address = _ip_address(host)
    return address is not None and address.is_unspecified


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _own_address(family: socket.AddressFamily) -> str:
    """The address of this machine in its network; that of the machine itself without a network.

    A UDP socket that is connected sends nothing, but gets the address that it would send from. The
    addresses are for documentation (RFC 5737, RFC 3849): nobody has them.
    """
    is_ipv6 = family == socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("2001:db8::1" if is_ipv6 else "192.0.2.1", 9))
        except OSError:
            return "::1" if is_ipv6 else LOCALHOST
        return str(probe.getsockname()[0])


class HostCheck:
    """Answers only requests to this machine's names.

    Any web page can give its own name the address of this machine (DNS rebinding), and would read
    the feeds under that name. So names are refused except `localhost`, the host of the command line
    and, if that stands for all addresses, the name of the machine and every IP address.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self.app = app
        self.any_address = _is_any(host)
        names: Collection[str] = (*_LOCAL_NAMES, host)
        if self.any_address:
            machine = socket.gethostname()
            names = (*names, machine, f"{machine}.local")
        self.names = {name.lower() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or respond with status 400."""
        if scope["type"] == "http" and not self._knows(Headers(scope=scope).get("host", "")):
            await PlainTextResponse("Invalid host header", 400)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _knows(self, header: str) -> bool:
        bracketed = header.startswith("[")
        name = header[1:].partition("]")[0] if bracketed else header.partition(":")[0]
        return name.lower() in self.names or (self.any_address and _ip_address(name) is not None)
