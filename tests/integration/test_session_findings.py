"""Findings of a session's life, with real servers: idle and open transactions, statements prepared for one execution, connections for one
statement, needless setup, large results. MySQL's part runs where script/mysql9 was run."""
import time
import unittest

import lab
from rawclient import RawClient

IDLE_MS = 1000  # longer than what lies between two statements of a test, also on a busy machine
IDLE_S = IDLE_MS / 1000 + 0.05  # time that passes is what is tested here, so nothing else can be waited for


def found(records, finding):
    return [r for r in records if finding in r.get("findings", ())]


class Life:
    """On each server: see lab.OnMariaDB."""

    def proxy(self, *args):
        return lab.Proxy(*args, remote=f"127.0.0.1:{self.server.port}")

    def connect(self, proxy):
        return RawClient(proxy.port, user=self.user)

    @classmethod
    def make_table(cls):
        cls.server.sql("CREATE TABLE IF NOT EXISTS life (id INT PRIMARY KEY, a INT) ENGINE=InnoDB;"
                       "REPLACE INTO life VALUES (1, 0), (2, 0), (3, 0)", "shop")

    def test_an_idle_transaction(self):
        with self.proxy("--log-transaction-idle-ms", str(IDLE_MS)) as proxy:
            c = self.connect(proxy)
            c.query("BEGIN")
            c.query("UPDATE life SET a = a + 1 WHERE id = 1")
            time.sleep(IDLE_S)
            c.query("COMMIT")
            time.sleep(IDLE_S)
            c.query("SELECT 1")
            c.quit()
            idle = found(proxy.settled(), "transaction_idle")
            self.assertEqual([r["query"] for r in idle], ["COMMIT"])
            self.assertGreaterEqual(idle[0]["trx_idle_us"], IDLE_MS * 1000)
            self.assertLess(idle[0]["trx_idle_us"], 60000000)
            digests = {d["digest_text"]: d for d in proxy.json("/digests")["digests"]}
            self.assertEqual(digests["COMMIT"]["transaction_idle"], 1)

    def test_a_transaction_that_is_left_open(self):
        with self.proxy("--log-transaction-idle-ms", str(IDLE_MS)) as proxy:
            endings = {}
            for what, texts in {"written": ["BEGIN", "UPDATE life SET a = a + 1 WHERE id = 2"],
                                "begun": ["START TRANSACTION"],
                                "implicit": ["SET autocommit=0", "UPDATE life SET a = a + 1 WHERE id = 2"],
                                "read": ["SET autocommit=0", "SELECT * FROM life"],
                                "committed": ["BEGIN", "UPDATE life SET a = a + 1 WHERE id = 2", "COMMIT"],
                                "altered": ["BEGIN", "UPDATE life SET a = a + 1 WHERE id = 2", "CREATE TABLE IF NOT EXISTS life2 (a INT)"],
                                "none": ["SELECT * FROM life"]}.items():
                c = self.connect(proxy)
                for text in texts:
                    c.query(text)
                if what == "begun":
                    time.sleep(IDLE_S)
                    c.close()
                else:
                    c.quit()
                endings[what] = texts
            ends = {r["conn_id"]: r for r in proxy.settled("disconnect")}
            self.assertEqual([w for w, r in zip(endings, (ends[i] for i in sorted(ends))) if "transaction_open" in r.get("findings", ())],
                             ["written", "begun", "implicit"])
            idle = found(ends.values(), "transaction_idle")
            self.assertEqual([r["findings"] for r in idle], [["transaction_idle", "transaction_open"]])
            self.assertGreaterEqual(idle[0]["trx_idle_us"], IDLE_MS * 1000)
            self.assertEqual(idle[0]["trx_id"], 1)

    def test_statements_prepared_for_one_execution(self):
        with self.proxy() as proxy:
            c = self.connect(proxy)
            for i in range(6):
                s = c.prepare("SELECT a FROM life WHERE id = ?")
                c.execute(s, i)
                c.close_statement(s)
            s = c.prepare("SELECT a + 1 FROM life WHERE id = ?")
            for i in range(6):
                c.execute(s, i)
            c.close_statement(s)
            run = proxy.wait_record(lambda r: r["event"] == "prepare_once", "the run, while the session goes on")
            self.assertEqual((run["repeated"], run["digest_text"], run["findings"], run["username"]),
                             (6, "SELECT `a` FROM `life` WHERE `id` = ?", ["prepare_once"], self.user))
            for i in range(5):  # the end of the session is an end, too
                s = c.prepare("SELECT a FROM life WHERE id = ? + 0")
                c.execute(s, i)
                c.close_statement(s)
            c.quit()
            self.assertEqual([r["repeated"] for r in proxy.settled("prepare_once")], [6, 5])
            digests = {d["digest_text"]: d["prepare_once"] for d in proxy.json("/digests")["digests"]}
            self.assertEqual(digests["SELECT `a` FROM `life` WHERE `id` = ?"], 6)
            self.assertEqual(digests["SELECT `a` + ? FROM `life` WHERE `id` = ?"], 0)

    def test_a_connection_for_each_statement(self):
        with self.proxy() as proxy:
            for i in range(7):
                c = self.connect(proxy)
                c.query("SET NAMES utf8mb4")
                c.query(f"SELECT a FROM life WHERE id = {i}")
                c.quit()
                lab.wait_for(lambda n=i: len(proxy.records("disconnect")) > n, "the session to end")
            ends = found(proxy.settled(), "connection_per_statement")
            self.assertEqual([(r["event"], r["repeated"], r["digest_text"]) for r in ends],
                             [("disconnect", n, "SELECT `a` FROM `life` WHERE `id` = ?") for n in (5, 6, 7)])
            self.assertIn(b"----C SELECT `a` FROM", proxy.admin("/digests"))

    def test_needless_setup(self):
        with self.proxy() as proxy:
            c = self.connect(proxy)
            for i in range(4):
                c.query("SET NAMES utf8mb4")
                c.query(f"SET autocommit = {i % 2}")
                c.query("SET time_zone = '+00:00'")
            c.send(0, b"\x02shop")
            c.expect_ok()
            c.query("USE shop")
            c.query("USE mysql")
            c.quit()
            setup = found(proxy.settled(), "repeated_setup")
            self.assertEqual([(r["query"], r["repeated"]) for r in setup],
                             [("SET NAMES utf8mb4", 3), ("SET time_zone = '+00:00'", 4), ("SET NAMES utf8mb4", 5),
                              ("SET time_zone = '+00:00'", 6), ("shop", 7), ("USE shop", 8)])

    def test_large_results(self):
        with self.proxy("--log-large-result", "2") as proxy:
            c = self.connect(proxy)
            c.query("SELECT * FROM life LIMIT 2")
            c.query("SELECT * FROM life")
            s = c.prepare("SELECT id FROM life")
            c.execute(s)
            c.quit()
            large = found(proxy.settled(), "large_result")
            self.assertEqual([r["command"] for r in large], ["COM_QUERY", "COM_STMT_EXECUTE"])
            for limit, n in (("large_result", 2), ("slow,large_result", 2), ("transaction_open", 0)):
                self.assertEqual(len(proxy.admin(f"/records?format=json&finding={limit}").splitlines()), n)

    def test_duplicates_in_autocommit(self):
        with self.proxy() as proxy:
            c, other = self.connect(proxy), self.connect(proxy)
            by_id = "SELECT a FROM life WHERE id = 3"
            for text in (by_id, by_id, "SELECT a FROM life WHERE id = 2", by_id, "UPDATE life SET a = a + 1 WHERE id = 3", by_id, by_id,
                         "SELECT id, NOW() FROM life", "SELECT id, NOW() FROM life", "SELECT id FROM life WHERE id > LAST_INSERT_ID()",
                         "SELECT id FROM life WHERE id > LAST_INSERT_ID()", "SELECT 1", "SELECT 1", "SHOW STATUS LIKE 'Uptime'",
                         "SHOW STATUS LIKE 'Uptime'"):
                c.query(text)
            other.query(by_id)
            s = c.prepare("SELECT a + 0 FROM life WHERE id = ?")
            for i in (1, 2, 1):
                c.execute(s, i)
            c.quit()
            other.quit()
            records = proxy.settled("query")
            self.assertEqual([r.get("duplicates", 0) for r in records if r.get("query") == by_id and r["conn_id"] == 1], [0, 1, 2, 0, 1])
            self.assertEqual([(r["command"], r["duplicates"]) for r in found(records, "duplicate") if r.get("query") != by_id],
                             [("COM_STMT_EXECUTE", 1)])
            digests = {d["digest_text"]: d["duplicates"] for d in proxy.json("/digests")["digests"]}
            self.assertEqual(digests["SELECT `a` FROM `life` WHERE `id` = ?"], 3)

    def test_duplicates_of_a_trace(self):
        with self.proxy() as proxy:
            for n, trace in enumerate(("0af7651916cd43dd8448eb211c80319c", "0af7651916cd43dd8448eb211c80319c", "1af7651916cd43dd8448eb211c80319c")):
                c = self.connect(proxy)
                c.query(f"SELECT a FROM life WHERE id = 1 /*traceparent='00-{trace}-{n:016x}-01'*/")
                c.quit()
                lab.wait_for(lambda n=n: len(proxy.records("disconnect")) > n, "the session to end")
            self.assertEqual([r["conn_id"] for r in found(proxy.settled("query"), "duplicate")], [2])

    def test_all_of_them_can_be_disabled(self):
        off = [x for s in ("duplicate-ms", "transaction-idle-ms", "prepare-once", "connection-per-statement", "repeated-setup", "large-result")
               for x in (f"--log-{s}", "0")] + ["--log-transaction-open=false"]
        with self.proxy(*off) as proxy:
            for i in range(7):
                c = self.connect(proxy)
                c.query("SELECT 1")
                c.quit()
            c = self.connect(proxy)
            for i in range(6):
                c.query("SET NAMES utf8mb4")
                s = c.prepare("SELECT * FROM life")
                c.execute(s)
                c.close_statement(s)
            c.query("BEGIN")
            c.quit()
            records = proxy.settled()
            names = {f for r in records for f in r.get("findings", ())}
            self.assertLessEqual(names, {"no_index", "slow"})
            self.assertEqual([r for r in records if r["event"] == "prepare_once"], [])


class MariaDB(lab.OnMariaDB, Life, unittest.TestCase):
    pass


@unittest.skipUnless(lab.mysql9_root(), "MySQL 9 is not installed: script/mysql9")
class MySQL9(lab.OnMysql9, Life, unittest.TestCase):
    pass


if __name__ == "__main__":
    unittest.main()
