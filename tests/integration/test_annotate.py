"""Recorded packets with the names of their fields: no byte of a session may be without one."""
import json
import os
import shutil
import struct
import subprocess
import unittest

import lab
from rawclient import CAPABILITIES, DEPRECATE_EOF, SENT_AHEAD, RawClient

LOCAL_FILES, MULTI, SESSION_TRACK = 0x80, 0x10000 | 0x20000 | 0x40000, 1 << 23
KINDS = {"greeting", "login", "OK", "ERR", "column count", "column definition", "parameter definition", "row", "prepared statement",
         "LOCAL INFILE request", "LOCAL INFILE data", "LOCAL INFILE end", "string", "COM_QUERY", "COM_STMT_PREPARE", "COM_STMT_EXECUTE",
         "COM_STMT_FETCH", "COM_STMT_SEND_LONG_DATA", "COM_STMT_CLOSE", "COM_STMT_RESET", "COM_CHANGE_USER", "COM_INIT_DB", "COM_PING",
         "COM_STATISTICS", "COM_SET_OPTION", "COM_RESET_CONNECTION"}
NOT_READ = ("behind the last field", ", cut", "not known", "unknown", "not understood", "not complete", "cannot be read")


def prepare(c, text):
    if not c.capabilities & DEPRECATE_EOF:
        return c.prepare(text)
    c.send(0, b"\x16" + text.encode())
    statement, columns, params = struct.unpack("<IHH", c.read()[1:9])
    for _ in range(columns + params):
        c.read()
    return statement


def talk(c, user):
    """One of each kind of exchange."""
    c.query("SELECT id, word, at, NULL FROM words")
    c.query("SET autocommit = 1")
    c.query("USE shop")
    try:
        c.query("SELECT nothing FROM nowhere")
    except Exception as error:  # noqa: BLE001  (an ERR)
        assert "nowhere" in str(error)
    st = prepare(c, "SELECT id, word, at FROM words WHERE id > ? OR word = ?")
    c.execute(st, 0, b"two")
    c.send_ahead(st, 1, b"long")
    c.execute(st, 1, SENT_AHEAD)
    c.send(0, b"\x17" + struct.pack("<IBI", st, 1, 1) + b"\0\1\x08\0\xfd\0" + struct.pack("<q", 0) + b"\1x")  # with a cursor
    for _ in range(5):
        c.read()
    c.send(0, b"\x1c" + struct.pack("<II", st, 2))
    while c.read()[:1] != b"\xfe":
        pass
    c.send(0, b"\x1a" + struct.pack("<I", st))
    c.expect_ok()
    c.close_statement(st)
    c.send(0, b"\x03LOAD DATA LOCAL INFILE 'words.txt' INTO TABLE words (id, word)")
    c.read()
    c.send(2, b"4\tfour\n")
    c.send(3, b"")
    c.expect_ok()
    c.send(0, b"\x03CALL twice()")
    for _ in range(2):
        c.rows()
    c.expect_ok()
    for command in (b"\x02shop", b"\x0e", b"\x1b\0\0", b"\x09", b"\x1f"):
        c.send(0, command)
        c.read()
    c.seq = 0
    c.send(0, b"\x11" + user.encode() + b"\0\0shop\0\x2d\0mysql_native_password\0")
    c.expect_ok()
    c.query("SELECT 'the end'")


class Sessions:
    @classmethod
    def make_table(cls):
        cls.server.sql("CREATE TABLE words (id INT PRIMARY KEY, word VARCHAR(20), at DATETIME(3));"
                       "INSERT INTO words VALUES (1, 'one', '2026-01-02 03:04:05.678'), (2, 'two', NULL), (3, NULL, NULL);"
                       "\nDELIMITER //\nCREATE PROCEDURE twice() BEGIN SELECT 1; SELECT word FROM words; END//\nDELIMITER ;\n", database="shop")
        cls.addClassCleanup(cls.server.sql, "DROP TABLE words; DROP PROCEDURE twice", database="shop")

    def check(self, capabilities):
        with lab.Proxy("--capture-packet-bytes=4096", remote=f"127.0.0.1:{self.server.port}") as proxy:
            self.server.sql("DELETE FROM shop.words WHERE id > 3")
            c = RawClient(proxy.port, user=self.user, capabilities=CAPABILITIES | LOCAL_FILES | MULTI | capabilities)
            talk(c, self.user)
            dump = proxy.json("/sessions/1/hex?annotate=1")
            self.assertEqual(dump["note"], "")
            seen = set()
            for p in dump["packets"]:
                seen.add(p["packet_name"])
                at = 0
                for field in p["fields"]:
                    self.assertEqual(field["at"], at, p)
                    at += field["length"]
                    self.assertFalse([n for n in NOT_READ if n in field["name"]], p)
                self.assertEqual(at, len(p["bytes"]) // 2, p)
                self.assertTrue(p["secret"] or at == p["packet_length"], p)
            self.assertEqual(KINDS - seen, set())
            names = {f["name"] for p in dump["packets"] for f in p["fields"]}
            self.assertLessEqual({"value 2 (word)", "parameter 2", "data of the file"}, names)
            for line in proxy.admin("/sessions/1/hex?annotate=table").decode("ascii").splitlines():
                self.assertTrue(len(line) <= 80 or line.startswith("20"), line)
            self.check_text2pcap(proxy, [bytes.fromhex(p["bytes"]) for p in dump["packets"] if p["bytes"]])
            c.quit()

    def check_text2pcap(self, proxy, packets):
        """text2pcap reads the plain form: the same bytes, in order."""
        if not shutil.which("text2pcap") or not shutil.which("tshark"):
            return
        path = os.path.join(lab.FOLDER, f"text-{proxy.port}.pcapng")
        dump = lab.querytap("hex", "--text2pcap", "--admin", proxy.admin_addr, "1").stdout
        subprocess.run(["text2pcap", "-a", "-D", "-t", "%Y-%m-%dT%H:%M:%S.%fZ", "-l", "147", "-", path], input=dump, check=True,
                       capture_output=True)
        read = subprocess.run(["tshark", "-n", "-r", path, "-T", "jsonraw", "-j", "frame"], check=True, capture_output=True)
        frames = [bytes.fromhex(p["_source"]["layers"]["frame_raw"][0]) for p in json.loads(read.stdout)]
        self.assertEqual(frames, packets)

    def test_every_byte_of_a_session(self):
        self.check(0)

    def test_every_byte_of_a_session_with_session_tracking(self):
        self.check(DEPRECATE_EOF | SESSION_TRACK)


class MariaDB(Sessions, lab.OnMariaDB, unittest.TestCase):
    pass


@unittest.skipUnless(lab.mysql9_root(), "MySQL 9 is not installed: script/mysql9")
class Mysql9(Sessions, lab.OnMysql9, unittest.TestCase):
    pass
