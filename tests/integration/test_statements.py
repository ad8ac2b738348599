"""What real clients say is what the log says: drivers with protocol code of their own, and MariaDB's own tools.

Each client program runs twice, straight to the server and through the proxy: what it prints must not differ."""
import datetime
import decimal
import os
import shutil
import struct
import subprocess
import unittest

import lab
from rawclient import Gone, RawClient, Refused, packet

CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients")

try:
    import pymysql
except ImportError:
    pymysql = None


def of(records, command):
    return [r for r in records if r["command"] == command]


def find(records, text):
    """The one record about a statement."""
    found = [r for r in records if r.get("query") == text or r["command"] == "COM_STMT_EXECUTE" and
             r.get("stmt_prepare_query") == text]
    assert len(found) == 1, f"{len(found)} records of {text}"
    return found[0]


class Statements(unittest.TestCase):
    maxDiff = None

    def both(self, *argv, missing=None):
        """Run a program straight and through the proxy; @return its output and the proxy's query records."""
        direct = lab.run(*[a.replace("PORT", str(lab.server().port)) for a in argv])
        if missing is not None and direct.returncode == missing:
            self.skipTest(f"{argv[0]} lacks a driver: script/bootstrap")
        self.assertEqual(direct.returncode, 0, direct.stderr)
        with lab.Proxy() as proxy:
            through = lab.run(*[a.replace("PORT", str(proxy.port)) for a in argv])
            records = proxy.settled()
        self.assertEqual(through.returncode, 0, through.stderr)
        self.assertEqual(through.stdout, direct.stdout)
        self.assertEqual([r["event"] for r in records if r["event"] in ("error", "gap")], [])
        return through.stdout.decode(), [r for r in records if r["event"] == "query"]

    def check(self, record, **fields):
        shown = {name: record.get(name) for name in fields}
        self.assertEqual(shown, fields, record)


class EarlyAnswers(Statements):
    """A server that refuses a command before all of it was sent: max_allowed_packet."""

    def refused(self, command, prepare=None):
        """Send the front of a command of 12 MB; @return the records, of which one is about that command."""
        with lab.Proxy() as proxy:
            c = RawClient(proxy.port)
            statement = c.prepare(prepare) if prepare else 0
            data = packet(0, command(statement) + b"x" * 12_000_000)
            c.send_bytes(data[:2_000_000])
            with self.assertRaises(Refused) as error:
                c.read()
            try:
                c.send_bytes(data[2_000_000:])
            except Gone:
                pass
            c.close()
            records = proxy.settled("query")
        self.assertEqual(error.exception.args[0], 1153)
        return [r for r in records if r.get("errno") == 1153]

    def setUp(self):
        before = lab.server().sql("SELECT @@GLOBAL.max_allowed_packet").strip()
        self.addCleanup(lab.server().sql, f"SET GLOBAL max_allowed_packet = {before}")
        lab.server().sql("SET GLOBAL max_allowed_packet = 1048576")

    def test_query(self):
        found, = self.refused(lambda _: b"\x03SELECT '")
        self.check(found, command="COM_QUERY", query_length=12_000_008, sqlstate="08S01")
        self.assertTrue(found["query"].startswith("SELECT 'xxx"), found["query"][:20])

    def test_execute(self):
        types = b"\0\1\xfc\0" + b"\xfd" + struct.pack("<I", 12_000_000)[:3]
        found, = self.refused(lambda n: b"\x17" + struct.pack("<IBI", n, 0, 1) + types, "SELECT LENGTH(?)")
        self.check(found, command="COM_STMT_EXECUTE", stmt_prepare_query="SELECT LENGTH(?)")
        self.assertEqual(found["stmt_execute_values"][0]["length"], 12_000_000)

    def test_long_data(self):
        found, = self.refused(lambda n: b"\x18" + struct.pack("<IH", n, 0), "SELECT LENGTH(?)")
        self.check(found, command="COM_STMT_SEND_LONG_DATA")


