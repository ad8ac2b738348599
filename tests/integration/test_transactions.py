"""Records of transactions (log.transactions), with real servers: each way in which one can end, and sums that are made again from the log.
MySQL's part runs where script/mysql9 was run."""
import datetime
import re
import signal
import subprocess
import unittest

import lab
import rawclient
from rawclient import Gone, RawClient, Refused
from terminal import Terminal, columns

MULTI_STATEMENTS = 0x10000
UPDATE = "UPDATE journey SET a = a + 1 WHERE id = 1"
SLACK_US = 4  # times in the log are rounded down to microseconds
CLOCKS_US = 2000  # ts is the time of day, durations come from another clock: the two are read one after the other


def us(text):
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1e6)


def is_statement(r):
    return r["command"] in ("COM_QUERY", "COM_STMT_EXECUTE", "COM_STMT_BULK_EXECUTE")


class Transactions:
    """On each server: see lab.OnMariaDB."""

    @classmethod
    def make_table(cls):
        cls.server.sql("CREATE TABLE IF NOT EXISTS journey (id INT PRIMARY KEY, a INT) ENGINE=InnoDB; REPLACE INTO journey VALUES (1, 0), (2, 0), (3, 0);\n"
                       "DELIMITER $$\n"
                       "CREATE PROCEDURE IF NOT EXISTS trx_commits() BEGIN UPDATE journey SET a = a + 1 WHERE id = 1; COMMIT; END$$\n"
                       "CREATE PROCEDURE IF NOT EXISTS trx_begins() BEGIN START TRANSACTION; UPDATE journey SET a = a + 1 WHERE id = 1; END$$\n", "shop")

    def proxy(self, *args):
        return lab.Proxy("--log-transactions=true", *args, remote=f"127.0.0.1:{self.server.port}")

    def connect(self, proxy):
        return RawClient(proxy.port, user=self.user, capabilities=rawclient.CAPABILITIES | MULTI_STATEMENTS)

    def session(self, proxy, *steps):
        """A session of these steps: texts, and of several statements (text, number of results). An error is no failure."""
        c = self.connect(proxy)
        for step in steps:
            text, results = (step, 1) if isinstance(step, str) else step
            try:
                c.send(0, b"\x03" + text.encode())
                for _ in range(results):
                    c.rows()
            except Refused:
                pass
        c.quit()

    def check_sums(self, records):
        """Make each record of a transaction again from the commands in the log."""
        for t in records:
            if t["event"] != "transaction":
                continue
            commands = [r for r in records if r["event"] == "query" and (r["conn_id"], r.get("trx_id")) == (t["conn_id"], t["trx_id"])]
            what = f"{t}"
            self.assertEqual(t["statement_count"], sum(map(is_statement, commands)), what)
            for sum_name, name in (("busy_us", "duration_us"), ("rows", "rows"), ("affected_rows", "affected_rows"),
                                   ("bytes_sent", "bytes_sent"), ("bytes_received", "bytes_received")):
                self.assertEqual(t[sum_name], sum(r.get(name, 0) for r in commands), what)
            self.assertEqual(t.get("error_count", 0), sum("errno" in r for r in commands), what)
            self.assertEqual((t["conn_seq_num"], t["last_conn_seq_num"]), (commands[0]["conn_seq_num"], commands[-1]["conn_seq_num"]), what)
            self.assertEqual(t["ts"], commands[0]["ts"], what)
            self.assertAlmostEqual(t["duration_us"], t["busy_us"] + t["idle_us"], delta=SLACK_US, msg=what)
            self.assertAlmostEqual(us(t["end_ts"]) - us(t["ts"]), t["duration_us"], delta=SLACK_US, msg=what)
            if t["ended"] != "disconnect":
                gaps = sum(us(b["ts"]) - us(a["ts"]) - a["duration_us"] for a, b in zip(commands, commands[1:]))
                self.assertAlmostEqual(t["idle_us"], gaps, delta=CLOCKS_US, msg=what)
            self.assertEqual(set(t.get("findings", ())),
                             {f for r in commands for f in r.get("findings", ())}, what)
            self.assertEqual((t["username"], t["database"]), (self.user, "shop"), what)

    def test_each_way_to_end(self):
        cases = [  # the steps of a session, and what its transactions are: how they ended, and their statements
            (["BEGIN", UPDATE, "COMMIT"], ["commit 3"]),
            (["START TRANSACTION READ ONLY", "SELECT * FROM journey", "COMMIT"], ["commit 3"]),
            (["START TRANSACTION WITH CONSISTENT SNAPSHOT", "ROLLBACK WORK"], ["rollback 2"]),
            (["SELECT * FROM journey", UPDATE], []),
            (["BEGIN", UPDATE, "SAVEPOINT s", UPDATE, "ROLLBACK TO s", "RELEASE SAVEPOINT s", "COMMIT"], ["commit 7"]),
            (["BEGIN", UPDATE, "BEGIN", UPDATE, "ROLLBACK"], ["implicit_commit 2", "rollback 3"]),
            (["BEGIN", UPDATE, "COMMIT AND CHAIN", UPDATE, "ROLLBACK AND CHAIN", "SELECT * FROM journey", "COMMIT"],
             ["commit 3", "rollback 2", "commit 2"]),
            (["BEGIN", UPDATE, "CREATE TABLE IF NOT EXISTS trx2 (a INT)", "SELECT 1"], ["implicit_commit 3"]),
            (["BEGIN", UPDATE, "CREATE TABLE journey (a INT)", "SELECT * FROM journey"], ["implicit_commit 4"]),
            (["BEGIN", UPDATE, "SELECT nothing", "COMMIT"], ["commit 4"]),
            (["SET autocommit = 0", UPDATE, UPDATE, "COMMIT", UPDATE, "ROLLBACK"], ["commit 3", "rollback 2"]),
            (["SET autocommit = 0", UPDATE, "SET autocommit = 1", UPDATE], ["implicit_commit 2"]),
            (["BEGIN", UPDATE, "SET autocommit = 1", "COMMIT"], ["commit 4"]),
            (["BEGIN", UPDATE], ["disconnect 2"]),
            ([("BEGIN; " + UPDATE + "; COMMIT", 3)], ["commit 1"]),
            ([("BEGIN; " + UPDATE, 2), "SELECT 1", ("SELECT 1; ROLLBACK", 2), "SELECT 1"], ["rollback 3"]),
            (["BEGIN", UPDATE, ("COMMIT; BEGIN", 2), "COMMIT"], ["commit 2", "commit 2"]),
            (["CALL trx_begins()", UPDATE, "COMMIT"], ["commit 3"]),
            (["BEGIN", "CALL trx_commits()", "SELECT 1"], ["unknown 2"]),
            (["BEGIN", UPDATE, "COMMIT RELEASE"], ["commit 3"]),
        ]
        with self.proxy() as proxy:
            for steps, _ in cases:
                self.session(proxy, *steps)
            records = proxy.settled()
            self.check_sums(records)
            for n, (steps, expected) in enumerate(cases):
                found = [f"{r['ended']} {r['statement_count']}" for r in records if r["event"] == "transaction" and r["conn_id"] == n + 1]
                if "COMMIT; BEGIN" in str(steps):  # of several statements the last counts, and the BEGIN commits, too
                    expected = ["implicit_commit 2", "commit 2"]
                self.assertEqual(found, expected, steps)

    def test_xa(self):
        with self.proxy() as proxy:
            self.session(proxy, "XA START 'a'", UPDATE, "XA END 'a'", "XA COMMIT 'a' ONE PHASE", "SELECT 1")
            self.session(proxy, "XA START 'b'", UPDATE, "XA END 'b'", "XA PREPARE 'b'", "XA ROLLBACK 'b'", "SELECT 1")
            self.session(proxy, "XA START 'c'", UPDATE, "XA END 'c'", "XA ROLLBACK 'c'", "SELECT 1")
            records = proxy.settled()
            self.check_sums(records)
            found = [r for r in records if r["event"] == "transaction"]
            ends = [r["ended"] for r in sorted(found, key=lambda r: r["conn_id"])]  # sessions have workers, whose records come in any order
            self.assertEqual((ends[0], ends[2]), ("xa_commit", "xa_rollback"))
            self.assertIn(ends[1], ("xa_prepare", "xa_rollback"))  # by the server: what XA PREPARE leaves open
            self.assertEqual(len(ends), 3)

    def test_prepared_statements_and_the_end_of_the_session(self):
        with self.proxy() as proxy:
            c = self.connect(proxy)
            c.query("BEGIN")
            s = c.prepare("UPDATE journey SET a = ? WHERE id = 1")
            c.execute(s, 5)
            c.close_statement(s)
            c.execute(c.prepare("COMMIT"))
            c.query("BEGIN")
            c.send(0, b"\x1f")  # COM_RESET_CONNECTION
            c.expect_ok()
            c.query("BEGIN /*route='/cart'*/")
            c.query(UPDATE)
            killed = proxy.wait_record(lambda r: r.get("query") == UPDATE, "the update")
            self.server.sql(f"KILL {killed['server_conn_id']}")
            with self.assertRaises((Gone, Refused)):
                for _ in range(100):
                    c.query("SELECT 1")
            c.close()
            records = proxy.settled()
            self.check_sums(records)
            found = [r for r in records if r["event"] == "transaction"]
            self.assertEqual([r["ended"] for r in found], ["commit", "reset_connection", "disconnect"])
            self.assertEqual([r["statement_count"] for r in found[:2]], [3, 1])
            self.assertEqual(found[2]["tags"], {"route": "/cart"})
            self.assertEqual(found[0]["affected_rows"], 1)

    def test_a_deadlock_and_a_lock_wait_timeout(self):
        with self.proxy("--log-conflict-statements=0") as proxy:
            a, b = self.connect(proxy), self.connect(proxy)
            for c, n in ((a, 1), (b, 2)):
                c.query("BEGIN")
                c.query(f"UPDATE journey SET a = a + 1 WHERE id = {n}")
            a.send(0, b"\x03UPDATE journey SET a = a + 1 WHERE id = 2")
            errors = []
            try:
                b.query("UPDATE journey SET a = a + 1 WHERE id = 1")
            except Refused as error:
                errors.append(error.args[0])
            try:
                a.rows()
            except Refused as error:
                errors.append(error.args[0])
            self.assertEqual(errors, [1213])
            a.query("ROLLBACK")
            b.query("ROLLBACK")
            a.query("SET innodb_lock_wait_timeout = 1")
            for c in (a, b):
                c.query("BEGIN")
            b.query(UPDATE)
            with self.assertRaises(Refused):
                a.query(UPDATE)
            for c in (a, b):
                c.query("COMMIT")
                c.quit()
            records = proxy.settled()
            self.check_sums(records)
            found = [r for r in records if r["event"] == "transaction"]
            self.assertEqual(sorted(r["ended"] for r in found), ["commit", "commit", "deadlock", "rollback"])
            victim = next(r for r in found if r["ended"] == "deadlock")
            self.assertEqual((victim["errno"], victim["error_count"], victim["lock_waits"]), (1213, 1, 1))
            waited = next(r for r in found if r.get("errno") == 1205)
            self.assertEqual((waited["ended"], waited["lock_waits"]), ("commit", 1))
            self.assertGreater(waited["lock_wait_us"], 500000)

    def test_formats_filters_and_redaction(self):
        with self.proxy("--log-redact=all") as proxy:
            self.session(proxy, "BEGIN /*route='/secret'*/", UPDATE, "SELECT * FROM journey", "COMMIT")
            self.session(proxy, "BEGIN", "ROLLBACK")
            records = proxy.settled()
            self.check_sums(records)

            def ended(q):
                return [r.split('"ended":"')[1].split('"')[0] for r in proxy.admin(f"/records?format=json&q={q}").decode().splitlines()]
            for q, expected in (("event:transaction", ["commit", "rollback"]), ("event:transaction+rows:3%2B", ["commit"]),
                                ("ended:roll*", ["rollback"]), ("event:transaction+statements:4", ["commit"]),
                                ("event:transaction+trx:1+d:0ms%2B", ["commit", "rollback"]), ("busy_us:1h%2B", []),
                                ("event:transaction+affected:1", ["commit"])):
                self.assertEqual(ended(q), expected, q)
            self.assertNotIn(b"secret", proxy.admin("/records?format=json"))
            text = proxy.admin("/records?format=text&q=event:transaction").decode()
            self.assertRegex(text, r"transaction  commit after \d+\.\d{3} ms: 4 statements, busy \d+\.\d{3} ms, idle \d+\.\d{3} ms, 3 rows, 1 changed")
            self.assertIn("\tended:commit", proxy.admin("/records?format=ltsv&q=event:transaction").decode())
            self.assertEqual(proxy.admin("/records?format=slow&q=event:transaction"), b"")

    def test_off_by_default(self):
        with lab.Proxy(remote=f"127.0.0.1:{self.server.port}") as proxy:
            self.session(proxy, "BEGIN", UPDATE, "COMMIT")
            self.assertEqual([r for r in proxy.settled() if r["event"] == "transaction"], [])


