"""What statements were sent for: scopes that come with the statement or its session, and statistics by them."""
import json
import shutil
import subprocess
import threading
import time
import unittest
import urllib.error

import pymysql
from pymysql.constants import CLIENT

import lab
from rawclient import RawClient

KEY = "querytap_scope"


def connect(proxy, **keywords):
    return pymysql.connect(host="127.0.0.1", port=proxy.port, user="root", database="shop", autocommit=True,
                           client_flag=CLIENT.MULTI_STATEMENTS, **keywords)


# What sets the variable; the server knows to what.
KNOWN = (
    "SET @querytap_scope = 'a'",
    "SET @QueryTap_Scope := 'b'",
    "set/**/@`querytap_scope`='c'",
    "SET @'querytap_scope' = \"d\"",
    "SET @x = 1, @querytap_scope = 'e', @y = 'f'",
    "SET NAMES utf8mb4, SESSION sql_mode = 'TRADITIONAL', @querytap_scope = 'g'",
    "/*!50000 SET @querytap_scope = 'h' */",
    "/*!99999 SET @querytap_scope = 'not' */ DO 1",
    "SET @querytap_scope = 'it''s \\n \\% \\q' ' two'",
    "SET @querytap_scope = N'n'",
    "SET @querytap_scope = _utf8mb4'é日'",
    "SET @querytap_scope = 17",
    "SET @querytap_scope = -17",
    "SET @querytap_scope = TRUE",
    "SET @x = @querytap_scope",
    "SET @querytap_scope = 'i', @querytap_scope = 'j'",
    "SET @querytap_scope = 'k'; SELECT 1",
    "SELECT ';'; SET @querytap_scope = 'l'; DO 1",
    "SET @querytap_scope = 'm'; SELECT nosuch; SET @querytap_scope = 'never'",
    "SET @querytap_scope = 'never', @@nosuch = 1",
    "SET @querytap_scope = 'never', @y = (SELECT 1 UNION SELECT 2)",
    "SET @querytap_scope = NULL",
    "SET @querytap_scope = 'o'",
    "SET @querytap_scope = ''",
)
# What sets it to something that the text does not show.
UNKNOWN = (
    "SET @querytap_scope = UUID()",
    "SET @querytap_scope = 0x41",
    "SET @querytap_scope = 1 + 1",
    "SET @querytap_scope = 'a' COLLATE utf8mb4_bin",
    "SET @x = (@querytap_scope := 'a')",
    "SET STATEMENT max_statement_time = 10 FOR SET @querytap_scope = 'a'",
    "BEGIN NOT ATOMIC SET @querytap_scope = 'a'; END",
)