class Drivers(Statements):
    def test_mysqli(self):
        _, records = self.both("php", os.path.join(CLIENTS, "mysqli.php"), "PORT")
        self.check(find(records, "SELECT 1, 'zwei', NULL"), command="COM_QUERY", rows=1, columns=3, affected_rows=None,
                   errno=None, username="root", database="shop", status_flags=["autocommit"])
        insert = "INSERT INTO types (a, b) VALUES (1, 'x'), (2, 'y'), (3, 'z')"
        self.check(find(records, insert), affected_rows=3, last_insert_id=1, rows=None,
                   info="Records: 3  Duplicates: 0  Warnings: 0")
        self.check(find(records, "UPDATE types SET b = 'changed' WHERE a > 1"), affected_rows=2, warnings=None,
                   info="Rows matched: 2  Changed: 2  Warnings: 0", status_flags=["autocommit", "no_index_used"])
        self.check(find(records, "SELECT broken FROM nowhere"), errno=1146, sqlstate="42S02", rows=None, status_flags=None,
                   error="Table 'shop.nowhere' doesn't exist")
        self.check(find(records, "SELECT 1/0"), rows=1, warnings=1)

        executes = of(records, "COM_STMT_EXECUTE")
        big = [9223372036854775807, "it's", None, None, None]
        self.assertEqual([r.get("stmt_execute_values") for r in executes], [
            [-42, "h\u00e4llo", 1.5, "2024-02-29 23:59:58", {"hex": "00ff80"}], big, big, [-42, 0.25],
            [-42, "x" * 100 + "yz"], None, [8, 0]])
        self.assertEqual([r.get("affected_rows") for r in executes], [1, 1, 1, None, 1, None, None])
        self.assertEqual(executes[3]["rows"], 1)
        self.assertEqual(executes[0]["stmt_prepare_query"], "INSERT INTO types (a, b, c, d, e) VALUES (?, ?, ?, ?, ?)")
        self.assertEqual(len(of(records, "COM_STMT_SEND_LONG_DATA")), 2)
        prepares = of(records, "COM_STMT_PREPARE")
        self.assertEqual([r.get("errno") for r in prepares], [None, None, None, 1054, None, None])
        self.assertEqual([r.get("stmt_id") for r in of(records, "COM_STMT_CLOSE")],
                         [r["stmt_id"] for r in prepares if "errno" not in r])

        fetches = of(records, "COM_STMT_FETCH")
        self.assertEqual(sum(r["rows"] for r in fetches), 5, "rows of a cursor")
        self.assertIn("cursor_exists", fetches[0]["status_flags"])
        self.assertIn("last_row_sent", fetches[-1]["status_flags"])

        several = [r for r in records if r.get("query", "").startswith("SELECT 1; SELECT 2")][0]
        self.check(several, rows=4, results=3, errno=None)
        broken = [r for r in records if r.get("query", "").startswith("SELECT 1; SELECT nothing")][0]
        self.check(broken, rows=1, errno=1054)
        self.check(find(records, "CALL two(7, @y)"), rows=4, results=2)
        self.check(find([r for r in records if r["command"] != "COM_STMT_PREPARE"], "CALL two(?, ?)"), rows=4, results=2)
        self.check(find(records, "DELETE FROM types WHERE a = 3"), affected_rows=1,
                   status_flags=["in_trans", "autocommit", "no_index_used"])
        self.assertNotIn("in_trans", [r for r in records if r.get("query", "").startswith("ROLLBACK")][0]["status_flags"])

        # A procedure was called before, which may have changed the default database.
        self.assertEqual([(r["query"], r.get("database"), r.get("database_unknown"), r.get("errno")) for r in of(records, "COM_INIT_DB")],
                         [("mysql", None, True, None), ("no_such_schema", "mysql", None, 1049)])
        self.assertEqual(len(of(records, "COM_PING")), 1)
        self.assertIn("Uptime: ", of(records, "COM_STATISTICS")[0]["info"])
        changes = of(records, "COM_CHANGE_USER")
        self.assertEqual([r.get("errno") for r in changes], [None, 1045])
        self.check(changes[1], username="pw", database="shop")

    def test_pdo(self):
        _, records = self.both("php", os.path.join(CLIENTS, "pdo.php"), "PORT")
        self.assertEqual([r.get("stmt_execute_values") for r in of(records, "COM_STMT_EXECUTE")],
                         [["\u20acuro's", 1, "12.50", {"hex": "0001fe"}], [None, 0, "12.50", {"hex": "0001fe"}], ["1"]])
        raw = [r for r in records if "query_hex" in r]
        self.assertEqual(bytes.fromhex(raw[0]["query_hex"]).decode("latin1"),
                         "INSERT INTO p (t, b, d, l) VALUES ('\u00e2\u0082\u00acuro\\'s', 1, '12.50', '\\0\x01\u00fe')")
        self.check(find(records, "SELECT id, t, b, d, HEX(l) FROM p WHERE id >= '1'"), rows=2, columns=5)
        self.assertEqual([(r["affected_rows"], "in_trans" in r["status_flags"]) for r in records
                          if r.get("query") == "DELETE FROM p"], [(2, True)] * 2)
        self.assertEqual([r["command"] for r in records if r.get("errno") == 1054], ["COM_STMT_PREPARE", "COM_QUERY"])

    def test_dbi(self):
        _, records = self.both("perl", os.path.join(CLIENTS, "dbi.pl"), "PORT")
        self.assertEqual([r.get("stmt_execute_values") for r in of(records, "COM_STMT_EXECUTE")],
                         [None, [17, "camel", 2.5], ["18", None, None], ["5", "100"], None])
        self.check(find(records, "garbage"), command="COM_STMT_PREPARE", errno=1064)
        self.assertEqual(len(of(records, "COM_PING")), 1)
        self.assertEqual(records[-1]["command"], "COM_QUIT")

    @unittest.skipUnless(shutil.which("node"), "nodejs is not installed")
    def test_node(self):
        _, records = self.both("node", os.path.join(CLIENTS, "node.js"), "PORT", missing=77)
        self.check(find(records, "SELECT 1 AS one, 'zw\\\"ei' AS two"), rows=1, columns=2)
        self.check(find(records, "SELECT broken FROM nowhere"), errno=1146)
        for r in of(records, "COM_STMT_EXECUTE"):
            self.assertEqual(r["stmt_execute_values"], [1.5, "prepared", None])


