"""The default database and the character set of a session without session tracking, compared with what the server says."""
import struct
import unittest

import lab
from rawclient import CAPABILITIES, RawClient, Refused

MULTI = 1 << 16 | 1 << 17
SESSION_TRACK = 1 << 23
MORE_RESULTS = 8
ASK = "SELECT DATABASE(), @@character_set_client"
PREPARED = object()  # before a text: by COM_STMT_PREPARE and COM_STMT_EXECUTE

# Each form starts in the database shop; other, `a``b` and `d;e` exist, and so does a database "gone".
KNOWN = [
    ["USE other"], ["use other;"], ["USE\tother"], ["USE\nother"], ["  USE other"], ["USE`other`"], ["USE `other`;"],
    ["USE/**/other"], ["USE /* x */ other"], ["/* x */ USE other"], ["/* x */USE/* y */other/* z */"], ["-- x\nUSE other"],
    ["# x\nUSE other"], ["USE other -- x"], ["USE other # x"], ["USE other /* x */;"], ["USE -- x\n other"],
    ["/*! USE other */"], ["/*!40101 USE other */"], ["/*!40101 USE */ other"], ["/*M! USE other */"],
    ["/*M!100000 USE other */"], ["/*!99999 USE other */"], ["/*!50700 USE other */"], ["USE `a``b`"], ["USE `d;e`"],
    ["USE `d;e`; SELECT 1"], ["SELECT 1; USE other"], ["SELECT 1; USE other; SELECT 2"], ["USE other; USE `a``b`"],
    ["USE other; SELECT nothing"], ["SELECT nothing; USE other"], ["SELECT ';USE other'; SELECT 2"],
    ["SELECT 1 /* ; USE other */; SELECT 2"], ["USE nowhere"], ["USE other", "USE nowhere"], ["USE nowhere; USE other"],
    [(PREPARED, "USE other")], [(PREPARED, "/* x */ USE `other`")], [(PREPARED, "SELECT 1")],
    ["USE gone", "DROP DATABASE gone"], ["USE gone", "drop /* x */ schema if exists `gone`"], ["DROP DATABASE gone"],
    ["USE gone", (PREPARED, "DROP DATABASE gone")], ["USE gone; DROP DATABASE gone; SELECT 1"],
    ["USE gone", "CREATE OR REPLACE DATABASE gone"], ["USE gone", "DROP DATABASE nowhere"], ["DROP TABLE IF EXISTS gone"],
    ["SET sql_mode = ANSI_QUOTES", 'USE "other"'], ["SET sql_mode = ANSI_QUOTES", 'USE "a`b"'],
    ["SET sql_mode = ANSI_QUOTES; USE \"other\""], ["SET sql_mode = ANSI_QUOTES", 'SELECT 1 AS "\\"; USE other'],
    ["SET sql_mode = NO_BACKSLASH_ESCAPES", "SELECT '\\'; USE other"], ["SELECT '\\'; USE other'; SELECT 2"],
    ["EXECUTE IMMEDIATE 'USE other'"], ["EXECUTE IMMEDIATE 'SELECT 1'"], ["BEGIN", "COMMIT"], ["BEGIN WORK; USE other"],
    ["BEGIN NOT ATOMIC SELECT 1; END"], ["IF 1 THEN SELECT 1; END IF"], ["DO 1; CALL nothing(); USE other"],
    ["SET NAMES latin1; USE other"], ["USE other; SET NAMES latin1"], ["ALTER DATABASE shop COMMENT 'USE other'"],
    ["SELECT 1 FROM (SELECT 1) u USE INDEX ()"], ["EXPLAIN SELECT 1"], ["CREATE DATABASE IF NOT EXISTS other"],
    ["PREPARE s FROM 'USE other'"], ["SET STATEMENT max_statement_time = 10 FOR DO 1"],
    ["/* " + "x" * 100000 + " */ USE other"], ["USE other"] + ["SELECT 1"] * 3, ["USE other", "USE shop"],
    # a compound statement may not contain USE
    ["BEGIN NOT ATOMIC USE other; END"], ["IF 1 THEN USE other; END IF"], ["here: BEGIN NOT ATOMIC USE other; END"],
    ["FOR i IN 1..2 DO USE other; END FOR"], ["WHILE 0 DO USE other; END WHILE"], ["REPEAT USE other; UNTIL 1 END REPEAT"],
    ["SELECT 1; CASE 1 WHEN 1 THEN USE other; END CASE"], [(PREPARED, "BEGIN NOT ATOMIC USE other; END")],
    ["SET @x = 'USE other'", "EXECUTE IMMEDIATE @x", "USE shop", "SET NAMES utf8mb4"], ["CALL switches()", "DROP DATABASE gone", "USE other"],
]
# What a text executes is not in the text.
UNKNOWN = [
    ["SET @x = 'USE other'", "EXECUTE IMMEDIATE @x"], ["PREPARE s FROM 'USE other'", "EXECUTE s"],
    ["EXECUTE IMMEDIATE CONCAT('USE ', 'other')"], ["EXECUTE IMMEDIATE 'USE ' 'other'"], ["EXECUTE IMMEDIATE 'USE `oth\\er`'"],
    ["BEGIN NOT ATOMIC EXECUTE IMMEDIATE 'USE other'; END"], ["here: BEGIN NOT ATOMIC CALL switches(); END"],
    ["BEGIN NOT ATOMIC EXECUTE IMMEDIATE 'USE other'; SELECT nothing; END"], ["IF 1 THEN CALL switches(); END IF"],
    ["FOR i IN 1..2 DO EXECUTE IMMEDIATE 'USE other'; END FOR"], ["USE gone", "BEGIN NOT ATOMIC DROP DATABASE gone; END"],
    ["BEGIN NOT ATOMIC SELECT 1; END; USE other"], ["SET STATEMENT max_statement_time = 10 FOR EXECUTE IMMEDIATE 'USE other'"],
    ["SET STATEMENT max_statement_time = 10 FOR USE other"], ["CALL switches()"], ["CALL shop.switches()"], ["/* x */ CALL switches()"], ["SELECT 1; CALL switches(); SELECT 2"],
    ["SELECT 1; CALL switches(); SELECT nothing"], ["CALL nothing(); USE other; SELECT nothing"],
    [(PREPARED, "CALL switches()")], [(PREPARED, "BEGIN NOT ATOMIC CALL switches(); END")], ["CALL switches()", "SELECT 1"],
]