class Sources(unittest.TestCase):
    """Where the scope of a statement comes from."""

    def scopes(self, proxy, part):
        """In the order in which the statements began: the log has those of two workers in any order."""
        asked = [r for r in proxy.settled("query") if part in r.get("query", r.get("stmt_prepare_query", ""))]
        return [r.get("scope") for r in sorted(asked, key=lambda r: r["ts"])]

    def test_the_variable_is_what_the_server_says(self):
        with lab.Proxy() as proxy:
            db = connect(proxy)
            c = db.cursor()
            truth = []
            for text in KNOWN:
                try:
                    c.execute(text)
                    while c.nextset():
                        pass
                except pymysql.Error:
                    pass
                c.execute(f"SELECT /*ask*/ CONCAT(@{KEY})")
                truth.append(c.fetchone()[0] or None)
            db.close()
            self.assertEqual(dict(zip(KNOWN, self.scopes(proxy, "ask"))), dict(zip(KNOWN, truth)))
            own = {r["query"]: r.get("scope") for r in proxy.records("query") if r.get("query") in KNOWN}
            self.assertEqual(own, dict(zip(KNOWN, truth)))  # a statement belongs to the scope that it sets

    def test_what_the_text_does_not_show_is_no_scope(self):
        with lab.Proxy() as proxy:
            db = connect(proxy)
            c = db.cursor()
            for text in UNKNOWN:
                c.execute(f"SET @{KEY} = 'before'")
                c.execute(text)
                c.execute("SELECT 1 -- ask")
            db.close()
            self.assertEqual(dict(zip(UNKNOWN, self.scopes(proxy, "ask"))), dict.fromkeys(UNKNOWN))

    def test_a_scope_for_all_statements_without_one(self):
        with lab.Proxy() as proxy:
            one, other = connect(proxy).cursor(), connect(proxy).cursor()
            one.execute("SELECT 'before' -- ask")
            proxy.post("/scopes?do=begin&name=t%3A%3Aone")
            with self.assertRaises(urllib.error.HTTPError) as refused:
                proxy.post("/scopes?do=begin&name=t%3A%3Atwo")
            self.assertEqual(refused.exception.code, 409)
            one.execute("SELECT 'within' -- ask")
            other.execute("SELECT 'other' -- ask")
            other.execute("SELECT 'own' -- ask\n/*querytap_scope='own'*/")
            proxy.post("/scopes?do=end&name=t%3A%3Aone")
            one.execute("SELECT 'after' -- ask")
            one.connection.close()
            other.connection.close()
            self.assertEqual(self.scopes(proxy, "ask"), [None, "t::one", "t::one", "own", None])

    def test_sessions_begin_and_end(self):
        with lab.Proxy() as proxy:
            c = RawClient(proxy.port)
            other = RawClient(proxy.port)
            c.query(f"SET @{KEY} = 'one'")
            other.query("SELECT 'other'")
            statement = c.prepare(f"SET @{KEY} = ?")
            c.execute(statement, b"two")
            c.query("SELECT 'prepared'")
            c.send(0, b"\x1f")  # COM_RESET_CONNECTION
            c.expect_ok()
            c.query("SELECT 'reset'")
            c.query(f"SET @{KEY} = 'three'")
            c.query("SELECT 'three'")
            c.send(0, b"\x11root\0\0shop\0" + b"\x2d\0" + b"mysql_native_password\0")  # COM_CHANGE_USER
            c.seq = 0
            c.expect_ok()
            c.query("SELECT 'changed'")
            c.quit()
            other.quit()
            found = {r["query"].split("'")[1]: r.get("scope") for r in proxy.settled("query") if r.get("query", "").startswith("SELECT '")}
            self.assertEqual(found, {"other": None, "prepared": "two", "reset": None, "three": "three", "changed": None})

    def test_precedence(self):
        with lab.Proxy() as proxy:
            # PyMySQL has no parameter for other attributes
            db = pymysql.connect(host="127.0.0.1", port=proxy.port, user="root", database="shop", defer_connect=True)
            db._connect_attrs[KEY] = "login"
            db.connect()
            c = db.cursor()
            c.execute("SELECT 1")
            c.execute(f"SET @{KEY} = 'variable'")
            c.execute("SELECT 2 /*route='/x'*/")
            c.execute(f"SELECT 3 /*{KEY}='tag%20one'*/")
            c.execute(f"SET @{KEY} = NULL")
            c.execute("SELECT 4")
            db.close()
            self.assertEqual(self.scopes(proxy, "SELECT "), ["login", "variable", "tag one", "login"])
            self.assertIn(b"SELECT 3", proxy.admin("/records?q=scope:tag*"))
            self.assertNotIn(b"SELECT 2", proxy.admin("/records?q=scope:tag*"))

    def test_redaction_keeps_names_and_no_passwords(self):
        with lab.Proxy("--log-redact", "all") as proxy:
            db = connect(proxy)
            c = db.cursor()
            c.execute(f"SET @{KEY} = 'checkout'")
            c.execute("SELECT 'ask'")
            c.execute(f"SELECT 'ask' /*{KEY}='cart',user='bob'*/")
            c.execute(f"SET @{KEY} = 'hush', @password = 'hush'")
            c.execute("SELECT 'ask'")
            c.execute(f"SELECT 'ask' /*{KEY}='mysql://bob:hush@db/shop'*/")
            db.close()
            records = proxy.settled("query")
            self.assertEqual([r.get("scope") for r in records if r.get("digest_text") == "SELECT ?"][:2], ["checkout", "cart"])
            with open(proxy.log_path) as log:
                self.assertNotIn("hush", log.read())


