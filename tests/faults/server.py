"""A process that has mien loaded and forks one run of the command line for each request: seconds are spared each time.

Requests are JSON lines on stdin, answers JSON lines on stdout: first {"pid": ...} and, once a second line has come,
{"status": ..., "cpu": seconds}.
"""

import ctypes
import json
import os
import sys
from pathlib import Path


def main() -> None:
    from app.cli import main as command
    from app.take_job import tools_for

    tools_for("mien", "auto", "cpu")
    answer = os.fdopen(os.dup(1), "w", buffering=1)
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if not pid:
            os._exit(_run(command, request))
        answer.write(json.dumps({"pid": pid}) + "\n")
        sys.stdin.readline()  # not before: until it is waited for, the number is still its own and may be killed
        _, status, used = os.wait4(pid, 0)
        answer.write(json.dumps({"status": os.waitstatus_to_exitcode(status),
                                 "cpu": used.ru_utime + used.ru_stime}) + "\n")


def _run(command: object, request: dict) -> int:
    said = os.open(request["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    journal = -1
    if request["journal"]:
        journal = os.open(request["journal"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    shim = ctypes.CDLL(None)
    shim.faults_arm(request["folder"].encode(), request["kind"], ctypes.c_long(request["nth"]), request["error"],
                    request["always"], journal)
    try:
        if request["arguments"][0] == "corrections":
            from tests.faults.animator import save_many

            code = save_many(Path(request["arguments"][1]), int(request["arguments"][2]))
        else:
            code = command(request["arguments"])
    except BaseException as error:
        sys.stderr.write(f"Traceback: {error!r}\n")
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    shim.faults_seen.restype = ctypes.c_long
    seen = [shim.faults_seen(index) for index in range(8)]
    shim.faults_arm(b"", 0, ctypes.c_long(0), 0, 0, -1)
    Path(request["said"] + ".seen").write_text(json.dumps(seen))
    return code


if __name__ == "__main__":
    main()
