"""Values as they really are: parameters, rows and texts in any character set, compared with what the server makes of them."""
import ctypes
import struct
import unittest

import lab
from rawclient import CAPABILITIES, RawClient, Refused

try:
    import pymysql
except ImportError:
    pymysql = None

SESSION_TRACK = 1 << 23
BULK = 1 << 34
TYPES = """SET NAMES utf8mb4; CREATE OR REPLACE TABLE all_types (
    t TINYINT, tu TINYINT UNSIGNED, s SMALLINT, m MEDIUMINT, i INT, b BIGINT UNSIGNED, z INT(6) ZEROFILL, y YEAR,
    f FLOAT, d DOUBLE, n DECIMAL(20,5), bits BIT(10), dt DATE, tm TIME(3), dtm DATETIME(6), ts TIMESTAMP NULL,
    c CHAR(5), v VARCHAR(50) CHARACTER SET utf8mb4, l VARCHAR(50) CHARACTER SET latin1, x TEXT, vb VARBINARY(10), bl BLOB,
    e ENUM('one', 'two'), se SET('a', 'b', 'c'), g POINT, j JSON, u UUID, i6 INET6, nothing INT);
    INSERT INTO all_types VALUES (-128, 255, -32768, -8388608, -2147483648, 18446744073709551615, 42, 2026,
    1.5, 1e-7, -12345.67800, b'1000000001', '2024-02-29', '-123:04:05.600', '2024-02-29 23:59:58.000001', '2024-01-01 00:00:01',
    'abc', '\u00e9\u20ac\U0001f600', '\u00e9\u20ac', 'text', X'00FF', 'blob', 'two', 'a,c', POINT(1, 2), '{"a": 1}',
    '123e4567-e89b-12d3-a456-426655440000', '2001:db8::1', NULL), ("""
NAMES = ["t", "tu", "s", "m", "i", "b", "z", "y", "f", "d", "n", "bits", "dt", "tm", "dtm", "ts", "c", "v", "l", "x", "vb",
         "bl", "e", "se", "g", "j", "u", "i6", "nothing"]
POINT = "000000000101000000000000000000f03f0000000000000040"
ROW = [-128, 255, -32768, -8388608, -2147483648, 18446744073709551615, "000042", 2026, 1.5, 1e-7, "-12345.67800", 513,
       "2024-02-29", "-123:04:05.600", "2024-02-29 23:59:58.000001", "2024-01-01 00:00:01", "abc", "\u00e9\u20ac\U0001f600",
       "\u00e9\u20ac", "text", {"hex": "00ff"}, "blob", "two", "a,c", {"hex": POINT}, '{"a": 1}',
       "123e4567-e89b-12d3-a456-426655440000", "2001:db8::1", None]
NUMBERS = """(z INT(6) ZEROFILL, zt TINYINT ZEROFILL, zf FLOAT ZEROFILL, zd DOUBLE(8,3) ZEROFILL, zn DECIMAL(8,2) ZEROFILL,
    f FLOAT(7,2), d DOUBLE(20,4), d0 DOUBLE(5,0), big DOUBLE, small DOUBLE, plain DOUBLE);
    INSERT INTO numbers VALUES (42, 7, 1.5, 2.25, 3.5, 1.1, -12345.67, 7, 1e20, 1.5e-7, 100000000000000),
    (1234567, 255, 0, 0, 0, 12345.67, 0.00005, 99999, 1e15, 2e-16, 0.1), (0, 0, 1e6, 12.3456, 1, 0, 1e12, 0, 1e14, 1e-14, -0.5)"""
NUMBERS_QUERY = "SELECT *, f * 1, ROUND(plain, 2), plain / 3, z + 1 FROM numbers"


def of(records, command):
    return [r for r in records if r["command"] == command]


def setUpModule():
    lab.server().sql(TYPES + "NULL" + ", NULL" * (len(NAMES) - 1) + ")", "shop")


