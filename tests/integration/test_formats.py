"""The log's formats: each says the same, and the programs that they are made for read them."""
import collections
import copy
import json
import os
import re
import shutil
import socket
import unittest

import lab
from rawclient import RawClient

try:
    import pymysql
except ImportError:
    pymysql = None
try:
    import jsonschema
except ImportError:
    jsonschema = None

SCHEMA = os.path.join(lab.TOP, "etc", "querytap-record.schema.json")
with open(SCHEMA, encoding="utf8") as _f:
    FLAGS = {name for name, field in json.load(_f)["properties"].items() if "enum" in field.get("items", ())}
RECENT = "64M"
# Statements that would end an entry of a slow query log, forge one or vanish in one, if they were written as they are.
NASTY = ["SELECT 1;\n# User@Host: evil[evil] @ nowhere []  Id: 1\n# Query_time: 99  Lock_time: 0  Rows_sent: 0  Rows_examined: 0\nSELECT 2",
         "# Time: 2026-01-01T00:00:00Z\nSELECT 'forged'", "#", "use shop", "USE shop", "SET timestamp=1", "SET  timestamp = 2",
         "SET insert_id=5", "SELECT ';\n#'", "SELECT 'a\n# administrator command: Quit;\n#'", "\n\n  SELECT 3 ;;\n",
         "SELECT 'mysqld, Version: 8.0 started with:'", "SELECT '\nTime                 Id Command    Argument\nTcp port: 3306'",
         "Time Id Command Argument", "/usr/sbin/mysqld, Version: 1 started with:", "", ";", "SELECT 4 -- end", "SELECT 5 # end",
         "SELECT 'administrator command: Quit'", "/* a comment */ SELECT 6", "SELECT 'it''s', \"x\\\"y\", 'back\\\\slash'"]
PHP = r"""mysqli_report(MYSQLI_REPORT_OFF); $m = new mysqli('127.0.0.1', 'root', '', 'shop', %PORT%); $m->set_charset('utf8mb4');
$s = $m->prepare('SELECT ? AS a, ? AS b, ? AS c, "?" /* ? */'); $n = null;
foreach (["it's", "a\nb\\", "\xff\x00", "\x1b[31m", "# no", ";\n#", "caf\u{e9}", "", str_repeat("long ", 2000)] as $i => $text) {
    $s->bind_param('sid', $text, $i, $f); $f = $i / 2; $s->execute(); $s->get_result()->fetch_all(); }
$s->bind_param('sid', $n, $n, $n); $s->execute(); $s->get_result()->fetch_all();
$m->prepare('SELECT FROM nowhere'); $m->multi_query('SELECT 1 AS x; SELECT 2, 3; DO 1'); do { if ($r = $m->store_result()) $r->free(); }
while ($m->more_results() && $m->next_result());
$m->query("SELECT X'00ff', 1.5, NULL, 'text'"); $m->query('SELECT * FROM nowhere'); $m->change_user('root', '', 'shop'); $m->close();"""


def mixed(proxy):
    """Statements of all kinds, by several clients."""
    db = pymysql.connect(host="127.0.0.1", port=proxy.port, user="root", database="shop", charset="utf8mb4",
                         program_name="formats")
    cursor = db.cursor()
    for text in NASTY:
        try:
            cursor.execute(text)
        except pymysql.err.MySQLError:
            pass
    db.ping()
    db.select_db("mysql")
    cursor.execute("SELECT 'of another database'")
    db.close()
    done = lab.run("php", "-r", PHP.replace("%PORT%", str(proxy.port)))
    assert done.returncode == 0 and not done.stderr, (done.stdout, done.stderr)
    lab.client(proxy.port, "-e", "SELECT 'tab\there', 'back\\\\slash'; SELECT 1 UNION SELECT 2")
    c = RawClient(proxy.port)
    c.query(b"SELECT '\xff\xfe is no UTF-8'")
    c.send(0, b"\x0e")
    c.read()
    c.quit()