@unittest.skipUnless(pymysql, "python3-pymysql is not installed")
class PyMySQL(Statements):
    def connect(self, proxy, **options):
        options = dict({"user": "pw", "password": "secret", "database": "shop", "local_infile": True,
                        "autocommit": True}, **options)
        connection = pymysql.connect(host="127.0.0.1", port=proxy.port, **options)
        self.addCleanup(lambda: connection.open and connection.close())
        return connection

    def test_values(self):
        with lab.Proxy() as proxy:
            connection = self.connect(proxy)
            cursor = connection.cursor()
            cursor.execute("SELECT %s, %s, %s, HEX(%s), %s, CAST(%s AS DECIMAL(6,2))",
                           (1, "it's", None, b"\0\xff", datetime.date(2024, 2, 29), decimal.Decimal("3.50")))
            row = cursor.fetchone()
            self.assertEqual((row[0], row[1], row[2], row[5]), (1, "it's", None, decimal.Decimal("3.50")))
            with self.assertRaises(pymysql.err.ProgrammingError):
                cursor.execute("SELECT * FROM no_table")
            connection.ping()
            connection.close()
            records = proxy.settled("query")
            auth = proxy.records("auth")
        self.check(auth[0], username="pw", database="shop", errno=None)
        self.assertEqual(auth[0]["connect_attributes"]["_client_name"], "pymysql")
        selects = [r for r in records if r.get("query", "").startswith("SELECT")]
        self.check(selects[0], rows=1, columns=6)
        self.assertEqual(bytes.fromhex(selects[0]["query_hex"]),
                         b"SELECT 1, 'it\\'s', NULL, HEX('\\0\xff'), '2024-02-29', CAST(3.50 AS DECIMAL(6,2))")
        self.check(selects[1], errno=1146)

    def test_load_data_local(self):
        lab.server().sql("CREATE OR REPLACE TABLE loaded (a INT, b VARCHAR(200))", "shop")
        path = os.path.join(lab.FOLDER, "load.csv")
        with open(path, "w") as f:
            for i in range(20000):
                f.write(f"{i}\t{'v' * 150}\n")
        with lab.Proxy() as proxy:
            connection = self.connect(proxy)
            cursor = connection.cursor()
            load = f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE loaded"
            self.assertEqual(cursor.execute(load), 20000)
            with self.assertRaises(pymysql.err.Error):
                cursor.execute("LOAD DATA LOCAL INFILE '/no/such/file' INTO TABLE loaded")
            connection.close()
            # and the session goes on after a load: another one
            connection = self.connect(proxy)
            cursor = connection.cursor()
            cursor.execute(load)
            cursor.execute("SELECT COUNT(*) FROM loaded")
            self.assertEqual(cursor.fetchone()[0], 40000)
            connection.close()
            records = proxy.settled("query")
        loads = [r for r in records if r.get("query") == load]
        self.assertEqual([r["affected_rows"] for r in loads], [20000] * 2)
        self.assertGreater(loads[0]["bytes_sent"], os.path.getsize(path))
        self.check(find(records, "SELECT COUNT(*) FROM loaded"), rows=1)

    def test_multi_and_procedure(self):
        straight = RawClient(lab.server().port)
        straight.query("CREATE OR REPLACE PROCEDURE three() BEGIN SELECT 1; SELECT 2, 3; DO 1; END")
        straight.quit()
        with lab.Proxy() as proxy:
            connection = self.connect(proxy, client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS)
            cursor = connection.cursor()
            cursor.execute("SELECT 1; DO 2; SELECT 3 FROM seq_1_to_10")
            while cursor.nextset():
                pass
            cursor.callproc("three")
            while cursor.nextset():
                pass
            connection.close()
            records = proxy.settled("query")
        self.check(find(records, "SELECT 1; DO 2; SELECT 3 FROM seq_1_to_10"), rows=11, results=2)
        self.check(find(records, "CALL three()"), rows=2, results=2)

    def test_big_result_read_slowly(self):
        """A client that reads row by row, while others go on."""
        with lab.Proxy("--workers", "1") as proxy:
            connection = self.connect(proxy)
            cursor = connection.cursor(pymysql.cursors.SSCursor)
            cursor.execute("SELECT seq, REPEAT('r', 1000) FROM seq_1_to_30000")
            self.assertEqual(cursor.fetchone()[0], 1)
            other = self.connect(proxy)
            quick = other.cursor()
            for i in range(20):
                quick.execute("SELECT %s", (i,))
                self.assertEqual(quick.fetchone()[0], i)
            self.assertEqual(sum(1 for _ in cursor), 29999)
            connection.close()
            other.close()
            records = proxy.settled("query")
        big = find(records, "SELECT seq, REPEAT('r', 1000) FROM seq_1_to_30000")
        self.check(big, rows=30000)
        self.assertGreater(big["bytes_received"], 30000 * 1000)

    def test_wrong_password(self):
        with lab.Proxy() as proxy:
            with self.assertRaises(pymysql.err.OperationalError) as refused:
                self.connect(proxy, password="wrong")
            self.assertEqual(refused.exception.args[0], 1045)
            records = proxy.settled()
        auth = [r for r in records if r["event"] == "auth"]
        self.check(auth[0], username="pw", errno=1045, sqlstate="28000")
        self.assertNotIn("wrong", str(records))