class Scopes(unittest.TestCase):
    """Records of scopes (log.scope_records)."""

    def test_sums_and_ends(self):
        with lab.Proxy("--log-scope-records=10", "--log-scope-idle-ms=1000") as proxy:
            a, b = (RawClient(proxy.port) for _ in range(2))
            a.query("SET @querytap_scope = 'first'")
            a.query("BEGIN")
            b.query("SELECT 1, 2 UNION SELECT 3, 4 /*querytap_scope='pooled'*/")
            a.query("SELECT 1")
            a.query("COMMIT")
            a.query("SELECT 2 /*querytap_scope='pooled'*/")
            b.query("SELECT 3")
            a.query("SET @querytap_scope = 'second'")
            idle = proxy.wait_record(lambda r: r["event"] == "scope" and r["scope"] == "pooled", "the end of a scope")
            self.assertEqual((idle["ended"], idle["session_count"], idle["rows"], idle["statement_count"]), ("idle", 2, 3, 2))
            self.assertNotIn("conn_id", idle)
            a.query("SELECT 4")
            for c in (a, b):
                c.quit()
            records = proxy.settled()
            found = [r for r in records if r["event"] == "scope"]
            for s in found:
                commands = [r for r in records if r["event"] == "query" and r.get("scope") == s["scope"]]
                if s["scope"] != "second":  # which is over after a while, and goes on
                    self.assertEqual(s["busy_us"], sum(r["duration_us"] for r in commands), s)
                    self.assertEqual(s["statement_count"], sum(map(is_statement, commands)), s)
                    self.assertEqual(s["rows"], sum(r.get("rows", 0) for r in commands), s)
                    self.assertEqual(s["ts"], min(r["ts"] for r in commands), s)
            ends = [(r["scope"], r["ended"]) for r in found]
            self.assertIn(("first", "next_scope"), ends)
            self.assertEqual([r["transaction_count"] for r in found if r["scope"] == "first"], [1])
            self.assertEqual(ends[-1], ("second", "disconnect"))
            text = proxy.admin("/records?format=text&q=event:scope+scope:first").decode()
            self.assertRegex(text, r"scope       first: next_scope after \d+\.\d{3} ms: 4 statements, busy .*, 1 session, 1 transaction, 1 row")

    def test_the_end_of_the_proxy(self):
        with lab.Proxy("--log-scope-records=2", "--log-scope-idle-ms=60000") as proxy:
            c = RawClient(proxy.port)
            for n in range(4):
                c.query(f"SELECT {n} /*querytap_scope='s{n}'*/")
            proxy.wait_record(lambda r: r.get("scope") == "s1" and r["event"] == "scope", "an early end")
            proxy.stop()
            self.assertEqual([(r["scope"], r["ended"]) for r in proxy.records("scope")],
                             [("s0", "evicted"), ("s1", "evicted"), ("s2", "shutdown"), ("s3", "shutdown")])
            c.close()


