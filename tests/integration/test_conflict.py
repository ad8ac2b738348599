"""Deadlocks and lock wait timeouts: one record with the statements of all transactions that were open."""
import json
import os
import re
import threading
import unittest

import pymysql

import lab
from rawclient import RawClient

TABLE = ("CREATE OR REPLACE TABLE account (id INT PRIMARY KEY, balance INT, note VARCHAR(80)) ENGINE=InnoDB;"
         "INSERT INTO account VALUES (1, 10, ''), (2, 20, ''), (3, 30, '')")


class Session:
    """A connection with a thread of its own, so that its statement can wait for a lock."""

    def __init__(self, proxy, user="root", database="shop"):
        self.db = pymysql.connect(host="127.0.0.1", port=proxy.port, user=user, database=database)
        self.errors = []
        self.thread = None

    def run(self, *texts):
        for text in texts:
            try:
                self.db.cursor().execute(text)
            except pymysql.err.MySQLError as error:
                self.errors.append(error.args[0])
                return

    def start(self, *texts):
        self.thread = threading.Thread(target=self.run, args=texts)
        self.thread.start()

    def join(self):
        self.thread.join(lab.PATIENCE_S)
        assert not self.thread.is_alive(), "a statement still waits for a lock"


def pay(row):
    return f"UPDATE account SET balance = balance + 1 WHERE id = {row}"


def await_waiting(server, n):
    """Until that many transactions wait for a lock. information_schema.innodb_trx does not tell: it is refreshed only if nobody has read it for
    a tenth of a second."""
    text = "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'"
    lab.wait_for(lambda: int(server.sql(text).split()[-1]) >= n, f"{n} transactions to wait")


def found(proxy):
    """The records of conflicts so far."""
    return [r for r in proxy.records() if r["event"] == {1213: "deadlock", 1205: "lock_wait"}.get(r.get("errno"))]


def conflicts(proxy, n=1):
    proxy.settled()
    return lab.wait_for(lambda: len(found(proxy)) >= n and found(proxy), f"{n} records of conflicts")


def texts(record, role=None):
    return [s.get("query", s.get("stmt_prepare_query")) for s in record["statements"] if role in (None, s["role"])]


def deadlock(server, proxy, before=("BEGIN",), after=("COMMIT",), close=True, **keywords):
    """Two sessions that wait for each other."""
    one, two = Session(proxy, **keywords), Session(proxy, **keywords)
    one.run(*before, pay(1))
    two.run(*before, pay(2))
    one.start(pay(2), *after)
    await_waiting(server, 1)
    two.run(pay(1), *after)
    one.join()
    for s in (one, two) if close else ():
        s.db.close()
    return one, two


