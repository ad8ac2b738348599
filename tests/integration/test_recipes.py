"""doc/sql-over-the-log.md: each recipe is run as it stands there, on the log of a proxy, and its answers are compared with the log."""
import collections
import json
import os
import re
import shutil
import subprocess
import unittest

import pymysql

from lab import CACHE, FOLDER, LONG, TOP, Proxy, free_port, run, server, wait_for

FORMAT_FILE = os.path.join(TOP, "etc", "querytap.lnav.json")
FINDINGS = "Findings"


def recipes(section):
    """The blocks below the heading "## section": [(heading, language, text)], where the heading is that of the question, or ""."""
    with open(os.path.join(TOP, "doc", "sql-over-the-log.md")) as f:
        part = re.search(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", f.read(), re.M | re.S)[1]
    found, heading = [], ""
    for match in re.finditer(r"^### ([^\n]*)\n|^```(\w+)\n(.*?)^```$", part, re.M | re.S):
        if match[1]:
            heading = match[1]
        else:
            found.append((heading, match[2], match[3].strip()))
    return found


def grouped(records, key):
    groups = collections.defaultdict(list)
    for record in records:
        groups[key(record)].append(record)
    return groups


def us(records):
    return sum(r.get("duration_us", 0) for r in records)


def answers(records):
    """What each question has to find in the log."""
    queries = [r for r in records if r["event"] == "query"]
    by_digest = grouped([r for r in queries if "digest_text" in r], lambda r: r["digest_text"])
    by_errno = grouped([r for r in records if "errno" in r and r["event"] in ("query", "auth", "error")], lambda r: r["errno"])
    by_finding = collections.defaultdict(list)
    for r in queries:
        for finding in r.get("findings", []):
            by_finding[finding].append(r)
    by_session = grouped(queries, lambda r: r["conn_id"])
    by_minute = grouped(queries, lambda r: r["ts"][:16])
    return {
        "Statements by time": sorted(([d, len(g), us(g), max(r["duration_us"] for r in g), sum("errno" in r for r in g)]
                                      for d, g in by_digest.items()), key=lambda row: (-row[2], row[0]))[:5],
        FINDINGS: sorted(([f, len(g), us(g)] for f, g in by_finding.items()), key=lambda row: (-row[2], row[0])),
        "Errors": sorted(([e, len(g), min(r["error"] for r in g)] for e, g in by_errno.items()), key=lambda row: (-row[1], row[0])),
        "Sessions": sorted([c, min(r["username"] for r in g), sum("command" in r for r in g), us(g)] for c, g in by_session.items()),
        "Traffic by the minute": sorted([m, len(g), us(g)] for m, g in by_minute.items()),
        "Lost records": [[sum(r.get("dropped", 0) for r in records)]],
    }


def plain(value):
    """Numbers that a program writes as texts become numbers."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?\d+", value) else value


class Recipes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = os.path.join(FOLDER, "recipes")
        cls.log = os.path.join(cls.folder, "querytap.jsonl")
        os.mkdir(cls.folder)
        server().sql("CREATE TABLE recipe (id INT PRIMARY KEY, name VARCHAR(50));"
                     "INSERT INTO recipe SELECT seq, concat('name ', seq) FROM seq_1_to_9", "shop")
        with Proxy("--log-transactions") as proxy:
            for user in ("pw", "pw", "nobody"):
                cls.work(proxy.port, user)
            proxy.settled()
            with open(proxy.log_path, "rb") as f:
                lines = f.readlines()
        cls.answers = answers([json.loads(line) for line in lines] + [{"event": "gap", "dropped": 7}])
        # As a crash leaves it: a line that is cut off, before another.
        lines.insert(2, lines[1][:200] + b"\n")
        lines.append(b'{"ts":"2026-11-30T12:15:47.810931Z","event":"gap","dropped":7}\n')
        with open(cls.log, "wb") as f:
            f.writelines(lines)

    @staticmethod
    def work(port, user):
        try:
            connection = pymysql.connect(host="127.0.0.1", port=port, user=user, password="secret", database="shop", autocommit=True)
        except pymysql.Error:
            return
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT id FROM recipe")
            for (number,) in cursor.fetchall():
                cursor.execute(f"SELECT name FROM recipe WHERE id = {number} /*route='/recipes%2Fx'*/")
            cursor.execute("BEGIN")
            cursor.execute("UPDATE recipe SET name = 'ä€ \"quoted\" \\\\ \x1f ''\n' WHERE id = 1")
            cursor.execute("COMMIT")
            for statement in ("SELECT none", "SELECT neither", "SELEKT", b"SELECT 1 /* \xff\xfe */"):
                try:
                    cursor.execute(statement)
                except pymysql.Error:
                    pass

    def ask(self, section, do):
        """Run the recipes of a section: do(language, text, is_question) returns the rows of a question."""
        asked = []
        for heading, language, text in recipes(section):
            with self.subTest(section=section, question=heading or text[:40]):
                rows = do(language, text, heading != "")
                if heading:
                    asked.append(heading)
                    self.assertEqual([[plain(v) for v in row] for row in rows], self.answers[heading])
        self.assertEqual(asked, list(self.answers))

    def command(self, *argv, **keywords):
        done = run(*argv, cwd=self.folder, **keywords)
        self.assertEqual((done.returncode, done.stderr), (0, b""), done)
        return done.stdout

    def test_the_log_has_answers(self):
        for question, rows in self.answers.items():
            self.assertTrue(rows, question)
        self.assertIn("n_plus_one", [row[0] for row in self.answers[FINDINGS]])

    @unittest.skipUnless(shutil.which("lnav"), "lnav is not installed (apt-get install lnav)")
    def test_lnav(self):
        def do(language, text, is_question):
            if language == "sh":
                return self.command("sh", "-c", text.replace("/usr/local/share/querytap", os.path.dirname(FORMAT_FILE)) + " 2>&1")
            out = self.command("lnav", "-n", "-c", f";{text}", "-c", ":write-json-to -", "querytap.jsonl")
            return [list(row.values()) for row in json.loads(out)]
        self.ask("lnav", do)
        checked = run("lnav", "-W", "-n", "querytap.jsonl", cwd=self.folder)
        self.assertEqual((checked.returncode, checked.stderr), (0, b""))
        out = self.command("lnav", "-n", "-c", ";SELECT DISTINCT log_level, event FROM querytap ORDER BY 1, 2", "-c", ":write-json-to -", "querytap.jsonl")
        levels = {(row["log_level"], row["event"]) for row in json.loads(out)}
        self.assertGreaterEqual(levels, {("error", "query"), ("error", "auth"), ("warning", "query"), ("info", "query"), ("debug", "connect"),
                                         ("warning", "n_plus_one"), ("fatal", "gap"), ("info", "transaction")})
        piped = self.command("sh", "-c", "lnav -n <querytap.jsonl")
        self.assertIn(b" pw@shop ", piped)
        self.assertNotIn(b'"conn_id"', piped.split(b"\n")[0])

    def test_the_lnav_format_knows_all_fields_and_findings(self):
        with open(FORMAT_FILE) as f:
            form = json.load(f)["querytap"]
        with open(os.path.join(TOP, "etc", "querytap-record.schema.json")) as f:
            fields = json.load(f)["properties"]
        self.assertEqual(list(form["value"]), [name for name in fields if name != "ts" and not name.endswith("_hex")])
        for name, value in form["value"].items():
            self.assertEqual(value["kind"] == "integer", fields[name].get("$ref") == "#/$defs/number", name)
        levels = {level: re.compile(pattern) for level, pattern in form["level"].items()}
        for finding in fields["findings"]["items"]["enum"]:
            self.assertTrue(levels["warning"].search(finding), finding)
        events = set(fields["event"]["enum"])
        for level, pattern in form["level"].items():
            for word in re.findall("[a-z_]+", pattern):
                self.assertIn(word, events | set(fields["findings"]["items"]["enum"]), level)

    @unittest.skipUnless(shutil.which("sqlite3"), "SQLite is not installed (apt-get install sqlite3)")
    def test_sqlite(self):
        def do(language, text, is_question):
            if language == "sh":
                return self.command("sh", "-c", text)
            return [list(row.values()) for row in json.loads(self.command("sqlite3", "-json", "log.db", text))]
        self.ask("SQLite", do)

    @unittest.skipUnless(LONG, "a long test: --long")
    def test_duckdb(self):
        modules = os.path.join(CACHE, "duckdb", "node_modules")
        if not os.path.isdir(modules):
            self.skipTest("DuckDB is not there (script/node-drivers --long)")
        ask = ("const { DuckDBInstance } = require('@duckdb/node-api');"
               "(async () => { const c = await (await DuckDBInstance.create('log.duckdb')).connect();"
               "console.log(JSON.stringify((await c.runAndReadAll(process.argv[1])).getRowsJson())); })()")

        def do(language, text, is_question):
            return json.loads(self.command("node", "-e", ask, text, env={**os.environ, "NODE_PATH": modules}))
        self.ask("DuckDB", do)

    @unittest.skipUnless(LONG, "a long test: --long")
    def test_clickhouse(self):
        if not shutil.which("clickhouse-server") or not shutil.which("clickhouse-client"):
            self.skipTest("ClickHouse is not installed (apt-get install clickhouse-server clickhouse-client)")
        with ClickHouse(os.path.join(self.folder, "clickhouse")) as house:
            if " 18." not in self.command("clickhouse-client", "--version").decode():
                self.skipTest("this ClickHouse is not version 18.16")

            def do(language, text, is_question):
                if language == "sh":
                    return self.command("sh", "-c", text)
                if not is_question:
                    return self.command("clickhouse-client", "--multiline", "--query", text)
                out = self.command("clickhouse-client", "--query", f"{text} FORMAT JSONCompact")
                return json.loads(out)["data"]
            self.ask("ClickHouse 18.16", do)
        self.assertEqual(house.process.returncode, 0)


class ClickHouse:
    """A private ClickHouse, which clickhouse-client finds by the settings in our home."""

    def __init__(self, folder):
        os.mkdir(folder)
        self.port = free_port()
        with open(os.path.join(folder, "config.xml"), "w") as f:
            f.write(f"<yandex><logger><level>warning</level><console>1</console></logger><tcp_port>{self.port}</tcp_port>"
                    f"<listen_host>127.0.0.1</listen_host><path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path>"
                    "<users_config>users.xml</users_config><default_profile>default</default_profile>"
                    "<default_database>default</default_database><mark_cache_size>67108864</mark_cache_size></yandex>")
        with open(os.path.join(folder, "users.xml"), "w") as f:
            f.write("<yandex><profiles><default/></profiles><quotas><default/></quotas><users><default><password></password>"
                    "<networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users></yandex>")
        client = os.path.join(os.environ["HOME"], ".clickhouse-client")
        os.makedirs(client)
        with open(os.path.join(client, "config.xml"), "w") as f:
            f.write(f"<config><host>127.0.0.1</host><port>{self.port}</port></config>")
        self.folder = folder

    def __enter__(self):
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen(["clickhouse-server", f"--config-file={self.folder}/config.xml"], cwd=self.folder,
                                            stdout=log, stderr=log)
        wait_for(lambda: self.process.poll() is not None or run("clickhouse-client", "--query", "SELECT 1").returncode == 0, "ClickHouse to start")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