class Groups(unittest.TestCase):
    """querytap tail --group."""

    def tail(self, proxy, *args):
        terminal = Terminal(lab.BINARY, "tail", "--admin", proxy.admin_addr, *args)
        self.addCleanup(terminal.__exit__, None, None, None)
        lab.wait_for(lambda: proxy.counters()["admin_streams"] > 0, "tail to follow")
        return terminal

    def test_transactions_that_interleave(self):
        for setting in ("true", "false"):
            with lab.Proxy(f"--log-transactions={setting}") as proxy:
                terminal = self.tail(proxy, "--group=transaction", "event:query,transaction")
                a, b = (RawClient(proxy.port) for _ in range(2))
                for text in ("BEGIN", "SELECT 11", "COMMIT"):
                    for c in (a, b):
                        c.query(f"{text} /* {'a' if c is a else 'b'} */")
                for c in (a, b):
                    c.query("SELECT 'end'")
                output = terminal.wait_for(lambda o: o if o.count(b"'end'") == 2 else None, "the groups").decode()
                lines = re.sub(r"\033\[\d*m", "", output).replace("\r", "").splitlines()
                head = r"\d\d:\d\d:\d\d\.\d{6} #\d +root@shop +transaction +" + (
                    r"commit after \d+\.\d{3} ms: 3 statements, busy " if setting == "true" else r"1: 3 statements in \d+\.\d{3} ms, busy ")
                heads = [i for i, line in enumerate(lines) if re.match(head, line)]
                self.assertEqual(len(heads), 2, output)
                for i in heads:
                    who = "/* a */" if "/* a */" in lines[i + 1] else "/* b */"
                    for line, text in zip(lines[i + 1:i + 4], ("BEGIN", "SELECT 11", "COMMIT")):
                        self.assertIn(f"{text} {who}", line)
                        self.assertLessEqual(columns(line), 80)
                    self.assertRegex(lines[i + 2], r"^  \+ *\d+\.\d{3} ms  ")
                self.assertIn("\033[", output)
                for c in (a, b):
                    c.quit()

    def test_elsewhere_than_on_a_terminal(self):
        with lab.Proxy() as proxy:
            c = RawClient(proxy.port)
            for text in ("SELECT 1 /*querytap_scope='x'*/", "SELECT 2", "SELECT 3 /*querytap_scope='x'*/"):
                c.query(text)
            tail = subprocess.Popen([lab.BINARY, "tail", "-n", "3", "--group", "scope", "--admin", proxy.admin_addr], stdout=subprocess.PIPE)
            self.addCleanup(tail.stdout.close)
            first = tail.stdout.readline()
            tail.send_signal(signal.SIGINT)
            output = (first + tail.stdout.read()).decode()
            self.assertEqual(tail.wait(), 0)
            self.assertNotIn("\033", output)
            self.assertRegex(output, r"(?s)SELECT 2.*scope x: 2 statements in .*SELECT 1 .*\n  \+ +\d+\.\d{3} ms .*SELECT 3 ")
            c.quit()
            for args in (("--group=x",), ("--group=scope", "--format=json"), ("--group=scope", "--verbose")):
                self.assertEqual(lab.querytap("tail", "--admin", proxy.admin_addr, *args).returncode, 2)


class MariaDB(lab.OnMariaDB, Transactions, unittest.TestCase):
    pass


@unittest.skipUnless(lab.mysql9_root(), "MySQL 9 is not installed: script/mysql9")
class MySQL9(lab.OnMysql9, Transactions, unittest.TestCase):
    pass


if __name__ == "__main__":
    unittest.main()