# Sums of a log of JSON Lines, as a reader would make them. $by is the kind of scope, $pause the longest gap in microseconds.
JQ = r"""
def start: (.ts[0:19] + "Z" | fromdate) * 1000000 + (.ts[20:26] | tonumber);
def executes: if .command | IN("COM_QUERY", "COM_STMT_EXECUTE", "COM_STMT_BULK_EXECUTE") then 1 else 0 end;
def has_finding(f): if .findings // [] | any(f) then 1 else 0 end;
def is_of_session: $by | IN("user", "db", "client", "session");
def name: if $by == "user" then .username // ""
          elif $by == "db" then .database // ""
          elif $by == "client" then .client_addr | sub(":[0-9]+$"; "")
          elif $by == "session" then .conn_id | tostring
          elif $by == "scope" then .scope
          elif $by == "trace" then .traceparent | if . then split("-")[1] else null end
          else .tags[$by | ltrimstr("tag.")] end;
reduce (inputs | select(.event == "query")) as $r ({end: {}, out: {}};
    ($r | name) as $name | if $name == null then . else
    (if is_of_session then $r.conn_id | tostring else $name end) as $chain | ($r | start) as $start |
    (.end[$chain] // $start | if . < $start then $start - . else 0 end) as $gap |
    .end[$chain] = ([.end[$chain] // 0, $start + $r.duration_us] | max) |
    .out[$name] = (.out[$name] // {} |
        .count += ($r | executes) |
        .errors += (if $r.errno then 1 else 0 end) |
        .sum_us += $r.duration_us |
        .rows += ($r.rows // 0) |
        .affected_rows += ($r.affected_rows // 0) |
        .duplicates += ($r | has_finding(. == "duplicate")) |
        .n_plus_one += ($r | has_finding(. == "n_plus_one" or . == "in_write_loop")) |
        .between_us += (if $gap <= $pause then $gap else 0 end) |
        .pauses += (if $gap > $pause then 1 else 0 end)) end) | .out
"""
PAUSE_MS = 20
KINDS = ("user", "db", "client", "session", "scope", "trace", "tag.route", "tag.job", "tag.none")


def of_log(proxy, by):
    done = subprocess.run(["jq", "-n", "--arg", "by", by, "--argjson", "pause", str(PAUSE_MS * 1000), JQ, proxy.log_path],
                          capture_output=True, check=True)
    return json.loads(done.stdout)


def of_proxy(proxy, by):
    rows = proxy.json(f"/digests?by={by}&n=1000000")["rows"]
    return {r["name"]: {k: v for k, v in r.items() if k not in ("name", "last_seen")} for r in rows}


def refusal(proxy, path):
    """What the admin port says when it does not serve @p path."""
    try:
        proxy.admin(path)
    except urllib.error.HTTPError as error:
        return error.read()
    return b""


