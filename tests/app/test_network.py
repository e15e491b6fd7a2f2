"""Nothing phones home: the main job opens no socket, and what streams goes to this computer unless told otherwise."""

import inspect
import os
import subprocess
import sys

import pytest

from app import cli
from exporters.live import play
from tests.network_watch import network_calls, watched


@pytest.mark.parametrize("code", [
    "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "import socket; socket.socket(socket.AF_INET6, socket.SOCK_STREAM)",
    "import socket; socket.getaddrinfo('localhost', 80)",
    "import ctypes; ctypes.CDLL(None).socket(2, 1, 0)",
    "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import socket; socket.socket()'])",
    "import multiprocessing, socket; p = multiprocessing.Process(target=socket.socket); p.start(); p.join()"])
def test_the_watch_can_fail(tmp_path, code):
    environment = watched(tmp_path)
    if "ctypes" in code and "LD_PRELOAD" not in environment:
        pytest.skip("no C compiler: libraries cannot be watched")
    subprocess.run([sys.executable, "-c", code], env=os.environ | environment, check=True)
    assert network_calls(tmp_path)


def test_the_watch_lets_a_pair_of_pipes_be(tmp_path):
    code = "import multiprocessing as m; a, b = m.Pipe(); a.send(1); assert b.recv() == 1"
    subprocess.run([sys.executable, "-c", code], env=os.environ | watched(tmp_path), check=True)
    assert network_calls(tmp_path) == []


def test_the_main_job_opens_no_socket(demo):
    """The demo films three cameras, detects, solves, exports every format and writes the report."""
    assert (demo / "solved" / "T001.report.html").is_file()
    assert network_calls(demo.with_name("watched")) == []


def test_streaming_goes_to_this_computer_unless_told_otherwise():
    options = cli.build_parser().parse_args(["stream", "T001.mien.json"])
    assert options.host == "127.0.0.1"
    assert inspect.signature(play).parameters["host"].default == "127.0.0.1"