class Deadlocks(unittest.TestCase):
    def setUp(self):
        lab.server().sql(TABLE, "shop")

    def check_two(self, record, before="BEGIN"):
        """Each side has its statements in order: the last of one failed, that of the other one was running."""
        self.assertEqual([t["role"] for t in record["transactions"]], ["victim", "holder"])
        victim, holder = record["transactions"]
        self.assertEqual((victim["conn_id"], victim["trx_id"]), (record["conn_id"], record["trx_id"]))
        mine, other = (1, 2) if victim["conn_id"] == 1 else (2, 1)
        self.assertEqual(texts(record, "victim"), [before, pay(mine), pay(other)])
        self.assertEqual(texts(record, "holder"), [before, pay(other), pay(mine)])
        self.assertEqual([s["ts"] for s in record["statements"]], sorted(s["ts"] for s in record["statements"]))
        self.assertEqual([s["state"] for s in record["statements"] if s["role"] == "victim" and "state" in s], ["failed"])
        self.assertEqual([s["state"] for s in record["statements"] if s["role"] == "holder" and "state" in s], ["running"])
        self.assertEqual(record["errno"], 1213)
        for t in record["transactions"]:
            self.assertEqual((t["database"], t["statements"]), ("shop", 3))
            self.assertNotIn("statements_omitted", t)
            self.assertNotIn("statements_overwritten", t)

    def test_two_sessions(self):
        with lab.Proxy() as proxy:
            one, two = deadlock(lab.server(), proxy)
            self.assertEqual(one.errors + two.errors, [1213])
            records = conflicts(proxy)
            self.assertEqual(len(records), 1)
            self.check_two(records[0])
            self.assertEqual(records[0]["username"], "root")
            failed = [r for r in proxy.records("query") if r.get("errno") == 1213]
            for name in ("ts", "conn_id", "conn_seq_num", "trx_id", "digest", "duration_us", "error", "sqlstate", "server_conn_id"):
                self.assertEqual(records[0][name], failed[0][name], name)

    @unittest.skipUnless(lab.mysql9_root(), "MySQL 9 is not installed: script/mysql9")
    def test_two_sessions_of_mysql(self):
        server = lab.Mysql9()
        server.sql(TABLE.replace("CREATE OR REPLACE", "CREATE"), "shop")
        with lab.Proxy(remote=f"127.0.0.1:{server.port}") as proxy:
            one, two = deadlock(server, proxy, user="bare")
            self.assertEqual(one.errors + two.errors, [1213])
            records = conflicts(proxy)
            self.assertEqual(len(records), 1)
            self.check_two(records[0])
            self.assertEqual(records[0]["username"], "bare")

    def test_autocommit_off(self):
        """Here no statement begins the transaction."""
        with lab.Proxy() as proxy:
            deadlock(lab.server(), proxy, before=("SET autocommit = 0",))
            record, = conflicts(proxy)
            self.assertEqual([t["role"] for t in record["transactions"]], ["victim", "holder"])
            self.assertEqual([t["statements"] for t in record["transactions"]], [2, 2])

    def test_three_sessions_in_a_circle(self):
        with lab.Proxy() as proxy:
            sessions = [Session(proxy) for _ in range(3)]
            for i, s in enumerate(sessions):
                s.run("BEGIN", pay(i + 1))
            for i, s in enumerate(sessions[:2]):
                s.start(pay(i + 2), "COMMIT")
                await_waiting(lab.server(), i + 1)
            sessions[2].start(pay(1), "COMMIT")
            for s in sessions:
                s.join()
                s.db.close()
            self.assertEqual(sum((s.errors for s in sessions), []), [1213])
            record, = conflicts(proxy)
            self.assertEqual(sorted(t["role"] for t in record["transactions"]), ["possible_holder", "possible_holder", "victim"])
            for t in record["transactions"]:
                n = t["conn_id"]
                self.assertEqual([s["query"] for s in record["statements"] if s["conn_id"] == n], ["BEGIN", pay(n), pay(n % 3 + 1)])

    def test_two_at_once(self):
        """Two pairs in tables of their own: two records."""
        lab.server().sql(TABLE.replace("account", "other"), "shop")
        with lab.Proxy() as proxy:
            pairs = [(Session(proxy), Session(proxy), table) for table in ("account", "other")]
            for one, two, table in pairs:
                one.run("BEGIN", pay(1).replace("account", table))
                two.run("BEGIN", pay(2).replace("account", table))
                one.start(pay(2).replace("account", table), "COMMIT")
            await_waiting(lab.server(), 2)
            for one, two, table in pairs:
                two.start(pay(1).replace("account", table), "COMMIT")
            for one, two, _ in pairs:
                one.join()
                two.join()
                one.db.close()
                two.db.close()
            records = conflicts(proxy, 2)
            self.assertEqual(len(records), 2)
            for r in records:
                table = "other" if "other" in texts(r, "victim")[-1] else "account"
                self.assertEqual(len([t for t in texts(r, "victim") if table in t]), 2)
                self.assertGreaterEqual(len([t for t in texts(r) if table in t]), 4)

    def test_savepoints_and_what_ends_a_transaction(self):
        """A transaction that has ended is not part of it; a rollback to a savepoint is."""
        with lab.Proxy() as proxy:
            ended = [Session(proxy) for _ in range(3)]
            ended[0].run("BEGIN", "INSERT INTO account VALUES (10, 0, 'ended')", "CREATE OR REPLACE TABLE implicit (a INT)")
            ended[1].run("BEGIN", "INSERT INTO account VALUES (11, 0, 'ended')", "COMMIT AND CHAIN")
            ended[2].run("BEGIN", "INSERT INTO account VALUES (12, 0, 'ended')", "ROLLBACK")
            deadlock(lab.server(), proxy, before=("BEGIN", "SAVEPOINT s", "UPDATE account SET note = 'x' WHERE id = 3 AND id = 4",
                                                  "ROLLBACK TO SAVEPOINT s"), after=("COMMIT",))
            for s in ended:
                s.db.close()
            record, = conflicts(proxy)
            self.assertEqual(len(record["transactions"]), 2)
            self.assertNotIn("ended", json.dumps(record))
            self.assertIn("ROLLBACK TO SAVEPOINT s", texts(record, "victim"))

    def test_xa(self):
        with lab.Proxy() as proxy:
            one, two = Session(proxy), Session(proxy)
            one.run("XA START 'one'", pay(1))
            two.run("XA START 'two'", pay(2))
            one.start(pay(2), "XA END 'one'", "XA ROLLBACK 'one'")
            await_waiting(lab.server(), 1)
            two.run(pay(1), "XA END 'two'", "XA ROLLBACK 'two'")
            one.join()
            one.db.close()
            two.db.close()
            self.assertEqual(one.errors + two.errors, [1213])
            record, = conflicts(proxy)
            self.assertEqual([t["role"] for t in record["transactions"]], ["victim", "holder"])
            self.assertRegex(texts(record, "victim")[0], "^XA START")
            self.assertRegex(texts(record, "holder")[0], "^XA START")
            for role in ("victim", "holder"):
                self.assertEqual([t for t in texts(record, role) if t.startswith("UPDATE")], texts(record, role)[1:3])

    def test_a_single_statement_against_a_transaction(self):
        """A statement outside transactions holds locks, too, while it runs."""
        with lab.Proxy() as proxy:
            one, two, reader = Session(proxy), Session(proxy), Session(proxy)
            one.run("BEGIN", pay(2))
            two.run("SET autocommit = 1")
            two.start("UPDATE account SET note = 'all' ORDER BY id")
            await_waiting(lab.server(), 1)
            reader.run("SET autocommit = 1", "SELECT * FROM account")
            one.run(pay(1), "COMMIT")
            two.join()
            for s in (one, two, reader):
                s.db.close()
            self.assertEqual(one.errors + two.errors, [1213])
            record, = conflicts(proxy)
            self.assertEqual(sorted(t["role"] for t in record["transactions"]), ["holder", "victim"])
            single = next(t for t in record["transactions"] if t["conn_id"] == 2)
            self.assertNotIn("trx_id", single)
            self.assertEqual([s["query"] for s in record["statements"] if s["conn_id"] == 2], ["UPDATE account SET note = 'all' ORDER BY id"])
            self.assertEqual([s["query"] for s in record["statements"] if s["conn_id"] == 1], ["BEGIN", pay(2), pay(1)])


