"""Filters: of the log, of /records and of `querytap tail`."""
import json
import os
import subprocess
import unittest
import urllib.error
import urllib.parse

import pymysql

import lab


def connect(proxy, user="root", database="shop"):
    return pymysql.connect(host="127.0.0.1", port=proxy.port, user=user, password="secret" if user != "root" else "", database=database,
                           autocommit=True)


def work(proxy):
    """Two users, two schemas, an error, a slow one, a transaction."""
    lab.server().sql("CREATE DATABASE IF NOT EXISTS other; CREATE OR REPLACE USER filtered@'%' IDENTIFIED BY 'secret';"
                     "GRANT ALL ON *.* TO filtered@'%'")
    one, two = connect(proxy), connect(proxy, "filtered", "other")
    for i in range(10):
        one.cursor().execute(f"SELECT {i}, 'of root'")
        two.cursor().execute(f"SELECT {i}, 'of filtered'")
    try:
        two.cursor().execute("SELECT * FROM nowhere")
    except pymysql.err.ProgrammingError:
        pass
    one.cursor().execute("SELECT SLEEP(0.06)")
    one.close()
    two.close()


def queries(records):
    return [r.get("query") for r in records if r["event"] == "query" and r["command"] == "COM_QUERY" and "autocommit" not in r["query"].lower()]


class Log(unittest.TestCase):
    def filtered(self, *flags, complete=2, logs=1):
        with lab.Proxy(*flags) as proxy:
            work(proxy)
            proxy.idle()
            lab.wait_for(lambda: sum(json.loads(line)["event"] == "disconnect" for line in proxy.admin("/records?n=1000&format=json").splitlines())
                         == complete, "both sessions' ends among the recent records")
            counters = proxy.counters()
            everything = len(proxy.admin("/records?n=10000&format=json").splitlines())
            lab.wait_for(lambda: proxy.counters()["log_records"] + proxy.counters()["log_filtered"] == logs * everything,
                         "the log to be written")
            self.assertEqual(counters["log_dropped"], 0)
            return proxy.records()

    def test_user(self):
        found = self.filtered("--filter-user", "filt*")
        self.assertEqual({r["username"] for r in found}, {"filtered"})
        self.assertEqual(len(queries(found)), 11)
        self.assertEqual({r["event"] for r in found}, {"auth", "query", "disconnect"})

    def test_several(self):
        self.assertEqual(queries(self.filtered("--filter-schema", "!other", "--filter-min-duration", "50ms")), ["SELECT SLEEP(0.06)"])
        self.assertEqual(queries(self.filtered("--filter-errors", "1")), ["SELECT * FROM nowhere"])
        self.assertEqual(len(queries(self.filtered("--filter-pattern", "(?i)^select [0-4], 'OF ROOT'", "--filter-event", "query"))), 5)
        self.assertEqual(self.filtered("--filter-client", "192.168.0.0/16"), [])

    def test_sessions_are_sampled_whole(self):
        found = self.filtered("--filter-sample-sessions", "0.5")
        for user, n in (("root", 11), ("filtered", 11)):
            self.assertIn(len([r for r in found if r["event"] == "query" and r["command"] == "COM_QUERY" and r["username"] == user
                               and "autocommit" not in r["query"].lower()]), (0, n))

    def test_from_a_file(self):
        path = os.path.join(lab.FOLDER, "filters.cfg")
        with open(path, "w") as f:
            f.write('filter = { user = "filtered"; errno = "1146"; };\n')
        self.assertEqual(queries(self.filtered("-c", path)), ["SELECT * FROM nowhere"])

    def test_expression(self):
        self.assertEqual(queries(self.filtered("--log-filter", "err or d:50ms+ not cmd:quit")), ["SELECT * FROM nowhere", "SELECT SLEEP(0.06)"])
        self.assertEqual(queries(self.filtered("--log-filter", "table:nowhere")), ["SELECT * FROM nowhere"])
        self.assertEqual(len(queries(self.filtered("--log-filter", '(user:filt* or re:"^SELECT [0-4], .of root") not err'))), 15)

    def test_expression_of_one_log(self):
        other = os.path.join(lab.FOLDER, "expression.jsonl")
        path = os.path.join(lab.FOLDER, "expression.cfg")
        with open(path, "w") as f:
            f.write(f'log = {{ filter = "user:root"; }};\nlogs = ( {{ file = "{other}"; filter = "err"; }} );\n')
        self.assertEqual({r["username"] for r in self.filtered("-c", path, logs=2)}, {"root"})
        with open(other) as f:
            self.assertEqual([json.loads(line)["query"] for line in f], ["SELECT * FROM nowhere"])

    def test_wrong_ones(self):
        for flag, value, message in (("--filter-pattern", "(", "filter.pattern: missing closing parenthesis at offset 1"),
                                     ("--filter-client", "10.0.0.0/40", "filter.client: '10.0.0.0/40' is neither an address nor a network"),
                                     ("--filter-sample", "2", "filter.sample must be a fraction from 0 to 1"),
                                     ("--log-filter", "err usr:a", "log.filter: column 5: 'usr' is not a term; did you mean 'user'?")):
            run = lab.querytap("proxy", flag, value, "-l", "127.0.0.1:0", "--admin", "off")
            self.assertEqual(run.returncode, 2)
            self.assertIn(message, str(run.stderr))

    def test_a_pattern_without_end_stalls_nobody(self):
        with lab.Proxy("--filter-pattern", "(a+)+$") as proxy:
            db = connect(proxy)
            for _ in range(20):
                db.cursor().execute("SELECT 1 -- " + "a" * 5000 + "b")
            db.close()
            # it can't be decided in time: the statements do not match, which is counted, and it is reported once
            lab.wait_for(lambda: proxy.counters()["log_undecided"] == 20, "the statements to be counted")
            found = [json.loads(line) for line in proxy.admin("/records?n=100&format=json&event=query").splitlines()]
            self.assertLess(max(r["duration_us"] for r in found), 1000000)
            self.assertEqual(proxy.stderr().count(b"a pattern takes too long"), 1)


