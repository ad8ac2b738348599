"""Texts of others on a terminal: whatever a client, a server, a file or a name holds, nothing that a terminal obeys or nobody sees is printed."""
import json
import os
import socket
import struct
import threading
import unicodedata
import unittest

import lab
from rawclient import RawClient, Refused, lenenc, packet

CONNECT_ATTRS = 1 << 20
# One of each kind, and the borders of each: C0, DEL, C1, the soft hyphen, marks of direction, joiners, separators, tags …
POINTS = [*range(1, 0x20), 0x7F, 0x80, 0x85, 0x9B, 0x9F, 0xAD, 0x34F, 0x600, 0x61C, 0x6DD, 0x70F, 0x180B, 0x180E, 0x180F, *range(0x200B, 0x2010),
          *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0x3164, 0xFDD0, 0xFE00, 0xFE0F, 0xFEFF, 0xFFA0, 0xFFF9, 0xFFFB, 0xFFFE, 0x110BD, 0x1D173,
          0x1FFFE, 0xE0001, 0xE0020, 0xE007F, 0xE0100, 0x10FFFF]
HOSTILE = "<" + "|".join(chr(p) for p in POINTS) + ">"
QUIET = "".join(c for c in HOSTILE if c not in "\r\n\t\x01")
SHORT = "a\x9b31mb\u202ec\u200bd\u2028e\U000e0041\x1b]0;x\x07"
BROKEN = b"\xff\xfe \xed\xa0\x80 \xc2"  # no UTF-8: a lone surrogate among it


def is_hidden(c):
    point = ord(c)
    return (unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs") or point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF
            or point in (0x34F, 0x3164, 0xFFA0) or 0x180B <= point <= 0x180F or 0xFE00 <= point <= 0xFE0F or 0xE0000 <= point <= 0xE0FFF)