class Client(RawClient):
    """One whose replies may hold anything, with a collation and capabilities of its own."""

    def __init__(self, port, collation=45, extra=0, **keywords):
        self.collation = collation
        super().__init__(port, capabilities=CAPABILITIES | extra & 0xffffffff, login=False, **keywords)
        self.extended = extra >> 32
        self.greeting = self.read()
        if self.extended:
            self.capabilities &= ~1  # then the extended ones count
        self.send(1, self.login_payload("root", "shop"))
        self.expect_ok()

    def login_payload(self, user, database):
        return (struct.pack("<IIB", self.capabilities, 1 << 24, self.collation) + bytes(19) + struct.pack("<I", self.extended) +
                user.encode() + b"\0" + b"\0" + database.encode() + b"\0" + b"mysql_native_password\0")

    def change_user(self, collation):
        self.send(0, b"\x11root\0\0shop\0" + struct.pack("<H", collation) + b"mysql_native_password\0")
        if self.read()[:1] == b"\xfe":  # AuthSwitchRequest: an empty password
            self.send(2, b"")
            self.read()

    def one(self, text):
        """The first row of a query, as its bytes, or None for an OK."""
        self.send(0, b"\x03" + (text if isinstance(text, bytes) else text.encode()))
        first = self.read()
        if first[:1] == b"\0":
            return None
        for _ in range(first[0] + 1):
            self.read()
        row, end = self.read(), self.read()
        assert end[:1] == b"\xfe", end
        return row


class Values(unittest.TestCase):
    maxDiff = None

    def check(self, record, **fields):
        self.assertEqual({name: record.get(name) for name in fields}, fields, record)


