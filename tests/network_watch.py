"""Writes down every socket that a process and its children open, whether Python or a library below it asks for it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HOOK = """
import os, sys
def note(event, arguments):
    if event in ("socket.__new__", "socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo"):
        line = f"python {event} {[str(part)[:80] for part in arguments[1:]]}\\n"
        with os.fdopen(os.open(os.environ["SOCKET_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w") as log:
            log.write(line)
sys.addaudithook(note)
"""
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static void note(const char *what, long family) {
    char line[200];
    int length = snprintf(line, sizeof line, "library %s %ld\n", what, family);
    int log = open(getenv("SOCKET_LOG"), O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (log >= 0) { if (write(log, line, length) < 0) abort(); close(log); }
}
int socket(int family, int type, int protocol) {
    note("socket", family);
    return syscall(SYS_socket, family, type, protocol);
}
int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **out) {
    note("getaddrinfo", 0);
    return ((int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **))
            dlsym(RTLD_NEXT, "getaddrinfo"))(host, port, hints, out);
}
"""
UNIX = ("library socket 1\n", "python socket.__new__ ['1', ")
"""How lines of sockets begin that reach this machine's own processes by a file or a pair, and no network."""


def watched(folder: Path) -> dict[str, str]:
    """Environment variables under which sockets are written down in `folder`; on a Linux with a C compiler those of
    libraries too."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(HOOK)
    out = {"SOCKET_LOG": str(folder / "sockets.txt"),
           "PYTHONPATH": os.pathsep.join([str(folder), str(Path(__file__).parents[1])])}
    if sys.platform == "linux" and (compiler := shutil.which("cc")):
        (folder / "shim.c").write_text(SHIM)
        subprocess.run([compiler, "-shared", "-fPIC", "-o", folder / "shim.so", folder / "shim.c", "-ldl"], check=True)
        out["LD_PRELOAD"] = str(folder / "shim.so")
    return out


def network_calls(folder: Path) -> list[str]:
    """What was written down of sockets that could reach a network."""
    log = folder / "sockets.txt"
    lines = log.read_text().splitlines(keepends=True) if log.exists() else []
    return [line for line in lines if not line.startswith(UNIX)]