def sysbench(proxy, *args):
    done = lab.run("sysbench", "oltp_read_write", "--mysql-host=127.0.0.1", f"--mysql-port={proxy.port}", "--mysql-user=root",
                   "--mysql-db=shop", "--tables=1", "--table-size=100", "--threads=2", "--mysql-ssl=off", *args)
    assert done.returncode == 0, done.stdout + done.stderr


def records(proxy, form, n=1000000):
    return proxy.admin(f"/records?n={n}&format={form}")


def json_records(proxy):
    return [json.loads(line) for line in records(proxy, "json").splitlines()]


# --- LTSV

def unescape(text):
    return re.sub(r"\\(x..|.)", lambda m: chr(int(m[1][1:], 16)) if m[1][0] == "x" else {"t": "\t", "n": "\n"}.get(m[1], m[1]),
                  text)


def read_ltsv(line, like):
    """A line as the object that JSON has of it; @p like tells what is text."""
    fields = {}
    for pair in line.split("\t"):
        label, value = pair.split(":", 1)
        value = unescape(value)
        kind = like.get(label)
        if label in FLAGS:
            fields[label] = value.split(",") if value else []
        elif isinstance(kind, (int, list, dict)):
            fields[label] = json.loads(value)
        else:
            fields[label] = value
    return fields


# --- the slow query log

def literal(value):
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
    return "NULL" if value is None else str(value)


def statement(record):
    """What the slow query log should have of it; None if there are values that are not that simple."""
    if record["command"] == "COM_QUERY":
        return record["query"].lstrip(" \t\n\r").rstrip(" \t\n\r;") or "/* No query */"
    if record["command"] != "COM_STMT_EXECUTE":
        names = {"COM_STMT_PREPARE": "Prepare", "COM_STMT_CLOSE": "Close stmt", "COM_QUIT": "Quit", "COM_INIT_DB": "Init DB",
                 "COM_PING": "Ping", "COM_CHANGE_USER": "Change user", "COM_SET_OPTION": "Set option"}
        return "# administrator command: " + names[record["command"]]
    parts = record["stmt_prepare_query"].split("?")
    values = record.get("stmt_execute_values", [])
    if len(parts) != len(values) + 1:
        return None
    return "".join(part + (literal(values[i]) if i < len(values) else "") for i, part in enumerate(parts))


def as_summed_up(text):
    """As mysqldumpslow shows a statement."""
    text = re.sub(r"^[ \t]*\n", "", text + "\n", flags=re.M)
    text = re.sub(r"^[ \t]*", "  ", text.removesuffix("\n"), flags=re.M)
    return re.sub(r"\s*;\s*(#\s*)?$", "", text)


def mysqldumpslow(path):
    done = lab.run("mysqldumpslow", "-a", path)
    assert done.returncode == 0, done.stderr
    found = collections.Counter()
    entries = re.split(r"^(Count: .*)\n", done.stdout.decode(), flags=re.M)[1:]
    for head, text in zip(entries[::2], entries[1::2]):
        found[text.removesuffix("\n\n")] += int(head.split()[1])
    return found, [re.findall(r"[\w ]+=[^,]*|\S+@\S+", head) for head in entries[::2]]


def digest(path, kind):
    done = lab.run("pt-query-digest", "--type", kind, "--limit", "1000000", "--output", "json", path)
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    return json.loads(text[text.index("{"):])


def counts(report):
    return collections.Counter({c["fingerprint"].strip(): c["query_count"] for c in report["classes"]})