class Rogue(threading.Thread):
    """A server whose version, errors, columns and rows are hostile."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.remote = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.start()

    def run(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            try:
                self.serve(s)
            except (OSError, EOFError):
                pass
            s.close()

    @staticmethod
    def read(s):
        def take(n):
            data = b""
            while len(data) < n:
                more = s.recv(n - len(data))
                if not more:
                    raise EOFError
                data += more
            return data
        return take(int.from_bytes(take(4)[:3], "little"))

    def serve(self, s):
        text = HOSTILE.encode()
        capabilities = 0x00000001 | 0x00000008 | 0x00000200 | 0x00002000 | 0x00008000 | 0x00020000 | 0x00080000 | CONNECT_ATTRS
        s.sendall(packet(0, b"\x0a8.0.0-" + text + b"\0" + struct.pack("<I", 7) + b"12345678\0" + struct.pack("<H", capabilities & 0xFFFF) + b"\x2d\2\0" +
                         struct.pack("<H", capabilities >> 16) + b"\x15" + bytes(10) + b"123456789012\0" + b"mysql_native_password\0"))
        self.read(s)
        s.sendall(packet(2, b"\0\0\0\2\0\0\0"))
        while True:
            command = self.read(s)
            if command[:1] == b"\x01":
                return
            if b"rows" in command:
                column = b"".join(lenenc(len(part)) + part for part in (b"def", text, text, text, SHORT.encode(), text))
                column += b"\x0c" + struct.pack("<HIBHB", 45, 1024, 0xFD, 0, 0) + b"\0\0"
                row = SHORT.encode()
                s.sendall(packet(1, b"\1") + packet(2, column) + packet(3, b"\xfe\0\0\2\0") + packet(4, lenenc(len(row)) + row) + packet(5, b"\xfe\0\0\2\0"))
            else:
                s.sendall(packet(1, b"\xff" + struct.pack("<H", 1064) + b"#42000" + text + BROKEN))


class HostileClient(RawClient):
    def login_payload(self, user, database):
        pairs = b"".join(lenenc(len(t)) + t for t in (b"program_name", QUIET.encode(), SHORT.encode(), BROKEN))
        return super().login_payload(user, database) + lenenc(len(pairs)) + pairs


class Terminal(unittest.TestCase):
    def clean(self, output, what):
        try:
            text = output.decode()
        except UnicodeDecodeError as error:
            raise AssertionError(f"{what}: no UTF-8: {error}") from error
        found = sorted({f"U+{ord(c):04X}" for c in text if is_hidden(c) and c != "\n"})
        self.assertEqual(found, [], what)
        return text

    def work(self, proxy):
        c = HostileClient(proxy.port, user=QUIET, database=SHORT, capabilities=0x00000001 | 0x00000008 | 0x00000200 | 0x00002000 | 0x00008000 |
                          0x00020000 | 0x00080000 | CONNECT_ATTRS)
        for text in (f"SELECT '{HOSTILE}' AS `{QUIET}`", f"SELECT 1 /*{SHORT}='{SHORT}',traceparent='{QUIET}'*/".encode() + BROKEN,
                     f"SELECT `{SHORT}`".encode() + BROKEN + b"FROM `\xc2\x9b`"):
            self.assertRaises(Refused, c.query, text)
        self.assertEqual(c.query(f"SELECT rows FROM `{SHORT}`"), 1)
        return c

    def test_every_text(self):
        rogue = Rogue()
        name = os.path.join(lab.FOLDER, "log" + SHORT.replace("/", "") + ".json")
        with lab.Proxy("--log", name, "--log-format", "json", "--log-rows", "5", "--log-recent-bytes", "4M", remote=rogue.remote, log=None,
                       expect_lint=True) as proxy:
            c = self.work(proxy)
            lab.wait_for(lambda: sum(b"rows" in line for line in open(name, "rb").read().splitlines()) > 0, "the records")
            shown = {}
            for page in ("/sessions", "/digests", "/digests?width=100", "/digests?width=160", "/counters", "/", "/settings", "/verdicts", "/stages",
                         "/debug/pprof/heap?debug=1", "/records?format=text", "/records?format=text&verbose=1", "/sessions/1/hex"):
                shown[page] = self.clean(proxy.admin(page).replace(b"\t", b" "), page)
            for page in ("/records?format=json", "/records?format=ltsv", "/sessions?format=json", "/digests?format=json", "/settings?format=json"):
                shown[page] = self.clean(proxy.admin(page).replace(b"\t", b" "), page)
            slow = proxy.admin("/records?format=slow").decode()  # the other characters are the statement's: pt-query-digest reads it
            self.assertFalse([c for c in slow if unicodedata.category(c) in ("Cc", "Zl", "Zp") and c not in "\n\t\r"], slow)
            self.assertFalse([c for c in slow if unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")], slow)
            for args in (("top",), ("top", "--format", "json"), ("sessions",), ("hex", "1"), ("stages",), ("heap", "births")):
                self.clean(lab.querytap(args[0], "--admin", proxy.admin_addr, *args[1:]).stdout, args)
            self.assertIn("\\u009b31m", shown["/digests"])
            self.assertIn("\\u202e", shown["/sessions"])
            self.assertIn("\\U000e0041", shown["/records?format=text"])
            # the value in JSON is what was sent
            records = [json.loads(line) for line in proxy.admin("/records?format=json").splitlines()]
            self.assertTrue(any(HOSTILE in r.get("query", "") for r in records))
            self.assertTrue(any(HOSTILE in r.get("server_version", "") for r in records))
            self.assertTrue(any(HOSTILE in r.get("error", "") for r in records))
            self.assertTrue(any(r.get("username") == QUIET and r.get("database") == SHORT for r in records))
            c.quit()
            proxy.idle()
            log = open(name, "rb").read()
        self.clean(log, "the log")
        self.clean(proxy.stderr(), "the proxy's messages")
        self.assertIn(b"listening on", proxy.stderr())

    def test_ltsv_has_the_bytes(self):
        """The escapes of LTSV give the bytes back."""
        rogue = Rogue()
        with lab.Proxy("--log-format", "ltsv", remote=rogue.remote, expect_lint=True) as proxy:
            c = self.work(proxy)
            c.quit()
            lab.wait_for(lambda: b"event:disconnect" in open(proxy.log_path, "rb").read(), "the last record")
            with open(proxy.log_path, "rb") as f:
                log = f.read()
        self.clean(log.replace(b"\t", b" "), "ltsv")
        texts = [field[6:] for line in log.splitlines() for field in line.split(b"\t") if field.startswith(b"query:")]
        plain = [t.replace(b"\\\\", b"\0").decode("utf8").replace("\\t", "\t").replace("\\n", "\n") for t in texts]
        unescaped = []
        for t in plain:
            out, i = b"", 0
            while i < len(t):
                if t[i:i + 2] == "\\x":
                    out += bytes([int(t[i + 2:i + 4], 16)])
                    i += 4
                else:
                    out += b"\\" if t[i] == "\0" else t[i].encode()
                    i += 1
            unescaped.append(out.decode())
        self.assertIn(f"SELECT '{HOSTILE}' AS `{QUIET}`", unescaped)

    def test_commands_and_messages(self):
        """What names and files of the command line hold, in errors too."""
        folder = os.path.join(lab.FOLDER, "terminal" + SHORT.replace("/", ""))
        os.makedirs(folder)
        config = os.path.join(folder, "q.cfg")
        for content in (b'listen = "' + SHORT.encode() + b'";', SHORT.encode() + b" = 1;", b'log = { format = "' + SHORT.encode() + b'"; };',
                        b'filter = { pattern = "(' + SHORT.encode() + BROKEN + b'"; };', b"\xff\xfe", b'log = { file = "x"; };'):
            with open(config, "wb") as f:
                f.write(content)
            done = lab.querytap("config", "check", config)
            self.clean(done.stdout + done.stderr, content)
        dump = os.path.join(folder, "dump")
        with open(dump, "wb") as f:
            f.write(b"heap profile: 1: 16 [1: 16] @ heap/1024\n1: 16 [1: 16] @ 0x1234\n#\t0x1234\t" + SHORT.encode() + b"+0x1\t/" + SHORT.encode() + b":3\n\n")
        for args in (("digest", f"SELECT '{HOSTILE}' FROM `{SHORT}`"), ("digest", b"SELECT `a\xff\xc2\x9b`"), ("heap", "explain", dump), ("heap", "explain", "--format=json", dump),
                     ("heap", "explain", "--format=csv", dump), ("heap", "explain", folder + "/no"), ("proxy", SHORT), ("proxy", "--" + SHORT),
                     ("proxy", "--listen", SHORT), ("proxy", "--log-format", SHORT), ("proxy", "-c", folder + "/no"), (SHORT,), ("help", SHORT),
                     ("tail", "--admin", SHORT), ("tail", "-n", SHORT), ("top", SHORT), ("hex", SHORT), ("heap", SHORT), ("heap", "births", "--since", SHORT),
                     ("config", "print", "--remote", "unix:/" + SHORT), ("sessions", SHORT), ("proxy", "-l", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log", folder)):
            done = lab.querytap(*args)
            self.clean((done.stdout + done.stderr).replace(b"\t", b" "), args)
        # what config print escapes, the file has
        with open(config, "wb") as f:
            f.write(lab.querytap("config", "print", "--remote", "unix:/" + SHORT).stdout)
        again = lab.querytap("config", "print", "-c", config)
        self.assertEqual(again.stdout, open(config, "rb").read())

    def test_tables_stay_aligned(self):
        """Wide and combining characters: columns are counted as the terminal counts them."""
        def width(text):
            return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
        with lab.Proxy() as proxy:
            clients = [RawClient(proxy.port, database="shop"), RawClient(proxy.port)]
            wide = "日本語\u0301のテーブル"
            for statement in (f"SELECT 1 AS `{wide}`", f"SELECT 1 AS `{wide * 6}`", "SELECT 1 AS plain"):
                clients[0].query(statement)
            lab.wait_for(lambda: proxy.json("/digests")["shapes"] >= 3, "the digests")
            for line in proxy.admin("/digests?width=80").decode().splitlines()[3:]:
                self.assertLessEqual(width(line), 80)
            for c in clients:
                c.quit()


if __name__ == "__main__":
    unittest.main()
