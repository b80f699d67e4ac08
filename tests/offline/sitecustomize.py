"""Refuse the network: names and addresses other than this machine's own raise an error.

Python runs a module of this name at every start if it finds one on its path. tests/surroundings.py
puts this folder there, so the rule holds in the test process, in the notebooks' kernels, and in
every other Python that a test starts. An audit hook sees each call before it sends anything, and
can't be taken out again.
"""

import sys

OWN_NAMES = {"", "localhost", "127.0.0.1", "::1"}


class NetworkRefused(RuntimeError):
    """Not an OSError: those are caught and tried again, for minutes, by code that downloads."""


def refuse(event, args):
    """Raise NetworkRefused for a socket event that names another machine."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = args[1]  # (host, port, …); a Unix socket's is a path, and None means already connected
        host = address[0] if isinstance(address, tuple) else ""
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = args[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if isinstance(host, str) and host not in OWN_NAMES:
        raise NetworkRefused(f"The tests run without a network, and something asked for {host!r}.")


sys.addaudithook(refuse)