class Rows(Values):
    @unittest.skipUnless(pymysql, "no PyMySQL")
    def test_text_rows(self):
        with lab.Proxy("--log-rows", "2") as proxy:
            db = pymysql.connect(host="127.0.0.1", port=proxy.port, user="root", database="shop", charset="utf8mb4")
            cursor = db.cursor()
            cursor.execute("SELECT * FROM all_types")
            cursor.execute("SELECT 1 FROM seq_1_to_5")
            cursor.execute("DO 1")
            db.close()
            records = of(proxy.settled("query"), "COM_QUERY")
        found = [r for r in records if r["query"] == "SELECT * FROM all_types"][0]
        self.check(found, rows=2, column_names=NAMES, first_rows=[ROW, [None] * len(NAMES)])
        self.check([r for r in records if "seq_1" in r["query"]][0], rows=5, column_names=["1"], first_rows=[[1], [1]])
        self.check([r for r in records if r["query"] == "DO 1"][0], column_names=None, first_rows=None)

    def check_numbers(self, server, **login):
        """Text and binary rows are the same, digit by digit, so that redaction tokens are, too."""
        server.sql("DROP TABLE IF EXISTS numbers; CREATE TABLE numbers " + NUMBERS, "shop")
        with lab.Proxy("--log-rows", "5", remote=f"127.0.0.1:{server.port}") as proxy:
            c = RawClient(proxy.port, **login)
            c.query(NUMBERS_QUERY)
            c.execute(c.prepare(NUMBERS_QUERY))
            c.close()
            proxy.settled()
            with open(proxy.log_path, encoding="utf-8") as f:
                text, binary = [line for line in f if '"first_rows":' in line]
        found = [line[line.index('"first_rows":'):line.index("]],") + 2] for line in (text, binary)]
        self.assertIn('"COM_STMT_EXECUTE"', binary)
        self.assertIn('["000042","007","0000000001.5","0002.250",', found[0])
        self.assertEqual(found[0], found[1])

    def test_numbers(self):
        self.check_numbers(lab.server())

    @unittest.skipUnless(lab.mysql9_root(), "MySQL 9 is not installed: script/mysql9")
    def test_numbers_of_mysql(self):
        self.check_numbers(lab.Mysql9(), user="bare")

    def test_binary_rows(self):
        """PHP's own driver and the C library (DBD::MariaDB), prepared."""
        php = ("mysqli_report(MYSQLI_REPORT_OFF); $m = new mysqli('127.0.0.1', 'root', '', 'shop', %PORT%); "
               "$m->set_charset('utf8mb4'); $s = $m->prepare('SELECT * FROM all_types'); $s->execute(); "
               "echo count($s->get_result()->fetch_all());")
        perl = ("use DBI; my $d = DBI->connect('dbi:MariaDB:database=shop;host=127.0.0.1;port=%PORT%', 'root', '', "
                "{RaiseError => 1, mariadb_server_prepare => 1}); my $s = $d->prepare('SELECT * FROM all_types'); "
                "my $all; for (1..2) { $s->execute; $all = $s->fetchall_arrayref; } print scalar @$all;")
        for argv in (["php", "-r", php], ["perl", "-e", perl]):
            with self.subTest(argv[0]), lab.Proxy("--log-rows", "5") as proxy:
                done = lab.run(*[a.replace("%PORT%", str(proxy.port)) for a in argv])
                if b"Can't locate" in done.stderr or b"not found" in done.stderr:
                    self.skipTest(f"{argv[0]} lacks a driver: script/bootstrap")
                self.assertEqual(done.stdout, b"2", done.stderr)
                for found in of(proxy.settled("query"), "COM_STMT_EXECUTE"):  # Perl's second: definitions are left out
                    self.check(found, column_names=NAMES, first_rows=[ROW, [None] * len(NAMES)])

    def test_dates_of_both_protocols(self):
        """Dates and times read the same in text and in binary rows, whatever fraction the column has."""
        dates = ["2024-02-29 23:59:58.123456", "2024-02-29 23:59:58.5", "2024-02-29 23:59:58", "2024-02-29", "0000-00-00"]
        columns = [f"CAST('{date}' AS DATETIME({n}))" for date in dates for n in (0, 1, 3, 6)]
        columns += [f"CAST('{time}' AS TIME({n}))" for time in ("-12:00:01.5", "00:00:00", "800:00:00.000001") for n in (0, 2, 6)]
        dates = "SELECT " + ", ".join(columns + ["SEC_TO_TIME(1.25)", "dt", "tm", "dtm", "ts"]) + " FROM all_types LIMIT 1"
        with lab.Proxy("--log-rows", "1") as proxy:
            c = RawClient(proxy.port)
            for text in ("SET sql_mode = ''", "USE shop", "CREATE TEMPORARY TABLE years (y YEAR)", "INSERT INTO years VALUES (0)"):
                c.query(text)
            for text in (dates, "SELECT y FROM years"):
                c.query(text)
                c.send(0, b"\x17" + struct.pack("<IBI", c.prepare(text), 0, 1))
                ends = 0
                while ends < 2:
                    ends += c.read()[:1] == b"\xfe"
            c.quit()
            records = proxy.settled("query")
        for text in (dates, "SELECT y FROM years"):
            as_text, = [r["first_rows"] for r in of(records, "COM_QUERY") if r["query"] == text]
            as_binary, = [r["first_rows"] for r in of(records, "COM_STMT_EXECUTE") if r["stmt_prepare_query"] == text]
            self.assertEqual(as_binary, as_text)
        self.assertEqual(as_text, [["0000"]])

    def test_cursor(self):
        with lab.Proxy("--log-rows", "2") as proxy:
            c = RawClient(proxy.port)
            statement = c.prepare("SELECT seq, 'x' FROM seq_1_to_5")
            c.send(0, b"\x17" + struct.pack("<IBI", statement, 1, 1))
            for _ in range(1 + 2 + 1):
                c.read()
            for n in (3, 3):
                c.send(0, b"\x1c" + struct.pack("<II", statement, n))
                while c.read()[:1] != b"\xfe":
                    pass
            c.quit()
            records = proxy.settled("query")
        self.check(of(records, "COM_STMT_EXECUTE")[0], column_names=["seq", "x"], first_rows=[], rows=0)
        fetches = of(records, "COM_STMT_FETCH")
        self.check(fetches[0], rows=3, column_names=["seq", "x"], first_rows=[[1, "x"], [2, "x"]])
        self.check(fetches[1], rows=2, column_names=["seq", "x"], first_rows=[[4, "x"], [5, "x"]])

    def test_results_of_many_shapes(self):
        with lab.Proxy("--log-rows", "1") as proxy:
            c = Client(proxy.port, extra=1 << 16 | 1 << 17)
            c.send(0, b"\x03SELECT 1 AS a; DO 1; SELECT 'x' AS b, 2 AS c FROM seq_1_to_3")
            ends = 0
            while ends < 4:  # two EOF a result
                ends += c.read()[:1] == b"\xfe"
            c.quit()
            found = of(proxy.settled("query"), "COM_QUERY")[0]
        self.check(found, results=2, column_names=[["a"], ["b", "c"]], first_rows=[[[1]], [["x", 2]]], rows=4)

    def test_large_results_pass(self):
        """Rows that are kept and rows that are not: what the client gets is the same, and memory does not depend on it."""
        with lab.Proxy("--log-rows", "3", "--limits-value-bytes", "16") as proxy:
            c = RawClient(proxy.port)
            self.assertEqual(c.query("SELECT REPEAT('x', 100000), seq FROM seq_1_to_500"), 500)
            c.query("SELECT REPEAT('y', 20000000), 7")
            c.quit()
            first, large = of(proxy.settled("query"), "COM_QUERY")
        cut = {"text": "x" * 16, "length": 100000}
        self.check(first, rows=500, first_rows=[[cut, 1], [cut, 2], [cut, 3]])
        self.check(large, rows=1, first_rows=[[{"text": "y" * 16, "length": 20000000}, {"unknown": True}]])