# SET as each server reads it: comments for a version, ANSI_QUOTES, defaults.
SETS = [
    *[[f"/*{begin} SET NAMES latin2 */"] for begin in ("!", "!40101", "!50700", "!80000", "!90000", "!99999", "!080000", "!100000",
                                                      "!101100", "!110000", "!999999", "M!", "M!100100", "M!120000", " !")],
    ["/*!80000 SET */ NAMES latin2"], ["SET /*!80000 NAMES latin2 */ /*!40101 */"], ["SET /*!80000 NAMES */ /*!40101 NAMES */ latin2"],
    ["/*!80000 USE other */"], ["/*!80000 USE */ /*!40101 USE */ other"], ["SELECT 1; /*!80000 SET NAMES latin2 */; SELECT 2"],
    [(PREPARED, "/*!80000 SET NAMES latin2 */")], ["/*!80000 SET sql_mode = ANSI_QUOTES */", 'SELECT 1 AS "\\"; USE other'],
    *[[f"SET {mode}", step] for mode in ("sql_mode = ANSI_QUOTES", "sql_mode = 'ansi'", "SESSION sql_mode = 4", "@@sql_mode = 'STRICT_ALL_TABLES,ANSI_QUOTES'",
                                         "sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')", "NAMES utf8mb4, sql_mode = (SELECT CONCAT(@@sql_mode, ',ANSI_QUOTES'))",
                                         "sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'", "sql_mode = ANSI, sql_mode = ''", "sql_mode = NO_BACKSLASH_ESCAPES",
                                         "GLOBAL sql_mode = DEFAULT", "sql_mode = TRADITIONAL")
      for step in ('SELECT 1 AS "\\"; USE other', 'SELECT 1 AS "\\"; SET NAMES latin2', 'SELECT "\\"; USE other"', "SELECT '\\'; SET NAMES latin2; SELECT '1'")],
    ["SET sql_mode = ANSI", "SET sql_mode = DEFAULT", 'SELECT "\\"; USE other"'], ["SET sql_mode = ANSI", "SET sql_mode = nothing", 'SELECT 1 AS "\\"; USE other'],
    ["SET sql_mode = ANSI", "SET sql_mode = REPLACE(@@sql_mode, 'ANSI_QUOTES', '')", 'SELECT 1 AS "x"; USE other'],
    [(PREPARED, "SET sql_mode = ANSI_QUOTES"), 'SELECT 1 AS "\\"; USE other'], ["SET sql_mode = ANSI_QUOTES; SELECT 1", 'SELECT 1 AS "\\"; USE other'],
    ["SET sql_mode = ANSI", 'USE "other"'], ["SET NAMES latin2", "SET NAMES DEFAULT"], ["SET NAMES latin2", "SET CHARACTER SET DEFAULT"],
    ["SET NAMES latin2", "SET character_set_client = DEFAULT"], ["SET NAMES latin2", "SET @@session.character_set_client = DEFAULT, character_set_results = DEFAULT"],
    ["SET PERSIST_ONLY character_set_client = latin2", "SET NAMES DEFAULT"], ["SET `character_set_client` = latin2"],
]
# The default is another one than the server's since then.
GLOBALS = [
    ["SET GLOBAL character_set_client = latin2", "SET NAMES DEFAULT"], ["SET @@global.character_set_client = latin2", "SET character_set_client = DEFAULT"],
    ["SET GLOBAL character_set_client = latin2", "SET NAMES utf8mb4", "SET CHARACTER SET DEFAULT"],
    [(PREPARED, "SET GLOBAL character_set_client = latin2"), "SET NAMES DEFAULT"],
    ["SET GLOBAL character_set_client = latin2; SET NAMES DEFAULT"], ["SET GLOBAL max_connections = 500, character_set_client = latin2", "SET NAMES DEFAULT"],
]


