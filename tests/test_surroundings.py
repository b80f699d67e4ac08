"""The guard around the tests is up: no network, one thread; here, in other Pythons, and in kernels."""

import socket
import subprocess
import sys

import pytest
import torch

from .offline.sitecustomize import NetworkRefused
from .scratch import copy_project, run_nbval, write_notebook

# sys.audit asks the guard and does nothing else: should the guard be missing, nothing is sent.
ASK_GUARD = """
import sys
for event in [("socket.connect", None, ("192.0.2.1", 80)), ("socket.getaddrinfo", "example.com", 80)]:
    try:
        sys.audit(*event)
        print("let through")
    except Exception as error:
        print(type(error).__name__)
"""
REFUSED = "NetworkRefused\nNetworkRefused\n"


@pytest.mark.parametrize(
    "event",
    [
        ("socket.connect", None, ("192.0.2.1", 80)),
        ("socket.connect", None, ("2001:db8::1", 80, 0, 0)),
        ("socket.sendto", None, ("192.0.2.1", 80)),
        ("socket.sendmsg", None, ("192.0.2.1", 80)),
        ("socket.getaddrinfo", "example.com", 443, 0, 0, 0),
        ("socket.getaddrinfo", b"example.com", 443, 0, 0, 0),
        ("socket.getaddrinfo", "127.0.0.1.example.com", 443, 0, 0, 0),
        ("socket.gethostbyname", "example.com"),
    ],
)
def test_the_network_is_refused(event):
    with pytest.raises(NetworkRefused):
        sys.audit(*event)


def test_real_calls_are_refused():
    with pytest.raises(NetworkRefused):  # the guard is up: what follows sends nothing
        sys.audit("socket.connect", None, ("192.0.2.1", 80))
    with socket.socket() as tcp, pytest.raises(NetworkRefused, match=r"192\.0\.2\.1"):
        tcp.connect(("192.0.2.1", 80))  # an address that is reserved for examples
    with socket.socket() as tcp, pytest.raises(NetworkRefused):
        tcp.connect_ex(("192.0.2.1", 80))
    with socket.socket(type=socket.SOCK_DGRAM) as udp, pytest.raises(NetworkRefused):
        udp.sendto(b"", ("192.0.2.1", 80))
    with pytest.raises(NetworkRefused, match="example"):
        socket.getaddrinfo("example.com", 80)


def test_this_machine_may_talk_to_itself():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1])).close()


def test_another_python_is_guarded_too():
    done = subprocess.run([sys.executable, "-c", ASK_GUARD], capture_output=True, text=True)
    assert done.stdout == REFUSED


def test_one_thread():
    assert torch.get_num_threads() == 1


def test_a_kernel_is_guarded_and_has_one_thread(tmp_path):
    copy_project(tmp_path)
    threads = "import torch; print(torch.get_num_threads())"
    write_notebook(tmp_path / "notebooks" / "asks.ipynb", [(ASK_GUARD, REFUSED), (threads, "1\n")])
    cells, output = run_nbval(tmp_path)
    assert cells == ["PASSED", "PASSED"], output
    left = [path.name for path in (tmp_path / "notebooks").iterdir()]
    assert left == ["asks.ipynb"]  # the run itself writes nothing there