class CharacterSets(Values):
    # the servers' sets that a client can speak, with the bytes of one character beyond ASCII that SQL does not care about
    SETS = {"latin1": b"\xe9\x80\x81", "latin2": b"\xb1", "latin5": b"\xfd", "latin7": b"\xe0", "cp1250": b"\xe8",
            "cp1251": b"\xcf\xf0", "cp1256": b"\xc7", "cp1257": b"\xe0", "cp850": b"\x82", "cp852": b"\x9f", "cp866": b"\x8f\xfc",
            "koi8r": b"\xf0\xd2", "koi8u": b"\xa4\x95", "greek": b"\xe1\xa1", "hebrew": b"\xe0\xaf", "armscii8": b"\xb2\xa2",
            "geostd8": b"\xc0\x80", "keybcs2": b"\x80\x90", "macce": b"\x8a", "macroman": b"\x8a\xc6", "dec8": b"\xe9\xa0",
            "hp8": b"\xc5", "tis620": b"\xa1\x85", "big5": b"\xa7\x41", "gb2312": b"\xc4\xe3", "gbk": b"\xc4\xe3\x81\x40",
            "euckr": b"\xb0\xa1\x81\x41", "sjis": b"\x83\x65\xb1", "cp932": b"\x87\x40\x83\x65", "ujis": b"\xa5\xc6",
            "eucjpms": b"\xad\xa1\xa5\xc6", "utf8mb3": "\u00e9\u20ac".encode(), "utf8mb4": "\U0001f600".encode(), "swe7": b"[]"}

    MULTIBYTE = ("big5", "gb2312", "gbk", "euckr", "sjis", "cp932", "ujis", "eucjpms", "utf8mb3", "utf8mb4")

    def upper_half(self, name):
        """Every byte from 0x80 up that is a character of a set in which a byte is one."""
        asked = ",".join(f"HEX(CONVERT(_{name} x'{byte:02x}' USING utf8mb4))" for byte in range(0x80, 0x100))
        known = lab.server().sql("SELECT " + asked).split()
        return bytes(0x80 + i for i, code in enumerate(known) if code not in ("3F", "EFBFBD"))

    def test_sets_of_the_server(self):
        """The log's text is what the server makes of the bytes."""
        expected = {}
        with lab.Proxy("--log-rows", "1") as proxy:
            c = RawClient(proxy.port)
            for name, data in self.SETS.items():
                if name not in self.MULTIBYTE:
                    data += self.upper_half(name)
                c.query("SET NAMES " + name)
                c.query("SET character_set_results = utf8mb4")
                c.query(b"SELECT '" + data + b"' AS x")
                expected[name] = data
            self.assertGreater(sum(map(len, expected.values())), 2000)
            c.quit()
            records = of(proxy.settled("query"), "COM_QUERY")
        shown = {r["character_set"]: r for r in records if r["query"].startswith("SELECT")}
        self.assertEqual(set(shown), set(expected))
        for name, record in shown.items():
            with self.subTest(name):
                self.assertEqual(record["query"], f"SELECT '{record['first_rows'][0][0]}' AS x")
                self.assertNotIn("query_hex", record)

    def test_results_and_names(self):
        """Texts of results are in their columns' set, names and errors in that of results."""
        with lab.Proxy("--log-rows", "1") as proxy:
            c = RawClient(proxy.port)
            c.query("SET NAMES latin1")
            c.query("SELECT '\u00e9' AS `n\u00e9`, x'E9' AS b".encode("latin1"))
            c.query("SET character_set_results = cp850")
            c.query("SELECT '\u00e9' AS `n\u00e9`".encode("latin1"))
            c.query("SET character_set_results = NULL")
            c.query("SELECT '\u00e9' AS `n\u00e9`".encode("latin1"))
            with self.assertRaises(Refused):
                c.query("SELECT `\u00e9` FROM shop.`t\u00e9`".encode("latin1"))
            c.query("USE shop")
            c.quit()
            records = [r for r in of(proxy.settled("query"), "COM_QUERY") if r["query"].startswith("SELECT")]
        self.check(records[0], query="SELECT '\u00e9' AS `n\u00e9`, x'E9' AS b", column_names=["n\u00e9", "b"],
                   first_rows=[["\u00e9", {"hex": "e9"}]])
        self.check(records[1], column_names=["n\u00e9"], first_rows=[["\u00e9"]])
        self.check(records[2], column_names=["n\u00e9"], first_rows=[["\u00e9"]])
        self.check(records[3], error="Table 'shop.t\u00e9' doesn't exist")

    def test_the_set_is_followed(self):
        """Login, SET in all forms, COM_CHANGE_USER, COM_RESET_CONNECTION: the log's set is the server's own word for it."""
        steps = ["SET NAMES latin1", "SET NAMES 'cp1251' COLLATE cp1251_bin", "SET CHARACTER SET latin2", "SET NAMES DEFAULT",
                 "SET character_set_client = koi8r", "SET @@session.character_set_client = 'cp866'",
                 "SET SESSION character_set_client := cp850, autocommit = 1", "SET autocommit = 1, NAMES greek",
                 "/*!40101 SET NAMES hebrew */", "SET @old = @@character_set_client", "SET CHARSET latin5",
                 "SET GLOBAL sort_buffer_size = 2097152, SESSION character_set_client = latin7",
                 "SET character_set_client = DEFAULT", "SET STATEMENT max_statement_time = 10 FOR DO 1", "DO 1"]
        for extra in (0, SESSION_TRACK):
            with self.subTest(tracked=bool(extra)), lab.Proxy("--log-rows", "1") as proxy:
                c = Client(proxy.port, collation=51, extra=extra)
                ask = "SELECT @@character_set_client"
                c.one(ask)
                for step in steps:
                    c.one(step)
                    c.one(ask)
                c.send(0, b"\x1f")  # reset
                c.read()
                c.one(ask)
                c.change_user(2312)
                c.one(ask)
                c.one("SET NAMES latin1")
                c.send(0, b"\x1f")
                c.read()
                c.one(ask)
                with self.assertRaises(Refused):
                    c.one("SET NAMES unheard")
                c.one(ask)
                c.quit()
                asked = [r for r in proxy.settled("query") if r.get("query") == ask]
            self.assertEqual([r["character_set"] for r in asked], [r["first_rows"][0][0] for r in asked])
            self.assertGreater(len({r["character_set"] for r in asked}), 10)

    def test_several_statements(self):
        with lab.Proxy() as proxy:
            c = Client(proxy.port, extra=1 << 16 | 1 << 17)
            c.send(0, b"\x03SELECT ';SET NAMES cp866'; SET NAMES cp1251; SELECT nothing FROM nowhere")
            ends = 0
            while ends < 3:  # two EOF, an OK, then the ERR
                ends += c.read()[:1] in (b"\xfe", b"\0")
            with self.assertRaises(Refused):
                c.read()
            c.send(0, b"\x03SET NAMES latin1; SELECT nothing FROM nowhere")
            c.read()
            with self.assertRaises(Refused):
                c.read()
            c.one(b"SELECT '\xe9'")
            c.quit()
            records = of(proxy.settled("query"), "COM_QUERY")
        self.check(records[-1], query="SELECT '\u00e9'", character_set="latin1")

    def test_what_is_no_text_keeps_its_bytes(self):
        with lab.Proxy() as proxy:
            c = RawClient(proxy.port)
            c.query(b"SELECT '\xff\xfe'")
            c.query("SET NAMES gbk")
            c.query(b"SELECT '\xff' /* \xc4\xe3 */")
            c.query("SET NAMES binary")
            c.query(b"SELECT '\xe9'")
            c.quit()
            records = [r for r in of(proxy.settled("query"), "COM_QUERY") if r["query"].startswith("SELECT")]
        self.assertEqual([bytes.fromhex(r["query_hex"]) for r in records],
                         [b"SELECT '\xff\xfe'", b"SELECT '\xff' /* \xc4\xe3 */", b"SELECT '\xe9'"])

    @unittest.skipUnless(pymysql, "no PyMySQL")
    def test_pymysql(self):
        with lab.Proxy("--log-rows", "1") as proxy:
            for charset, text in (("latin1", "caf\u00e9"), ("cp1251", "\u041f\u0440\u0438"), ("gbk", "\u4f60\u597d"),
                                  ("sjis", "\u30c6\u30b9\u30c8"), ("euckr", "\uac00\uac01"), ("utf8mb4", "\U0001f600")):
                db = pymysql.connect(host="127.0.0.1", port=proxy.port, user="root", charset=charset)
                cursor = db.cursor()
                cursor.execute("SELECT %s", (text,))
                self.assertEqual(cursor.fetchone()[0], text)
                db.close()
                proxy.wait_record(lambda r: r.get("query") == f"SELECT '{text}'" and r["first_rows"] == [[text]] and
                                  r["character_set"] == charset, f"the record in {charset}")

    def test_admin_port(self):
        """The recent records and the stream tell the same text as the log."""
        with lab.Proxy() as proxy:
            c = RawClient(proxy.port)
            c.query("SET NAMES latin1")
            c.query(b"SELECT 'caf\xe9'")
            c.quit()
            proxy.settled()
            self.assertIn("SELECT 'caf\u00e9'", proxy.admin("/records").decode())
            self.assertIn("SELECT 'caf\u00e9'", proxy.admin("/records?format=json").decode())

    def test_list_of_sessions(self):
        with lab.Proxy() as proxy:
            c = RawClient(proxy.port)
            c.query("SET NAMES cp1251")
            c.send(0, b"\x03SELECT SLEEP(30) /* " + "\u041f\u0440\u0438".encode("cp1251") * 40 + b" */")
            query = lab.wait_for(lambda: [s["query"] for s in proxy.json("/sessions")["sessions"] if "SLEEP" in s["query"]],
                                 "the statement in flight")[0]
            self.assertEqual(query[:30], ("SELECT SLEEP(30) /* " + "\u041f\u0440\u0438" * 40)[:30])
            self.assertNotIn("\ufffd", query)
            self.assertIn("\u041f\u0440\u0438", proxy.admin("/sessions").decode())
            proxy.post("/sessions/1/kill")
            c.close()
            proxy.idle()


