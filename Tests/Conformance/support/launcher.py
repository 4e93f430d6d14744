"""Runs one program and tells what it used: started as a process of its own, small and without imports worth naming.

A process that is started by a large one is charged with that one's memory at its start (Linux keeps the highest resident
size of the process that called exec). So tests and the benchmark start programs through this.

    python -I -S launcher.py REPORT_FD PROGRAM ARGUMENT...

Writes to REPORT_FD a line with the program's id when it runs, and one with its status, CPU seconds and peak KiB when it has
ended. SIGUSR1 kills it; SIGINT and SIGTERM are passed on.
"""

import os
import signal
import sys


def main() -> None:
    report, command = int(sys.argv[1]), sys.argv[2:]
    child = 0
    has_ended = False
    passed_on = {signal.SIGUSR1: signal.SIGKILL, signal.SIGINT: signal.SIGINT, signal.SIGTERM: signal.SIGTERM}

    def pass_on(number, _frame):
        # The id stays the program's until it is reaped below.
        if child and not has_ended:
            os.kill(child, passed_on[number])

    # Blocked until there is somebody to pass them on to; the program itself starts with none blocked.
    signal.pthread_sigmask(signal.SIG_BLOCK, passed_on)
    for number in passed_on:
        signal.signal(number, pass_on)
    child = os.posix_spawnp(
        command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_CLOSE, report)], setsigmask=[],
        setsigdef=list(passed_on),
    )  # fmt: skip
    os.write(report, b"%d\n" % child)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    has_ended = True
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os.write(report, f"{code} {usage.ru_utime + usage.ru_stime:.6f} {usage.ru_maxrss}\n".encode())


main()