@unittest.skipUnless(shutil.which("jq"), "needs jq")
class Sums(unittest.TestCase):
    """Statistics by scope are what the log adds up to."""

    def request(self, port, number):
        """One request of the application: a list, a statement for each of its rows, a duplicate, an error, a write."""
        db = pymysql.connect(host="127.0.0.1", port=port, user="pw" if number % 3 == 0 else "root", password="secret" if number % 3 == 0 else "",
                             database="shop", autocommit=True)
        c = db.cursor()
        c.execute(f"SET @{KEY} = 'request {number % 4}'")
        trace = f"/*traceparent='00-{number % 5:032x}-00000000000000a1-01',route='/posts/{number % 2}'*/"
        c.execute(f"SELECT id, author FROM scope_post ORDER BY id LIMIT 8 {trace}")
        for _, author in c.fetchall():
            c.execute(f"SELECT name FROM scope_author WHERE id = {author} {trace}")
        for _ in range(3):
            c.execute(f"SELECT COUNT(*) FROM scope_post {trace}")
        if number % 2 == 0:
            time.sleep(2 * PAUSE_MS / 1000)  # what the application does meanwhile
        with self.assertRaises(pymysql.Error):
            c.execute(f"SELECT nosuch /*{KEY}='errors',job='nightly'*/")
        db.select_db("mysql")
        c.execute("UPDATE shop.scope_post SET author = author")
        c.execute("USE shop")
        c.execute("SELECT 1")
        db.close()

    def test_an_application(self):
        with lab.Proxy("--log-scope-pause-ms", str(PAUSE_MS)) as proxy:
            db = connect(proxy)
            db.cursor().execute("CREATE TABLE scope_post (id INT PRIMARY KEY, author INT) AS SELECT seq AS id, seq + 100 AS author FROM seq_1_to_20;"
                                "CREATE TABLE scope_author (id INT PRIMARY KEY, name VARCHAR(20)) AS SELECT seq AS id, 'a' AS name FROM seq_101_to_120")
            raw = RawClient(proxy.port)
            statement = raw.prepare("SELECT id FROM scope_post WHERE id < ?")
            for i in range(5):
                raw.execute(statement, i)
            raw.close_statement(statement)
            threads = [threading.Thread(target=lambda part=part: [self.request(proxy.port, n) for n in range(part, 12, 3)]) for part in range(3)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            raw.quit()
            db.close()
            proxy.settled()
            self.assertEqual(len(of_log(proxy, "scope")), 5)
            for by in KINDS:
                wanted = of_log(proxy, by)
                lab.wait_for(lambda wanted=wanted, by=by: sum(r["count"] for r in of_proxy(proxy, by).values()) ==
                             sum(r["count"] for r in wanted.values()), f"all statements by {by}")
                self.assertEqual(of_proxy(proxy, by), wanted, by)
            users = of_proxy(proxy, "user")
            for column in ("errors", "duplicates", "n_plus_one", "between_us", "pauses"):
                self.assertGreater(users["root"][column], 0, column)
            everything = sum(r["count"] for r in users.values())
            page = proxy.json("/digests?by=scope")
            self.assertEqual(page["without_statements"], everything - sum(r["count"] for r in page["rows"]))
            text = lab.querytap("top", "--by", "tag.route", "count", "--admin", proxy.admin_addr, text=True)
            self.assertRegex(text.stdout, r"(?m)^ +COUNT +ERRORS +TIME +BETWEEN +ROWS +DUP +N\+1 +NAME\n.* /posts/[01]\n.* /posts/[01]$")
            proxy.post("/digests/reset")
            self.assertEqual(proxy.json("/digests?by=user")["rows"], [])

    def test_wrong_requests(self):
        with lab.Proxy() as proxy:
            for query, part in (("by=usr", b"by must be"), ("by=tag.", b"by must be"), ("by=user&sort=p99", b"sort must be"),
                                ("by=user&q=op:select", b"omit it"), ("sort=between", b"add by=")):
                self.assertIn(part, refusal(proxy, f"/digests?{query}"))
            run = lab.querytap("top", "--by", "user", "p99", "--admin", proxy.admin_addr)
            self.assertEqual(run.returncode, 2)
        with lab.Proxy("--log-scopes", "0") as proxy:
            self.assertIn(b"disabled", refusal(proxy, "/digests?by=user"))


class Marks(unittest.TestCase):
    """Records since a moment that has a name."""

    def texts(self, proxy, mark, more=""):
        lines = proxy.admin(f"/records?since={mark}&format=json&{more}").decode().splitlines()
        return [json.loads(line).get("query") for line in lines]

    def test_records_since_a_mark(self):
        with lab.Proxy("--log-marks", "2", "--profile-marks", "1") as proxy:
            c = RawClient(proxy.port)
            other = RawClient(proxy.port)
            for name in ("one", "two", "three"):
                c.query(f"SELECT 'before {name}'")
                proxy.post(f"/marks?name={name}")  # the statement before it may not have been logged yet
                c.query(f"SELECT 'after {name}'")
                other.query("DO 1")
            lab.wait_for(lambda: len(self.texts(proxy, "three")) == 2, "the records after the last mark")
            self.assertEqual(self.texts(proxy, "three"), ["SELECT 'after three'", "DO 1"])
            self.assertEqual(self.texts(proxy, "three", "q=op:select"), ["SELECT 'after three'"])
            self.assertEqual(self.texts(proxy, "two", "n=1"), ["DO 1"])
            self.assertEqual(self.texts(proxy, "two", "q=op:select"), ["SELECT 'after two'", "SELECT 'before three'", "SELECT 'after three'"])
            self.assertIn("SELECT 'before one'", self.texts(proxy, "start"))
            self.assertIn(b"has no mark one", refusal(proxy, "/records?since=one"))  # more than two
            page = proxy.json("/marks")
            self.assertEqual([m["name"] for m in page["log_marks"]], ["two", "three"])
            self.assertEqual([m["name"] for m in page["marks"]], ["start", "three"])
            self.assertRegex(proxy.admin("/marks"), rb"(?s)start.*\nthree .*\nmarks of the log\ntwo .* after record \d+\nthree ")
            tail = subprocess.Popen([lab.BINARY, "tail", "--since", "three", "--admin", proxy.admin_addr, "op:select"], stdout=subprocess.PIPE)
            self.assertIn(b"after three", tail.stdout.readline())
            c.query("SELECT 'later'")
            self.assertIn(b"later", tail.stdout.readline())
            tail.terminate()
            tail.communicate()
            run = lab.querytap("tail", "--since", "nosuch", "--admin", proxy.admin_addr)
            self.assertEqual(run.returncode, 1)
            proxy.post("/marks?name=two")  # set again
            self.assertEqual(self.texts(proxy, "two"), [])
            c.quit()
            other.quit()

    def test_records_that_are_gone(self):
        with lab.Proxy("--log-recent-bytes", "8K") as proxy:
            c = RawClient(proxy.port)
            proxy.post("/marks?name=early")
            for i in range(60):
                c.query(f"SELECT {i}")
            lab.wait_for(lambda: "SELECT 59" in self.texts(proxy, "start"), "the last record")
            first = json.loads(proxy.admin("/records?since=early&format=json").splitlines()[0])
            self.assertEqual(first["event"], "gap")
            c.quit()


class Hostile(unittest.TestCase):
    """Names that an application should not choose."""

    def test_bounds(self):
        with lab.Proxy("--log-scopes", "50", "--log-scope-bytes", "32K", "--log-file", "off") as proxy:
            db = connect(proxy)
            c = db.cursor()
            n = 1000000 if lab.LONG else 600
            for begin in range(0, n, 100):
                for i in range(begin, begin + 100):
                    c.execute(f"DO 1 /*{KEY}='{i}{'x' * (i % 300)}',t{i}='1'*/")
            db.close()
            lab.wait_for(lambda: sum(r["count"] for r in proxy.json("/digests?by=user")["rows"]) >= n, "all statements")
            page = proxy.json("/digests?by=scope&n=1000")
            self.assertLessEqual(page["scopes"], 50)
            self.assertLessEqual(page["bytes"], 32 * 1024)
            self.assertEqual(page["scopes"] + page["evicted"], n)
            self.assertEqual(page["forgotten"]["count"] + sum(r["count"] for r in page["rows"]), n)
            self.assertEqual(proxy.json("/digests?by=tag.t1")["tags_left_out"], n - 16)
            text = proxy.admin("/digests?by=scope")
            self.assertIn(b"were discarded to make room", text)

    def test_odd_names(self):
        names = {"nul": "\0", "control": "a\x1b[31mb\r\n", "direction": "\u202eabc", "long": "y" * 1000000}
        with lab.Proxy() as proxy:
            db = connect(proxy)
            c = db.cursor()
            for name in names.values():
                c.execute(f"SET @{KEY} = %s", (name,))
                c.execute("DO 1")
            c.execute(b"DO 2 /*querytap_scope='a\xff'*/")
            db.close()
            records = [r for r in proxy.settled("query") if r.get("query", "").startswith("DO")]
            self.assertEqual([r["scope"] for r in records][:3], list(names.values())[:3])
            self.assertEqual([len(records[3]["scope"]["text"]) if isinstance(records[3]["scope"], dict) else len(records[3]["scope"])], [256])
            text = proxy.admin("/digests?by=scope")
            for hidden in (b"\0", b"\x1b", b"\r", "\u202e".encode(), b"\xff"):
                self.assertNotIn(hidden, text)
            rows = of_proxy(proxy, "scope")
            self.assertTrue(set(list(names.values())[:3]) <= set(rows), rows)


if __name__ == "__main__":
    unittest.main()