class Tracking(Values):
    def test_changes(self):
        with lab.Proxy() as proxy:
            c = Client(proxy.port, extra=SESSION_TRACK)
            for text in ("SET session_track_state_change = 1, session_track_transaction_info = 'CHARACTERISTICS'",
                         "SET autocommit = 0", "USE mysql", "START TRANSACTION READ ONLY", "COMMIT", "DO 1"):
                c.one(text)
            c.quit()
            changes = [r.get("session_changes") for r in of(proxy.settled("query"), "COM_QUERY")]
        self.assertEqual(changes[1]["autocommit"], "OFF")
        self.assertEqual(changes[1]["state_change"], "1")
        self.assertEqual(changes[2]["schema"], "mysql")
        self.assertEqual(changes[3]["transaction_characteristics"], "START TRANSACTION READ ONLY;")
        self.assertTrue(changes[3]["transaction_state"].startswith("T"), changes[3])
        self.assertEqual(changes[4]["transaction_state"], "________")
        self.assertIsNone(changes[5])

    def test_nothing_asked(self):
        with lab.Proxy() as proxy:
            c = Client(proxy.port)
            c.one("SET autocommit = 0")
            c.quit()
            self.assertNotIn("session_changes", proxy.settled("query")[0])


class Parameters(Values):
    def test_types_that_the_server_takes_otherwise(self):
        """MariaDB reads nothing for some types: the log tells what it executed."""
        with lab.Proxy("--log-rows", "1") as proxy:
            c = RawClient(proxy.port)
            statement = c.prepare("SELECT ?, ?")
            for kind in (0x01, 0x02, 0x03, 0x08, 0x09, 0x0d, 0x0e, 0x0f, 0x10, 0xf6, 0xf7, 0xf8, 0xf9, 0xfc, 0xfe, 0xff):
                size = {0x01: b"\x07", 0x02: b"\x07\0", 0x03: b"\x07\0\0\0", 0x08: b"\x07" + bytes(7), 0x09: b"", 0x0d: b"",
                        0x10: b"", 0xff: b"", 0x0e: b"\4\xe8\7\2\x1d", 0xf6: b"\1" + b"7"}.get(kind, b"\1a")
                c.send(0, b"\x17" + struct.pack("<IBI", statement, 0, 1) + b"\0\1" + bytes([kind, 0, 0xfd, 0]) + size + b"\1z")
                c.rows()
            c.quit()
            executes = of(proxy.settled("query"), "COM_STMT_EXECUTE")
        self.assertEqual([r["stmt_execute_values"] for r in executes], [r["first_rows"][0] for r in executes])
        self.assertEqual([r["stmt_execute_values"][1] for r in executes], ["z"] * len(executes))