def setUpModule():
    lab.server().sql("CREATE DATABASE IF NOT EXISTS other; CREATE DATABASE IF NOT EXISTS `a``b`; "
                     "CREATE DATABASE IF NOT EXISTS `d;e`; USE shop; "
                     "CREATE OR REPLACE PROCEDURE nothing() DO 1; "
                     "CREATE OR REPLACE PROCEDURE switches() EXECUTE IMMEDIATE 'USE other'")


class Client(RawClient):
    def __init__(self, port, extra=0, user="root"):
        super().__init__(port, user=user, capabilities=CAPABILITIES | MULTI | extra)

    def result(self):
        """Read one result. @return its rows, each a list of texts, and whether another one follows."""
        first = self.read()
        if first[:1] == b"\0":
            return [], struct.unpack("<H", first[3:5])[0] & MORE_RESULTS != 0
        for _ in range(first[0] + 1):
            self.read()
        rows = []
        while True:
            row = self.read()
            if row[:1] == b"\xfe" and len(row) < 9:
                return rows, struct.unpack("<H", row[3:5])[0] & MORE_RESULTS != 0
            values = []
            while row:
                size = -1 if row[0] == 0xfb else row[0]
                values.append(None if size < 0 else row[1:1 + size].decode())
                row = row[1 + max(size, 0):]
            rows.append(values)

    def run(self, step):
        """Run a text, or a prepared statement, which may fail. @return the rows of its last result, or None."""
        try:
            if isinstance(step, tuple):
                self.send(0, b"\x17" + struct.pack("<IBI", self.prepare(step[1]), 0, 1))
                self.rows()
                return None
            self.send(0, b"\x03" + step.encode())
            more = True
            while more:
                rows, more = self.result()
            return rows
        except Refused:
            return None


