"""A terminal of a given size for a program, and the screen that it would show."""
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import unicodedata

import lab


def columns(text):
    """The columns that a text takes on a terminal, which has no control characters any more."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Terminal:
    """A program in a pseudo terminal of its own."""

    def __init__(self, *argv, rows=24, width=80):
        self.master, self.slave = pty.openpty()
        self.resize(rows, width)
        self.before = termios.tcgetattr(self.slave)
        self.output = b""
        self.process = subprocess.Popen(argv, stdin=self.slave, stdout=self.slave, stderr=self.slave, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def resize(self, rows, width):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, width, 0, 0))

    def read(self):
        """What has arrived so far, in all."""
        while select.select([self.master], [], [], 0.01)[0]:
            self.output += os.read(self.master, 65536)
        return self.output

    def wait_for(self, condition, what):
        """Wait until @p condition(output) holds; return its result."""
        return lab.wait_for(lambda: condition(self.read()), what)

    def end(self):
        """Wait for the end of the program. Returns its exit status and its output."""
        lab.wait_for(lambda: self.read() is not None and self.process.poll() is not None, "the program to end")
        return self.process.returncode, self.read()

    def attributes(self):
        return termios.tcgetattr(self.slave)