class Bulk(Values):
    """MariaDB's bulk execution, by its own C library."""

    class Bind(ctypes.Structure):
        _fields_ = [("length", ctypes.POINTER(ctypes.c_ulong)), ("is_null", ctypes.c_char_p), ("buffer", ctypes.c_void_p),
                    ("error", ctypes.c_char_p), ("indicator", ctypes.c_char_p), ("store", ctypes.c_void_p),
                    ("fetch", ctypes.c_void_p), ("skip", ctypes.c_void_p), ("buffer_length", ctypes.c_ulong),
                    ("offset", ctypes.c_ulong), ("length_value", ctypes.c_ulong), ("param_number", ctypes.c_uint),
                    ("pack_length", ctypes.c_uint), ("buffer_type", ctypes.c_int), ("error_value", ctypes.c_char),
                    ("is_unsigned", ctypes.c_char), ("long_data_used", ctypes.c_char), ("is_null_value", ctypes.c_char),
                    ("extension", ctypes.c_void_p)]

    ARRAY_SIZE = 201  # STMT_ATTR_ARRAY_SIZE

    def setUp(self):
        try:
            self.library = ctypes.CDLL("libmariadb.so.3")
        except OSError:
            self.skipTest("no libmariadb")
        for name in ("mysql_init", "mysql_real_connect", "mysql_stmt_init"):
            getattr(self.library, name).restype = ctypes.c_void_p
        lab.server().sql("CREATE OR REPLACE TABLE bulk (id INT DEFAULT 7, name VARCHAR(20)) CHARACTER SET utf8mb4", "shop")

    def execute(self, port, sql, rows):
        """Bind two columns, an integer and a text; "default" and "ignore" stand for the indicators."""
        indicators = {None: 1, "default": 2, "ignore": 3}
        lib, n = self.library, len(rows)
        mysql = ctypes.c_void_p(lib.mysql_init(None))
        zero = ctypes.c_char_p(None)
        self.assertTrue(lib.mysql_real_connect(mysql, b"127.0.0.1", b"root", zero, b"shop", port, zero, ctypes.c_ulong(0)))
        lib.mysql_set_character_set(mysql, b"latin1")
        statement = ctypes.c_void_p(lib.mysql_stmt_init(mysql))
        self.assertEqual(lib.mysql_stmt_prepare(statement, sql, ctypes.c_ulong(len(sql))), 0)
        size = ctypes.c_uint(n)
        self.assertEqual(lib.mysql_stmt_attr_set(statement, self.ARRAY_SIZE, ctypes.byref(size)), 0)
        numbers = (ctypes.c_int * n)(*[r[0] if isinstance(r[0], int) else 0 for r in rows])
        texts = [r[1] if isinstance(r[1], bytes) else b"" for r in rows]
        pointers = (ctypes.c_char_p * n)(*texts)
        lengths = (ctypes.c_ulong * n)(*[len(t) for t in texts])
        marks = [bytes(indicators.get(r[i], 0) if not isinstance(r[i], bytes) else 0 for r in rows) for i in (0, 1)]
        binds = (self.Bind * 2)()
        binds[0].buffer, binds[0].buffer_type, binds[0].indicator = ctypes.addressof(numbers), 3, marks[0]
        binds[1].buffer, binds[1].buffer_type, binds[1].indicator = ctypes.addressof(pointers), 254, marks[1]
        binds[1].length = lengths
        self.assertEqual(lib.mysql_stmt_bind_param(statement, binds), 0)
        self.assertEqual(lib.mysql_stmt_execute(statement), 0)
        lib.mysql_stmt_close(statement)
        lib.mysql_close(mysql)

    def test_rows(self):
        rows = [(1, b"caf\xe9"), (None, b"b"), ("default", None), (4, b"d")]
        with lab.Proxy() as proxy:
            self.execute(proxy.port, b"INSERT INTO bulk VALUES (?, ?)", rows)
            found = of(proxy.settled("query"), "COM_STMT_BULK_EXECUTE")
        self.assertEqual(len(found), 1)
        self.check(found[0], affected_rows=4, bulk_count=4, stmt_prepare_query="INSERT INTO bulk VALUES (?, ?)",
                   bulk_rows=[[1, "caf\u00e9"], [None, "b"], [{"default": True}, None], [4, "d"]])
        self.assertEqual(lab.server().sql("SELECT * FROM bulk", "shop"), "1\tcaf\u00e9\nNULL\tb\n7\tNULL\n4\td\n")

    def test_ignore(self):
        lab.server().sql("INSERT INTO bulk VALUES (1, 'a'), (2, 'b')", "shop")
        with lab.Proxy() as proxy:
            self.execute(proxy.port, b"UPDATE bulk SET id = ? WHERE name = ?", [("ignore", b"a"), (9, b"b")])
            found = of(proxy.settled("query"), "COM_STMT_BULK_EXECUTE")[0]
        self.check(found, bulk_count=2, bulk_rows=[[{"ignore": True}, "a"], [9, "b"]])
        self.assertEqual(lab.server().sql("SELECT * FROM bulk", "shop"), "1\ta\n9\tb\n")

    def test_many(self):
        with lab.Proxy() as proxy:
            self.execute(proxy.port, b"INSERT INTO bulk VALUES (?, ?)", [(i, b"x") for i in range(5000)])
            found = of(proxy.settled("query"), "COM_STMT_BULK_EXECUTE")
        self.assertEqual(sum(r["bulk_count"] for r in found), 5000)
        self.assertEqual(found[0]["bulk_rows"], [[i, "x"] for i in range(16)])


if __name__ == "__main__":
    unittest.main()
