"""top in a terminal: its keys, its sizes, and what is left of it when it ends."""
import os
import signal
import re
import unittest

import lab
from rawclient import RawClient
from terminal import Terminal, columns

LONG = "SELECT " + ", ".join(f"'{i}' AS a_column_with_a_long_name_{i}" for i in range(20))
UP, DOWN, LEFT, RIGHT, END, HOME = (b"\033[A", b"\033[B", b"\033[D", b"\033OC", b"\033[4~", b"\033[H")


def screen(output):
    """The lines of the last screen that was drawn in full."""
    drawn = [part for part in output.split(b"\033[H") if part.endswith(b"\033[J") or b"\033[J" in part]
    return drawn[-1].split(b"\033[J")[0].decode().replace("\033[2K", "").split("\r\n") if drawn else []


def selected(output):
    found = re.findall(r"\033\[7m(.*?)\033\[0m", "\n".join(screen(output)))
    return found[0] if found else None


class Top(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.proxy = lab.Proxy()
        c = RawClient(cls.proxy.port)
        for i in range(40):
            for _ in range(41 - i):
                c.query(f"SELECT {i} AS number_{i}")
        c.query(LONG)
        c.quit()
        cls.proxy.settled()

    @classmethod
    def tearDownClass(cls):
        cls.proxy.stop()

    def top(self, *args, **keywords):
        """Start it, and wait for its first table."""
        terminal = Terminal(lab.BINARY, "top", "--admin", self.proxy.admin_addr, *args, **keywords)
        self.addCleanup(terminal.__exit__, None, None, None)
        terminal.wait_for(selected, "the table")
        return terminal

    def press(self, terminal, keys, condition, what):
        terminal.output = b""
        os.write(terminal.master, keys)
        return terminal.wait_for(lambda output: condition(output), what)

    def ended(self, terminal, status):
        """It has ended, and the terminal is as it was before."""
        code, output = terminal.end()
        self.assertEqual(code, status, output)
        self.assertEqual(terminal.attributes(), terminal.before)
        self.assertIn(b"\033[?25h\033[?1049l", output)
        return output

    def test_lines_fit_the_terminal(self):
        for width, rows in ((80, 24), (132, 10), (200, 50), (40, 8)):
            for kind in ((), ("--by", "session")):
                with self.subTest(width=width, kind=kind):
                    terminal = self.top("count", *kind, width=width, rows=rows)
                    lines = screen(terminal.read())
                    self.assertEqual(len(lines), rows)
                    self.assertEqual([line for line in lines if columns(re.sub("\033\\[[0-9;]*m", "", line)) > width], [])
                    self.assertTrue(lines[-1].startswith("q: quit"), lines[-1])
                    os.write(terminal.master, b"q")
                    self.ended(terminal, 0)

    def test_a_changed_size(self):
        terminal = self.top("count")
        terminal.output = b""
        terminal.resize(40, 120)
        os.kill(terminal.process.pid, signal.SIGWINCH)
        terminal.wait_for(lambda output: len(screen(output)) == 40, "a larger screen")
        terminal.resize(10, 60)
        os.kill(terminal.process.pid, signal.SIGWINCH)
        terminal.wait_for(lambda output: len(screen(output)) == 10 and max(map(len, screen(output))) < 75, "a smaller one")
        os.write(terminal.master, b"q")
        self.ended(terminal, 0)

    def test_select_and_scroll(self):
        terminal = self.top("count")
        self.assertIn("`number_0`", selected(terminal.read()))
        self.press(terminal, DOWN + DOWN, lambda o: "`number_2`" in (selected(o) or ""), "the third row")
        self.press(terminal, UP, lambda o: "`number_1`" in (selected(o) or ""), "the second row")
        self.press(terminal, END, lambda o: "a_column_with" in (selected(o) or ""), "the last row")
        self.assertNotIn("number_0`", "\n".join(screen(terminal.read())))
        self.press(terminal, b"\033[5~", lambda o: "number_" in (selected(o) or ""), "a page up")
        self.press(terminal, HOME + UP, lambda o: "`number_0`" in (selected(o) or ""), "the first row")
        os.write(terminal.master, b"q")
        self.ended(terminal, 0)

    def test_the_whole_statement(self):
        terminal = self.top("count")
        self.press(terminal, END, lambda o: "a_column_with" in (selected(o) or ""), "the last row")
        self.press(terminal, b"\r", lambda o: "digest_text" in screen(o), "the statement")
        end = self.press(terminal, END, lambda o: any(x.startswith("last_seen") for x in screen(o)), "its end")
        self.assertTrue(end)
        self.assertTrue(all(columns(line) <= 80 for line in screen(terminal.read())))
        self.press(terminal, HOME, lambda o: "digest_text" in screen(o), "its beginning")
        text = "".join(screen(terminal.read()))
        for i in range(20):
            self.assertIn(f"a_column_with_a_long_name_{i}", text)
        terminal.resize(10, 30)
        os.kill(terminal.process.pid, signal.SIGWINCH)
        terminal.wait_for(lambda o: len(screen(o)) == 10 and max(map(columns, screen(o))) == 30, "narrower lines")
        terminal.resize(24, 80)
        self.press(terminal, b"\033", selected, "the table again")
        self.press(terminal, HOME + b"\n", lambda o: "SELECT 0 AS number_0" in screen(o), "another one")
        self.press(terminal, b"q", selected, "the table again")
        os.write(terminal.master, b"q")
        self.ended(terminal, 0)

    def test_orders(self):
        terminal = self.top("count")
        self.assertIn("(count)", screen(terminal.read())[-1])
        self.press(terminal, b"o", lambda o: screen(o) and "(errors)" in screen(o)[-1], "the next order")
        self.press(terminal, LEFT + LEFT, lambda o: screen(o) and "(time)" in screen(o)[-1], "the order before")
        self.press(terminal, RIGHT, lambda o: screen(o) and "(count)" in screen(o)[-1] and "number_0" in selected(o), "and back")
        os.write(terminal.master, b"Q")
        self.ended(terminal, 0)

    def test_signals_restore_the_terminal(self):
        for number, status in ((signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP),
                               (signal.SIGQUIT, -signal.SIGQUIT)):
            with self.subTest(signal=number):
                terminal = self.top()
                self.assertNotEqual(terminal.attributes(), terminal.before)
                os.kill(terminal.process.pid, number)
                self.ended(terminal, status)
        terminal = self.top()
        os.write(terminal.master, b"\x03")  # Ctrl-C
        self.ended(terminal, 0)

    def test_stop_and_continue(self):
        terminal = self.top("count")
        terminal.output = b""
        os.kill(terminal.process.pid, signal.SIGTSTP)
        terminal.wait_for(lambda o: b"\033[?1049l" in o and terminal.attributes() == terminal.before, "the terminal to be restored")
        terminal.output = b""
        lab.wait_for(lambda: open(f"/proc/{terminal.process.pid}/stat").read().split(") ")[1][0] == "T", "it to stop")
        os.kill(terminal.process.pid, signal.SIGCONT)
        terminal.wait_for(lambda o: b"\033[?1049h" in o and selected(o), "the table again")
        os.write(terminal.master, b"q")
        self.ended(terminal, 0)

    def test_when_the_proxy_stops(self):
        with lab.Proxy() as proxy:
            RawClient(proxy.port).quit()
            terminal = Terminal(lab.BINARY, "top", "--admin", proxy.admin_addr)
            self.addCleanup(terminal.__exit__, None, None, None)
            terminal.wait_for(lambda o: b"q: quit" in o, "the table")
            proxy.stop()
            self.assertIn(b"has stopped\r\n", self.ended(terminal, 0))

    def test_when_the_proxy_is_lost(self):
        proxy = lab.Proxy()
        try:
            terminal = Terminal(lab.BINARY, "top", "--admin", proxy.admin_addr)
            self.addCleanup(terminal.__exit__, None, None, None)
            terminal.wait_for(lambda o: b"q: quit" in o, "the table")
            proxy.process.kill()
            self.assertIn(b" was lost: ", self.ended(terminal, 1))
        finally:
            proxy.stop(check=False)

    def test_errors_are_said_behind_the_screen(self):
        terminal = Terminal(lab.BINARY, "top", "--admin", f"127.0.0.1:{lab.free_port()}")
        self.addCleanup(terminal.__exit__, None, None, None)
        self.assertIn(b"is a proxy running there?", self.ended(terminal, 1).split(b"\033[?1049l")[-1])
        terminal = Terminal(lab.BINARY, "top", "user:x", "--admin", self.proxy.admin_addr)
        self.addCleanup(terminal.__exit__, None, None, None)
        self.assertIn(b"is not known of a digest", self.ended(terminal, 2).split(b"\033[?1049l")[-1])

    def test_without_a_terminal(self):
        done = lab.querytap("top", "-n", "3", "count", "--admin", self.proxy.admin_addr)
        self.assertEqual(done.returncode, 0)
        self.assertNotIn(b"\033", done.stdout)
        self.assertIn(b"`number_2`", done.stdout)
        self.assertNotIn(b"`number_3`", done.stdout)

    def test_an_expression(self):
        done = lab.querytap("top", "count", "re:`number_[0-3]`", "op:select", "--admin", self.proxy.admin_addr)
        self.assertEqual((done.returncode, done.stdout.count(b"`number_")), (0, 4))
        done = lab.querytap("top", "user:root", "--admin", self.proxy.admin_addr)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"'user' is not known of a digest", done.stderr)