class Tools(Statements):
    """MariaDB's own programs."""

    def client(self, *argv):
        return (argv[0], "--no-defaults", "--skip-ssl", "-h127.0.0.1", "-PPORT", "--protocol=TCP", "-uroot", *argv[1:])

    def test_mariadb_batch(self):
        sql = ("DELIMITER //\nCREATE OR REPLACE PROCEDURE p() BEGIN\n  SELECT 'in p';\n  SELECT 'again';\nEND//\n"
               "DELIMITER ;\nCALL p();\nSELECT 'a;b' AS `x\ty`, \"quo'te\";\n"
               "SELECT /* kept */ 1;\nUSE mysql;\nSELECT DATABASE(), 1;\n"
               "INSERT INTO shop.nowhere VALUES (1);\nSELECT 'after the error';\n")
        path = os.path.join(lab.FOLDER, "batch.sql")
        with open(path, "w") as f:
            f.write(sql)
        _, records = self.both("sh", "-c", " ".join(self.client("mariadb", "--force", "-t", "-c", "shop")) + f" < {path}")
        self.check(find(records, "CALL p()"), rows=2, results=2)
        self.check(find(records, "SELECT 'a;b' AS `x\ty`, \"quo'te\""), rows=1, columns=2)
        find(records, "SELECT /* kept */ 1")
        self.check(find(records, "SELECT DATABASE(), 1"), rows=1, database="mysql")
        self.check(find(records, "INSERT INTO shop.nowhere VALUES (1)"), errno=1146)
        self.check(find(records, "SELECT 'after the error'"), rows=1)

    def test_dump_and_restore(self):
        lab.server().sql("CREATE OR REPLACE TABLE kept (a INT PRIMARY KEY, b VARCHAR(100), c BLOB);"
                         "INSERT INTO kept SELECT seq, REPEAT('k', seq % 100), UNHEX(SHA2(seq, 256)) FROM seq_1_to_3000",
                         "shop")
        dump, records = self.both(*self.client("mariadb-dump", "--skip-dump-date", "--hex-blob", "shop", "kept"))
        self.assertIn("INSERT INTO `kept` VALUES", dump)
        self.check([r for r in records if "FROM `kept`" in r.get("query", "")][-1], rows=3000)
        path = os.path.join(lab.FOLDER, "dump.sql")
        with open(path, "w") as f:
            f.write(dump)
        before = lab.server().sql("CHECKSUM TABLE kept", "shop")
        _, records = self.both("sh", "-c", " ".join(self.client("mariadb", "shop")) + f" < {path}")
        self.assertEqual(lab.server().sql("CHECKSUM TABLE kept", "shop"), before)
        self.assertEqual(sum(r.get("affected_rows", 0) for r in records
                             if r.get("query", "").startswith("INSERT INTO `kept`")), 3000)

    def test_import_check_admin(self):
        lab.server().sql("CREATE OR REPLACE TABLE imported (a INT)", "shop")
        path = os.path.join(lab.FOLDER, "imported.txt")
        with open(path, "w") as f:
            f.write("1\n2\n3\n")
        _, records = self.both(*self.client("mariadb-import", "--local", "--delete", "shop", path))
        self.assertEqual([r["affected_rows"] for r in records if "LOAD DATA" in r.get("query", "")], [3])
        _, records = self.both(*self.client("mariadb-check", "shop", "imported"))
        self.assertTrue(any(r.get("query", "").startswith("CHECK TABLE") for r in records))
        _, records = self.both(*self.client("mariadb-admin", "ping"))
        self.assertEqual(len(of(records, "COM_PING")), 1)