@unittest.skipUnless(pymysql, "no PyMySQL")
class Formats(unittest.TestCase):
    maxDiff = None

    def write(self, name, data):
        path = os.path.join(lab.FOLDER, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def test_ltsv_says_what_json_says(self):
        with lab.Proxy("--log-recent-bytes", RECENT, "--log-rows", "2", "--hex") as proxy:
            mixed(proxy)
            proxy.settled()
            of_json = json_records(proxy)
            lines = records(proxy, "ltsv").decode().split("\n")
        self.assertEqual(lines.pop(), "")
        self.assertEqual(len(lines), len(of_json))
        self.assertGreater(len(lines), 200)
        self.assertTrue(any("query_hex" in r for r in of_json) and any("packet_bytes" in r for r in of_json))
        for line, record in zip(lines, of_json):
            self.assertNotRegex(line, r"[\x00-\x08\x0a-\x1f\x7f]")
            self.assertEqual(list(read_ltsv(line, record).items()), list(record.items()), line)  # the order too

    @unittest.skipUnless(shutil.which("mysqldumpslow"), "no mysqldumpslow")
    def test_mysqldumpslow_counts_the_same(self):
        with lab.Proxy("--log-recent-bytes", RECENT) as proxy:
            mixed(proxy)
            sysbench(proxy, "prepare")
            sysbench(proxy, "--events=30", "run")
            proxy.settled()
            of_json = [r for r in json_records(proxy) if r["event"] == "query"]
            path = self.write("mysqldumpslow.log", records(proxy, "slow"))
        expected = collections.Counter()
        others = 0  # a statement whose literals are not that simple
        for record in of_json:
            text = statement(record)
            if text is None or "\x1b" in text or "\ufffd" in text:
                others += 1
            else:
                expected[as_summed_up(text)] += 1
        found, heads = mysqldumpslow(path)
        self.assertEqual(sum(found.values()), len(of_json))
        self.assertEqual({t: n for t, n in expected.items() if found[t] != n}, {})
        self.assertEqual(sum((found - expected).values()), others)
        self.assertGreater(len(of_json), 600)
        self.assertFalse(any("evil" in " ".join(head) for head in heads))  # a forged user
        self.assertTrue(all("root[root]@127.0.0.1" in " ".join(head) for head in heads), heads)

    @unittest.skipUnless(shutil.which("pt-query-digest"), "no pt-query-digest")
    def test_pt_query_digest_counts_the_same(self):
        with lab.Proxy("--log-recent-bytes", RECENT) as proxy:
            mixed(proxy)
            sysbench(proxy, "prepare")
            sysbench(proxy, "--events=30", "run")
            proxy.settled()
            of_json = [r for r in json_records(proxy) if r["event"] == "query"]
            path = self.write("pt.log", records(proxy, "slow"))
        report = digest(path, "slowlog")
        self.assertEqual(report["global"]["query_count"], len(of_json))
        measures = report["global"]["metrics"]
        for name, field in (("Rows_sent", "rows"), ("Rows_affected", "affected_rows"), ("Bytes_sent", "bytes_received"),
                            ("Bytes_received", "bytes_sent")):
            self.assertEqual(int(measures[name]["sum"]), sum(r.get(field, 0) for r in of_json), name)
        self.assertAlmostEqual(float(measures["Query_time"]["sum"]), sum(r["duration_us"] for r in of_json) / 1e6, places=4)
        self.assertEqual(int(measures["No_index_used"]["cnt"]),
                         sum("no_index_used" in r.get("status_flags", ()) for r in of_json))
        # each group: the same statements one a line, from JSON; on one line, a comment would swallow what follows it
        plain = [r for r in of_json if "COM_QUERY" == r["command"] or "COM_STMT_EXECUTE" == r["command"]]
        lines = [r.get("query", r.get("stmt_prepare_query")).strip(" \t\r\n;").replace("\n", " ") for r in plain]
        simple = [i for i, line in enumerate(lines) if line and not re.search(r"--|#|/\*|^.?use |\\|['\"]", line, re.I)]
        self.assertGreater(len(simple), 500)
        of_lines = counts(digest(self.write("pt.raw", "".join(lines[i] + "\n" for i in simple).encode()), "rawlog"))
        found = counts(report)
        self.assertEqual({t: (n, found[t]) for t, n in of_lines.items() if found[t] < n}, {})
        for name in ("Prepare", "Quit", "Ping", "Init DB", "Close stmt"):
            self.assertEqual(found[f"administrator command: {name}"],
                             sum(statement(r) == f"# administrator command: {name}" for r in of_json), name)
        self.assertEqual({c["metrics"]["user"]["value"] for c in report["classes"]}, {"root"})
        self.assertEqual({c["metrics"]["host"]["value"] for c in report["classes"]}, {"127.0.0.1"})
        times = [c["ts_min"] for c in report["classes"]]
        self.assertEqual(min(times), min(r["ts"] for r in of_json).removesuffix("Z"))

    def test_slow_entries_can_be_run_again(self):
        """What stands for an executed statement is a statement with the same result."""
        with lab.Proxy("--log-recent-bytes", RECENT, "--log-rows", "1", "--limits-value-bytes", "64K") as proxy:
            mixed(proxy)
            proxy.settled()
            rows = [r["first_rows"][0] for r in json_records(proxy)
                    if r.get("command") == "COM_STMT_EXECUTE" and r.get("first_rows")]
            entries = re.findall(r"^SET timestamp=\d+;\n(SELECT .* AS a, .*);$", records(proxy, "slow").decode(), re.M)
        self.assertEqual(len(entries), len(rows))
        self.assertEqual(len(rows), 10)
        db = pymysql.connect(host="127.0.0.1", port=lab.server().port, user="root", charset="utf8mb4")
        cursor = db.cursor()
        for entry, row in zip(entries, rows):
            cursor.execute(entry)
            value = cursor.fetchone()[0]
            if isinstance(row[0], dict):
                value = value if isinstance(value, bytes) else value.encode("latin1")
                self.assertEqual(value.hex(), row[0]["hex"])
            else:
                self.assertEqual(value.decode() if isinstance(value, bytes) else value, row[0], entry)
        db.close()

    def test_formats_in_a_file(self):
        """What a format has nothing to say of is written, not missing."""
        for form, first in (("slow", "# User@Host: root"), ("ltsv", "ts:2"), ("text", "")):
            with self.subTest(form), lab.Proxy("--format", form) as proxy:
                for _ in range(50):
                    socket.create_connection(("127.0.0.1", proxy.port)).close()
                lab.client(proxy.port, "-e", "SELECT 'here'")
                proxy.idle()
                last = lab.wait_for(lambda: len(json_records(proxy)) >= 155 and len(json_records(proxy)), "the records")
                lab.wait_for(lambda: proxy.counters()["log_records"] == last, "the log to be written")
                self.assertEqual(proxy.counters()["log_dropped"], 0)
                with open(proxy.log_path, encoding="utf8") as f:
                    log = f.read()
                self.assertTrue(log.startswith(first), log[:200])
                self.assertIn("SELECT 'here'", log)
                self.assertEqual(form == "slow", "disconnect" not in log)

    @unittest.skipUnless(pymysql, "no PyMySQL")
    def test_text_lines_can_be_run_again(self):
        """A statement that is copied from a line of text gives what it gave when it was sent."""
        sent = ["SELECT 'a\n  b\t c\r\n',\n\t\"d\n\"", "SELECT seq FROM seq_1_to_9 -- note\nWHERE seq = 3", "SELECT 1 # a */ +\n + 1",
                "SELECT 'a\\\nb', 'c\\\\\nd', 'it''s\n', '\b\x1a'", "SELECT 1 #! 50000 + 1\n", "SELECT 1 #!50000 + 1\n+ 2",
                "SELECT 5 --\n- 2", "SELECT '-- x\n', 'y # z\n' -- 'end\n", "SELECT /* a\n */ 7\n-- b\n-- c\n, 8", "SELECT 1--\n+1",
                "SELECT /*!40000 1 -- x\n + */ 2", "SELECT 1\n # 'quote\n, 'x' -- it's\n, 'y'", "SELECT 'tab\there', 1\v+\f1",
                "SELECT 'bell\x07', 'del\x7f' 'joined\n', 'zero\u200bwidth'", "SELECT 'a' 'b\x01' \"c\", 'd\n' 'e'", "SELECT '\u202e', n'\u200b', _latin1'x\x01'",
                "SELECT 'a\\%\x01', 'quote''s\x02*/', '\x85', '\u2028', '\U0001f468\u200d\U0001f469'", "SELECT 1 AS `a\nb`, '\n' AS `c\x01d`",
                "SELECT seq AS `tab\there*/`, '\x01\n' AS v FROM seq_1_to_2 -- note\nWHERE seq = 1", "SELECT 1 AS a\u200bb", "SELECT @`a\nb` AS u"]

        def outcome(cursor, text):
            cursor.execute(text)
            while cursor.nextset():  # of dynamic SQL, the last result counts
                pass
            return ([c[0] for c in cursor.description] if " AS " in text else None), cursor.fetchall()
        for mode in ("", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES"):
            with self.subTest(mode), lab.Proxy("--log-recent-bytes", RECENT) as proxy:
                def connect(port):
                    db = pymysql.connect(host="127.0.0.1", port=port, user="root", database="shop", charset="utf8mb4",
                                         client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS)
                    cursor = db.cursor()
                    cursor.execute(f"SET sql_mode = '{mode}'")
                    return cursor
                cursor, direct, expected = connect(proxy.port), connect(lab.server().port), []
                for text in sent:
                    if mode != "ANSI_QUOTES" or '"' not in text:
                        expected.append(outcome(cursor, text))
                cursor.connection.close()
                proxy.settled("query")
                lines = re.findall(r" rows?  ((?:SELECT|/\* SELECT) .*)", records(proxy, "text").decode())
                found = [outcome(direct, line) for line in lines]
                direct.connection.close()
                self.assertEqual(found, expected, lines)

    def test_verbose(self):
        with lab.Proxy("--format", "text", "--log-verbose", "--log-rows", "2") as proxy:
            lab.client(proxy.port, "-e", "SELECT 1 AS one, 'x' AS two UNION SELECT 22, NULL")

            def log():
                with open(proxy.log_path, encoding="utf8") as f:
                    return f.read()
            found = lab.wait_for(lambda: "disconnect" in log() and log(), "the log to be written")
            again = proxy.admin("/records?verbose=1").decode()
            tail = lab.querytap("tail", "--admin", proxy.admin_addr, "--format", "nonsense")
        self.assertIn("    result      one  two\n                ───  ────\n                  1  'x'\n                 22  NULL\n", found)
        self.assertEqual(found, again)
        self.assertEqual(tail.returncode, 2)

    def test_the_admin_port_has_them_all(self):
        with lab.Proxy("--log-recent-bytes", "64K") as proxy:
            lab.client(proxy.port, "-e", "SELECT 'here'")
            proxy.settled()
            for form, mark in (("ltsv", b"\tquery:SELECT 'here'"), ("slow", b"\nSELECT 'here';\n"), ("text", b"  SELECT 'here'\n"),
                               ("json", b'"query":"SELECT \'here\'"')):
                with self.subTest(form):
                    self.assertIn(mark, records(proxy, form))
                    follower = lab.subprocess.Popen(
                        [lab.BINARY, "tail", "-n", "100", "--admin", proxy.admin_addr, "--format", form], stdout=lab.subprocess.PIPE)
                    seen = b""
                    while mark not in seen:
                        more = follower.stdout.read1(65536)
                        self.assertNotEqual(more, b"", seen)
                        seen += more
                    follower.terminate()
                    follower.wait(lab.PATIENCE_S)
                    follower.stdout.close()
            with self.assertRaises(lab.urllib.error.HTTPError) as refused:
                records(proxy, "xml")
            self.assertEqual(refused.exception.code, 400)
            refused.exception.close()
            stages = lab.querytap("stages", "--admin", proxy.admin_addr, "--format", "slow")
            self.assertEqual(stages.returncode, 2)
            self.assertIn(b"--format must be text or json", stages.stderr)
            # what was overwritten is told in each of them
            for _ in range(3):
                lab.client(proxy.port, "-e", "SELECT 'more';" * 200)
            proxy.settled()
            n = proxy.counters()["log_records"] - 1
            self.assertEqual(json.loads(records(proxy, "json", n).split(b"\n")[0])["event"], "gap")
            self.assertRegex(records(proxy, "ltsv", n), rb"^ts:\S+\tevent:gap\t")
            self.assertRegex(records(proxy, "slow", n), rb"# administrator command: Gap \(\d+ records are missing here\);\n")


@unittest.skipUnless(jsonschema and pymysql, "no jsonschema or no PyMySQL")
class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(SCHEMA, encoding="utf8") as f:
            schema = json.load(f)
        jsonschema.Draft202012Validator.check_schema(schema)
        cls.validator = jsonschema.Draft202012Validator(schema)

    def test_it_is_what_the_program_prints(self):
        with open(SCHEMA, "rb") as f:
            self.assertEqual(lab.querytap("schema").stdout, f.read())

    def test_records_of_all_kinds_are_valid(self):
        found = []
        with lab.Proxy("--hex", "--log-rows", "2", "--log-recent-bytes", RECENT, "--limits-value-bytes", "100",
                       "--limits-query-bytes", "200", expect_lint=True) as proxy:
            mixed(proxy)
            sysbench(proxy, "prepare")
            c = RawClient(proxy.port)
            c.send(0, b"\x0e\0")  # a ping with more than it may have
            c.read()
            c.quit()
            lab.client(proxy.port, "-e", "SELECT 1", user="nobody", password="wrong")
            found += proxy.settled()
        with lab.Proxy("--log-recent-bytes", "64K", "--remote", "127.0.0.1:1", expect_opaque=True) as proxy:
            for _ in range(100):
                lab.client(proxy.port, "-e", "SELECT 1")
            found += proxy.settled()
            n = proxy.counters()["log_records"] - 1
            found += [json.loads(line) for line in records(proxy, "json", n).splitlines()]
        events = {r["event"] for r in found}
        self.assertGreaterEqual(events, {"auth", "connect", "disconnect", "gap", "lint", "packet", "query"}, events)
        for field in ("query_hex", "query_length", "stmt_execute_values", "connect_attributes", "results", "first_rows", "errno",
                      "packet_bytes", "status_flags", "client_capabilities", "rule", "dropped"):
            self.assertTrue(any(field in r for r in found), field)
        for record in found:
            self.validator.validate(record)

    def test_a_wrong_record_is_not_valid(self):
        with lab.Proxy("--log-rows", "1") as proxy:
            lab.client(proxy.port, "-e", "SELECT 1, 'x'")
            record = [r for r in proxy.settled("query") if "first_rows" in r][-1]
        self.validator.validate(record)

        def wrong(**fields):
            other = {k: v for k, v in {**copy.deepcopy(record), **fields}.items() if v is not None}
            return not self.validator.is_valid(other)
        self.assertFalse(wrong(query="SELECT 2"))
        self.assertTrue(wrong(nonsense=1))
        self.assertTrue(wrong(ts=None))
        self.assertTrue(wrong(ts="2026-01-02 03:04:05"))
        self.assertTrue(wrong(event="else"))
        self.assertTrue(wrong(conn_id="1"))
        self.assertTrue(wrong(conn_id=None))
        self.assertTrue(wrong(rows=-1))
        self.assertTrue(wrong(duration_us=1.5))
        self.assertTrue(wrong(duration_us=None))
        self.assertTrue(wrong(query=5))
        self.assertTrue(wrong(query_hex="abc"))
        self.assertTrue(wrong(rows_hex="ab"))
        self.assertTrue(wrong(status_flags=["nonsense"]))
        self.assertTrue(wrong(status_flags="autocommit"))
        self.assertTrue(wrong(first_rows=[1]))
        self.assertTrue(wrong(first_rows=[[{"hexa": "00"}]]))
        self.assertTrue(wrong(stmt_execute_values=[{"text": "cut"}]))
        self.assertTrue(wrong(query_attributes=[1]))
        self.assertTrue(wrong(event="gap"))
        self.assertFalse(wrong(first_rows=[[1], [None, "a", {"hex": "00"}, {"hex": "00", "length": 9}, {"unknown": True}]]))
