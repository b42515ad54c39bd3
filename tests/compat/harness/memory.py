# What is in the memory of a running program, and of one that is about to end: the program is
# traced, so that it can be read when its last instruction has run.
import ctypes
import os
import pathlib
import signal

TRACEME, CONT, SETOPTIONS = 0, 7, 0x4200
AT_EXIT, KILL_WITH_US = 0x40, 0x100000
EXIT_EVENT = 6
LARGEST = 256 << 20  # sanitizers reserve terabytes for tables of their own

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)


def _ptrace(request, process, data=0):
    if _libc.ptrace(request, process, None, data) == -1:
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x}")


class Memory:
    """Follows one program from its first instruction to its end."""

    def __init__(self):
        self.at_end = b""
        self._process = self._file = None

    @staticmethod
    def prepare():
        """In the child, before its program starts."""
        _ptrace(TRACEME, 0)

    def follow(self, process):
        """Lets the program run; keeps its memory when it ends. Gives its wait status."""
        os.waitpid(process, 0)  # it has not run its first instruction
        self._process = process
        # Opened now: a program that forbids core dumps cannot be opened later.
        self._file = os.open(f"/proc/{process}/mem", os.O_RDONLY)
        _ptrace(SETOPTIONS, process, AT_EXIT | KILL_WITH_US)
        _ptrace(CONT, process)
        while True:
            _, status = os.waitpid(process, 0)
            if not os.WIFSTOPPED(status):
                os.close(self._file)
                return status
            passed = os.WSTOPSIG(status)
            if status >> 8 == signal.SIGTRAP | EXIT_EVENT << 8:
                self.at_end, passed = self.now(), 0
            _ptrace(CONT, process, passed)

    def now(self):
        """All that the program can have written to."""
        read = []
        for line in pathlib.Path(f"/proc/{self._process}/maps").read_text().splitlines():
            begin, end = (int(each, 16) for each in line.split()[0].split("-"))
            if line.split()[1].startswith("rw") and end - begin < LARGEST:
                read.append(os.pread(self._file, end - begin, begin))
        return b"\0".join(read)