class Timeouts(unittest.TestCase):
    def setUp(self):
        lab.server().sql(TABLE, "shop")

    def time_out(self, proxy, *idle):
        holder, victim = Session(proxy), Session(proxy)
        holder.run("BEGIN", pay(1))
        for s in idle:
            s.run("BEGIN", pay(3))
        victim.run("SET innodb_lock_wait_timeout = 1", "BEGIN", pay(2), pay(1))
        holder.run("COMMIT")
        victim.run("COMMIT")
        self.assertEqual(victim.errors, [1205])
        for s in (holder, victim, *idle):
            s.db.close()

    def test_the_only_other_transaction(self):
        with lab.Proxy() as proxy:
            self.time_out(proxy)
            record, = conflicts(proxy)
            self.assertEqual(record["errno"], 1205)
            self.assertEqual([(t["role"], t["conn_id"]) for t in record["transactions"]], [("victim", 2), ("holder", 1)])
            self.assertEqual(texts(record, "victim"), ["BEGIN", pay(2), pay(1)])
            self.assertEqual(texts(record, "holder"), ["BEGIN", pay(1)])
            self.assertGreater(record["duration_us"], 900000)

    def test_one_of_several(self):
        with lab.Proxy() as proxy:
            self.time_out(proxy, Session(proxy))
            record, = conflicts(proxy)
            self.assertEqual(sorted(t["role"] for t in record["transactions"]), ["possible_holder", "possible_holder", "victim"])

    def test_again_in_the_same_transaction(self):
        """Only the statement was rolled back."""
        with lab.Proxy() as proxy:
            holder, victim = Session(proxy), Session(proxy)
            holder.run("BEGIN", pay(1))
            victim.run("SET innodb_lock_wait_timeout = 1", "BEGIN", pay(2), pay(1))
            victim.run(pay(1))
            holder.db.close()
            victim.db.close()
            records = conflicts(proxy, 2)
            self.assertEqual([texts(r, "victim") for r in records], [["BEGIN", pay(2), pay(1)], ["BEGIN", pay(2), pay(1), pay(1)]])