class Protocol(Statements):
    """What the stock clients do not send."""

    def test_typed_values(self):
        """Dates, times and small numbers in binary, as C programs bind them."""
        values = [(0x01, b"\xff", -1), (0x8001, b"\xff", 255), (0x02, struct.pack("<h", -300), -300),
                  (0x8002, struct.pack("<H", 65535), 65535), (0x03, struct.pack("<i", -70000), -70000),
                  (0x8008, struct.pack("<Q", 2**64 - 1), 2**64 - 1), (0x04, struct.pack("<f", 0.5), 0.5),
                  (0x0a, b"\4" + struct.pack("<HBB", 2024, 2, 29), "2024-02-29"),
                  (0x0c, b"\7" + struct.pack("<HBBBBB", 2024, 2, 29, 1, 2, 3), "2024-02-29 01:02:03"),
                  (0x0c, b"\x0b" + struct.pack("<HBBBBBI", 2024, 2, 29, 1, 2, 3, 45), "2024-02-29 01:02:03.000045"),
                  (0x0b, b"\x0c" + struct.pack("<BIBBBI", 1, 2, 3, 4, 5, 6), "-51:04:05.000006"),
                  (0xf6, b"\x0512.50", "12.50"), (0xfd, b"\x05three", "three")]
        with lab.Proxy() as proxy:
            c = RawClient(proxy.port)
            statement = c.prepare("SELECT " + ",".join("?" * len(values)))
            types = b"".join(struct.pack("<H", t) for t, _, _ in values)
            c.send(0, b"\x17" + struct.pack("<IBI", statement, 0, 1) + bytes((len(values) + 7) // 8) + b"\1" + types +
                   b"".join(b for _, b, _ in values))
            self.assertEqual(c.rows(), 1)
            # again, without the types
            c.send(0, b"\x17" + struct.pack("<IBI", statement, 0, 1) + bytes((len(values) + 7) // 8) + b"\0" +
                   b"".join(b for _, b, _ in values))
            self.assertEqual(c.rows(), 1)
            c.quit()
            executes = of(proxy.settled("query"), "COM_STMT_EXECUTE")
        self.assertEqual([r["stmt_execute_values"] for r in executes], [[v for _, _, v in values]] * 2)

    def test_pipelined(self):
        """Commands that do not wait for each other's reply."""
        with lab.Proxy() as proxy:
            c = RawClient(proxy.port)
            n = 500
            c.send_bytes(b"".join(packet(0, b"\x03SELECT %d FROM seq_1_to_%d" % (i, i % 7 + 1)) for i in range(n)))
            self.assertEqual([c.rows() for _ in range(n)], [i % 7 + 1 for i in range(n)])
            c.quit()
            records = of(proxy.settled("query"), "COM_QUERY")
        self.assertEqual([(r["query"], r["rows"]) for r in records],
                         [(f"SELECT {i} FROM seq_1_to_{i % 7 + 1}", i % 7 + 1) for i in range(n)])

    def test_changed_plugin(self):
        """A client that starts with another plugin than the account's: AuthSwitchRequest."""
        class Other(RawClient):
            def login_payload(self, user, database):
                return super().login_payload(user, database).replace(b"mysql_native_password", b"caching_sha2_password")
        with lab.Proxy() as proxy:
            c = Other(proxy.port)
            self.assertEqual(c.query("SELECT 1"), 1)
            c.quit()
            proxy.settled()
            self.check(proxy.records("auth")[0], auth_plugin="mysql_native_password", username="root", errno=None)

    def test_killed_by_the_server(self):
        with lab.Proxy() as proxy:
            c = RawClient(proxy.port)
            c.query("SELECT 1")
            number = of(lab.wait_for(lambda: proxy.records("query"), "the record"), "COM_QUERY")[0]["server_conn_id"]
            lab.server().sql(f"KILL {number}")
            with self.assertRaises(Exception):
                c.query("SELECT 2")
            c.close()
            proxy.idle()

    def test_times(self):
        """A slow statement's time is the server's."""
        with lab.Proxy() as proxy:
            c = RawClient(proxy.port)
            c.query("SELECT SLEEP(0.3)")
            c.query("DO 1")
            c.quit()
            slow, quick = of(proxy.settled("query"), "COM_QUERY")
        self.assertGreater(slow["server_us"], 290_000)
        self.assertGreaterEqual(slow["duration_us"], slow["server_us"])
        self.assertLess(quick["duration_us"], slow["duration_us"])


@unittest.skipUnless(pymysql, "python3-pymysql is not installed")
class Lint(unittest.TestCase):
    def test_views_of_mariadb(self):
        """Its EOF behind their rows tells of session changes, also to a client that did not ask for them: no rule of ours."""
        with lab.Proxy() as proxy:
            db = pymysql.connect(host="127.0.0.1", port=proxy.port, user="root")
            c = db.cursor()
            for text in ("SELECT * FROM mysql.user", "SELECT * FROM information_schema.tables LIMIT 1"):
                c.execute(text)
                c.fetchall()
            db.close()
            self.assertEqual([r for r in proxy.settled("lint")], [])


if __name__ == "__main__":
    unittest.main()