class DefaultDatabase(unittest.TestCase):
    maxDiff = None

    def ask_after(self, forms, extra):
        """@return for each form what the server says (database, character set) and the record of that question."""
        said = []
        with lab.Proxy() as proxy:
            for form in forms:
                lab.server().sql("CREATE DATABASE IF NOT EXISTS gone")
                c = Client(proxy.port, extra)
                for step in form:
                    c.run(step)
                said.append(c.run(ASK)[0])
                c.quit()
            asked = [r for r in proxy.settled("query") if r.get("query") == ASK]
        return list(zip(forms, said, sorted(asked, key=lambda r: r["conn_id"]), strict=True))

    def test_what_the_text_tells(self):
        for extra in (0, SESSION_TRACK):
            wrong = [(form, said, r.get("database"), r.get("database_unknown"), r["character_set"])
                     for form, said, r in self.ask_after(KNOWN, extra)
                     if said != [r.get("database"), r["character_set"]] or "database_unknown" in r]
            self.assertEqual(wrong, [], f"tracking {extra}")

    def test_what_the_text_does_not_tell(self):
        wrong = [(form, said, r.get("database"), r.get("database_unknown"))
                 for form, said, r in self.ask_after(UNKNOWN, 0)
                 if "database" in r or r.get("database_unknown") is not True]
        self.assertEqual(wrong, [])

    def test_character_sets(self):
        """Where dynamic SQL may set another one, the old one is not shown; otherwise it is the server's."""
        unknown = [["EXECUTE IMMEDIATE 'SET NAMES latin2'"], ["BEGIN NOT ATOMIC SET NAMES latin2; END"],
                   ["PREPARE s FROM 'SET NAMES latin2'", "EXECUTE s"], ["IF 1 THEN SET character_set_client = latin2; END IF"],
                   ["SET STATEMENT max_statement_time = 10 FOR SET NAMES latin2"],
                   ["BEGIN NOT ATOMIC SET CHARSET latin2; SELECT nothing; END"],
                   [(PREPARED, "BEGIN NOT ATOMIC SET CHARACTER SET latin2; END")]]
        known = [["EXECUTE IMMEDIATE 'SET @a = 1'"], [(PREPARED, "SET NAMES latin2")], ["BEGIN NOT ATOMIC SELECT 1; END"],
                 ["EXECUTE IMMEDIATE 'USE other'"], ["CALL nothing()"], ["EXECUTE IMMEDIATE @x", "SET NAMES latin2"]]
        self.assertEqual([r.get("character_set") for _, _, r in self.ask_after(unknown, 0)], [None] * len(unknown))
        for form, said, r in self.ask_after(known, 0):
            self.assertEqual((form, r.get("character_set")), (form, said[1]))
        for form, said, r in self.ask_after(unknown[:5] + known, SESSION_TRACK):
            self.assertEqual((form, r.get("character_set")), (form, said[1]))

    def test_failed_change_user(self):
        """MariaDB keeps user and database, and resets the variables, whatever the request asked for."""
        for extra, collation in ((0, 8), (0, 51), (SESSION_TRACK, 51)):
            with self.subTest(extra=extra, collation=collation), lab.Proxy() as proxy:
                c = Client(proxy.port, extra)
                c.run("SET NAMES cp1252")
                c.run("SET NAMES latin2; USE other")
                said = []
                for user, answer in ((b"nobody", "Refused"), (b"root", "OK")):
                    c.send(0, b"\x11" + user + b"\0\0shop\0" + struct.pack("<H", collation) + b"mysql_native_password\0")
                    try:
                        if c.read()[:1] == b"\xfe":  # AuthSwitchRequest: an empty password
                            c.send(2, b"")
                            c.read()
                        self.assertEqual(answer, "OK")
                    except Refused:
                        self.assertEqual(answer, "Refused")
                    said.append(c.run(ASK)[0])
                c.quit()
                asked = [r for r in proxy.settled("query") if r.get("query") == ASK]
            self.assertEqual([[r.get("database"), r["character_set"]] for r in asked], said)
            self.assertEqual(["root", "root"], [r["username"] for r in asked])
            self.assertEqual(["other", "shop"], [r["database"] for r in asked])

    def test_filters(self):
        """Where the database is unknown, a filter matches neither way."""
        for schema, queries in (("*", ["CALL switches()", "DO 2"]), ("!nothing", ["CALL switches()", "DO 2"]), ("other", ["DO 2"])):
            with self.subTest(schema=schema), lab.Proxy("--filter-schema", schema) as proxy:
                c = Client(proxy.port)
                for step in ("CALL switches()", "DO 1", "USE other", "DO 2"):
                    c.run(step)
                c.quit()
                proxy.wait_record(lambda r: r.get("query") == "DO 2", "the last statement's record")
                self.assertEqual([r["query"] for r in proxy.records() if "query" in r], queries)


class Sets:
    """On each server: see lab.OnMariaDB."""
    maxDiff = None

    @classmethod
    def make_table(cls):
        cls.server.sql("CREATE DATABASE IF NOT EXISTS other")

    def ask_after(self, forms):
        said = []
        with lab.Proxy(remote=f"127.0.0.1:{self.server.port}") as proxy:
            for form in forms:
                c = Client(proxy.port, user=self.user)
                for step in form:
                    c.run(step)
                said.append(c.run(ASK)[0])
                c.quit()
            asked = [r for r in proxy.settled("query") if r.get("query") == ASK]
        return list(zip(forms, said, sorted(asked, key=lambda r: r["conn_id"]), strict=True))

    def test_forms_of_set(self):
        wrong = [(form, said, r.get("database"), r.get("database_unknown"), r.get("character_set"))
                 for form, said, r in self.ask_after(SETS) if said != [r.get("database"), r.get("character_set")]]
        self.assertEqual(wrong, [])

    def test_defaults_that_were_changed(self):
        names, connections = self.server.sql("SELECT @@global.character_set_client, @@global.max_connections").split()
        self.addCleanup(self.server.sql, f"SET GLOBAL character_set_client = {names}, GLOBAL max_connections = {connections}")
        wrong = [(form, said, r["character_set"]) for form, said, r in self.ask_after(GLOBALS) if "character_set" in r]
        self.assertEqual(wrong, [])


class SetsOfMariaDB(lab.OnMariaDB, Sets, unittest.TestCase):
    pass


@unittest.skipUnless(lab.mysql9_root(), "MySQL 9 is not installed: script/mysql9")
class SetsOfMySQL9(lab.OnMysql9, Sets, unittest.TestCase):
    pass


if __name__ == "__main__":
    unittest.main()