class Undecided(unittest.TestCase):
    def test_long_statements_are_counted(self):
        with lab.Proxy("--filter-pattern", "needle") as proxy:
            db = connect(proxy)
            for text in ("SELECT 'needle'", "SELECT 'hay'", "SELECT '" + 20000 * "y" + "', 'needle'", "SELECT '" + 20000 * "z" + "'"):
                db.cursor().execute(text)
            db.close()
            proxy.idle()
            lab.wait_for(lambda: proxy.counters()["log_undecided"] == 2, "the long statements to be looked at")
            lab.wait_for(lambda: proxy.counters()["log_records"] == 1, "the log to be written")
            self.assertEqual([r["query"][8] for r in proxy.records("query")], ["n"])
            counters = proxy.counters()
            self.assertEqual((counters["log_undecided"], counters["logs"][0]["undecided"]), (2, 2))


class Admin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.proxy = lab.Proxy()
        work(cls.proxy)
        cls.proxy.settled()

    @classmethod
    def tearDownClass(cls):
        cls.proxy.stop()

    def found(self, **parameters):
        path = "/records?format=json&" + urllib.parse.urlencode({"n": 1000, **parameters})
        return [json.loads(line) for line in self.proxy.admin(path).splitlines()]

    def test_records(self):
        self.assertEqual(queries(self.found(user="filtered", errors=1)), ["SELECT * FROM nowhere"])
        self.assertEqual(queries(self.found(pattern="'of root'", n=3)), [f"SELECT {i}, 'of root'" for i in (7, 8, 9)])
        digest = [r for r in self.found(pattern="of root")][0]["digest"]
        self.assertEqual(len(self.found(digest=digest[:8])), 20)
        self.assertEqual(len(self.found(digest=digest, schema="shop")), 10)
        self.assertEqual(self.found(user="nobody"), [])

    def test_expressions(self):
        """The same statements by an expression and by the server's or the older filters' word."""
        self.assertEqual(self.found(q="user:filtered err"), self.found(user="filtered", errors=1))
        self.assertEqual(queries(self.found(q="\"'OF ROOT'\"", n=3)), [f"SELECT {i}, 'of root'" for i in (7, 8, 9)])
        self.assertEqual(len(queries(self.found(q="op:select not table:nowhere d<50ms"))), 20)
        self.assertEqual(self.found(q="db:shop err"), [])
        logins = self.found(q="event:auth")
        self.assertEqual(len(logins), 2)
        self.assertEqual(len(queries(self.found(q="attr._client_name:pymysql user:root event:query"))), 11)

    def test_tail_with_an_expression(self):
        process = subprocess.Popen([lab.BINARY, "tail", "--admin", self.proxy.admin_addr, "-n", "1000", "--format", "json",
                                    "err:1146", "(table:nowhere", "or", "db:x)"], stdout=subprocess.PIPE)
        try:
            self.assertEqual(json.loads(process.stdout.readline())["query"], "SELECT * FROM nowhere")
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()

    def test_tail_into_a_file_by_mistake(self):
        """tail d>100ms without quotes writes to a file."""
        path = os.path.join(lab.FOLDER, "100ms")
        with open(path, "w") as out:
            process = subprocess.Popen([lab.BINARY, "tail", "--admin", self.proxy.admin_addr, "d"], stdout=out, stderr=subprocess.PIPE)
            try:
                self.assertIn(b"write d:100ms+ instead of d>100ms", process.stderr.readline())
            finally:
                process.terminate()
                process.wait()
                process.stderr.close()

    def test_wrong_ones(self):
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.found(min_duration="soon")
        self.assertEqual(caught.exception.code, 400)
        self.assertIn("min_duration: a time is expected here", caught.exception.read().decode())

    def test_tail(self):
        process = subprocess.Popen([lab.BINARY, "tail", "--admin", self.proxy.admin_addr, "-n", "1000", "--format", "json", "--user", "filtered",
                                    "--errno", "1146,1064", "--pattern", "FROM (no|some)where"], stdout=subprocess.PIPE)
        try:
            self.assertEqual(json.loads(process.stdout.readline())["query"], "SELECT * FROM nowhere")
            db = connect(self.proxy, "filtered", "other")
            for text in ("SELECT 1", "SELECT * FROM elsewhere", "SELECT * FROM somewhere"):
                try:
                    db.cursor().execute(text)
                except pymysql.err.ProgrammingError:
                    pass
            db.close()
            self.assertEqual(json.loads(process.stdout.readline())["query"], "SELECT * FROM somewhere")
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()
        run = lab.querytap("tail", "--admin", self.proxy.admin_addr, "--errno", "x")
        self.assertEqual(run.returncode, 2)


if __name__ == "__main__":
    unittest.main()