class Contents(unittest.TestCase):
    def setUp(self):
        lab.server().sql(TABLE, "shop")

    def test_values_and_tags(self):
        """Parameters are typed values; the code line is in the tags."""
        with lab.Proxy() as proxy:
            raw, other = RawClient(proxy.port), Session(proxy)
            raw.query("BEGIN")
            raw.query("UPDATE account SET note = 'x' WHERE id = 1 /*code='shop.py:7'*/")
            other.run("BEGIN", pay(2))
            statement = raw.prepare("UPDATE account SET note = ? WHERE id = ?")
            thread = threading.Thread(target=raw.execute, args=(statement, b"paid", 2))
            thread.start()
            await_waiting(lab.server(), 1)
            other.run("UPDATE account SET note = REPEAT('much', 10) WHERE id = 1", "COMMIT")
            thread.join(lab.PATIENCE_S)
            raw.close()
            other.db.close()
            record, = conflicts(proxy)
            executed = [s for s in record["statements"] if "stmt_prepare_query" in s]
            self.assertEqual([(s["stmt_prepare_query"], s["stmt_execute_values"]) for s in executed],
                             [("UPDATE account SET note = ? WHERE id = ?", ["paid", 2])])
            self.assertEqual([s["tags"] for s in record["statements"] if "tags" in s], [{"code": "shop.py:7"}])

    def test_redaction(self):
        with lab.Proxy("--log-redact", "all") as proxy:
            deadlock(lab.server(), proxy, before=("BEGIN", "UPDATE account SET note = 'secretive' WHERE id = 3 AND id = 4",
                                                  "SELECT PASSWORD('hidden')"))
            record, = conflicts(proxy)
            text = json.dumps(record)
            self.assertNotIn("secretive", text)
            self.assertNotIn("hidden", text)
            self.assertIn("redacted:", text)
            self.assertIn("<secret>", text)
            self.assertLessEqual({"password", "literals"}, set(record["redacted"]))
            for form in ("text", "ltsv", "json"):
                shown = proxy.admin(f"/records?n=1000&event=deadlock&format={form}").decode()
                self.assertIn("account", shown)
                self.assertNotIn("secretive", shown)
                self.assertNotIn("hidden", shown)

    def test_passwords(self):
        with lab.Proxy() as proxy:
            deadlock(lab.server(), proxy, before=("BEGIN", "SELECT PASSWORD('hidden')"))
            record, = conflicts(proxy)
            self.assertIn("SELECT PASSWORD('<secret>')", texts(record))
            self.assertNotIn("hidden", json.dumps(record))

    def test_as_text(self):
        with lab.Proxy() as proxy:
            deadlock(lab.server(), proxy, before=("BEGIN", "SELECT 'two\nlines'"))
            conflicts(proxy)
            lines = proxy.admin("/records?n=1000&event=deadlock&format=text").decode().splitlines()
            self.assertIn("deadlock    deadlock: the server rolled back this transaction  ERROR 1213 (40001): Deadlock found", lines[0])
            self.assertEqual(len(lines), 1 + 2 + 8)
            self.assertRegex(lines[1], r"^    \d\d:\d\d:\d\d\.\d{6} #\d    victim          root@shop from 127.0.0.1:\d+, transaction 1: 4 statements$")
            self.assertRegex(lines[3], r"^    \d\d:\d\d:\d\d\.\d{6} #1    (victim|holder)          BEGIN$")
            self.assertIn("SELECT 'two\\nlines'", lines[4])
            self.assertEqual(sum(line.endswith("ERROR 1213") for line in lines), 1)
            self.assertEqual(sum(line.endswith("  (running)") for line in lines), 1)
            slow = proxy.admin("/records?n=1000&event=deadlock&format=slow").decode()
            self.assertEqual(slow, "")


class Bounds(unittest.TestCase):
    def setUp(self):
        lab.server().sql(TABLE, "shop")

    def test_statements_that_are_omitted_are_counted(self):
        with lab.Proxy("--log-conflict-statements", "3") as proxy:
            deadlock(lab.server(), proxy, before=("BEGIN", "SELECT 1", "SELECT 2", "SELECT 3"))
            record, = conflicts(proxy)
            self.assertEqual([(t["statements"], t.get("statements_omitted")) for t in record["transactions"]], [(3, 3), (3, 3)])
            self.assertEqual(texts(record, "victim")[0], "SELECT 3")

    def test_bytes(self):
        """The statement that failed is there, whatever its size; of others, as many as fit."""
        long = "SELECT '" + "x" * 100000 + "'"
        with lab.Proxy("--log-conflict-bytes", "16K") as proxy:
            deadlock(lab.server(), proxy, before=("BEGIN", *[long] * 9))
            record, = conflicts(proxy)
            self.assertLess(len(json.dumps(record)), 40000)
            for t in record["transactions"]:
                self.assertEqual(t["statements"] + t.get("statements_omitted", 0) + t.get("statements_overwritten", 0), 12)
            cut = [t for t in texts(record) if isinstance(t, dict)]
            self.assertGreater(len(cut), 0)
            self.assertEqual({t["length"] for t in cut}, {len(long)})

    def test_transactions(self):
        with lab.Proxy("--log-conflict-transactions", "4") as proxy:
            idle = [Session(proxy) for _ in range(6)]
            for i, s in enumerate(idle):
                s.run("BEGIN", f"INSERT INTO account VALUES ({100 + i}, 0, '')")
            deadlock(lab.server(), proxy)
            for s in idle:
                s.db.close()
            record, = conflicts(proxy)
            self.assertEqual(len(record["transactions"]) + record["transactions_omitted"], 8)
            self.assertEqual(len(record["transactions"]), 4)
            self.assertEqual(record["transactions"][0]["role"], "victim")
            self.assertEqual({t["role"] for t in record["transactions"]}, {"victim", "possible_holder", "open"})
            mine, other = texts(record, "victim"), texts(record, "possible_holder")
            self.assertEqual((mine[1], mine[2]), (other[2], other[1]))

    def test_statements_that_were_overwritten_are_counted(self):
        with lab.Proxy("--log-recent-bytes", "16K") as proxy:
            other = Session(proxy)
            one, two = Session(proxy), Session(proxy)
            one.run("BEGIN", pay(1))
            two.run("BEGIN", pay(2))
            for row in (1, 2):
                proxy.wait_record(lambda r, row=row: r.get("query") == pay(row), "the statements to be logged")
            other.run(*[f"SELECT {i} AS many_other_statements" for i in range(100)])
            proxy.wait_record(lambda r: r.get("query", "").startswith("SELECT 99"), "the other statements to be logged")
            one.start(pay(2), "COMMIT")
            await_waiting(lab.server(), 1)
            two.run(pay(1), "COMMIT")
            one.join()
            for s in (one, two, other):
                s.db.close()
            record, = conflicts(proxy)
            self.assertEqual([(t["statements"], t["statements_overwritten"]) for t in record["transactions"]], [(1, 2), (1, 2)])

    def test_no_recent_records(self):
        """The transactions are known all the same, and statements that are still running."""
        with lab.Proxy("--log-recent-bytes", "0") as proxy:
            one, two = deadlock(lab.server(), proxy, close=False)
            record = proxy.wait_record(lambda r: r["event"] == "deadlock", "the conflict")
            one.db.close()
            two.db.close()
            victim, holder = record["transactions"]
            self.assertEqual([victim["role"], holder["role"]], ["victim", "holder"])
            self.assertEqual((victim["statements"], victim["statements_overwritten"]), (1, 2))
            self.assertGreaterEqual(holder["statements"] + holder["statements_overwritten"], 3)

    def test_switched_off(self):
        with lab.Proxy("--log-conflict-statements", "0") as proxy:
            one, two = deadlock(lab.server(), proxy)
            self.assertEqual(one.errors + two.errors, [1213])
            proxy.stop()  # which writes what is pending
            self.assertEqual(found(proxy), [])

    def test_errors_that_a_client_raises(self):
        """One record for each, however fast they come; beyond a bound without the statements, which are counted."""
        with lab.Proxy() as proxy:
            s = Session(proxy)
            s.run("BEGIN", pay(1))
            for _ in range(50):
                s.run("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213")
            self.assertEqual(s.errors, [1213] * 50)
            s.db.close()
            proxy.idle()
            lab.wait_for(lambda: len(found(proxy)) == 50, "all conflicts to be written")
            records = found(proxy)
            brief = [r for r in records if "statements" not in r]
            self.assertEqual(len({r["conn_seq_num"] for r in records}), 50)
            self.assertGreater(len(brief), 0)
            for r in brief:
                self.assertRegex(r["info"], "^[0-9]+ statements of the transaction, and all other transactions, are omitted: too many")

    def test_the_proxy_ends_first(self):
        """What is pending is written at the end."""
        with lab.Proxy() as proxy:
            s = Session(proxy)
            s.run("BEGIN", pay(1), "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213")
            proxy.wait_record(lambda r: r.get("errno") == 1213, "the error")
            proxy.stop()
            self.assertEqual([texts(r)[:2] for r in found(proxy)], [["BEGIN", pay(1)]])


if __name__ == "__main__":
    unittest.main()
