"""querytap run: a command behind a proxy of its own, and what is reported of it."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

import lab

# A test suite of one file: each argument is a statement, or SCOPE=STATEMENT; "sleep" waits to be killed.
SUITE = r'''
import os, sys, time
import pymysql
db = pymysql.connect(host=os.environ["MYSQL_HOST"], port=int(os.environ["MYSQL_TCP_PORT"]), user="pw", password="secret",
                     database="shop", autocommit=True)
c = db.cursor()
for word in sys.argv[1:]:
    if word == "sleep":
        print("sleeping", flush=True)
        time.sleep(600)
        continue
    if word.startswith("exit="):
        sys.exit(int(word[5:]))
    if word.startswith("loop="):
        c.execute("SELECT id FROM item ORDER BY id")
        for (i,) in c.fetchall():
            c.execute(f"SELECT name FROM item WHERE id = {i} /*source_location='app.py:12',test='{word[5:]}'*/")
        continue
    scope, _, text = word.partition("=")
    try:
        c.execute(f"{text} /*test='{scope}'*/")
        print(c.fetchall())
    except pymysql.Error as e:
        print(e)
'''


class Run(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = lab.server()
        cls.server.sql("CREATE TABLE IF NOT EXISTS item (id INT PRIMARY KEY, name VARCHAR(20)); DELETE FROM item;"
                       "INSERT INTO item VALUES " + ",".join(f"({i}, 'n{i}')" for i in range(1, 11)), "shop")
        cls.suite = os.path.join(lab.FOLDER, "suite.py")
        with open(cls.suite, "w") as f:
            f.write(SUITE)

    def argv(self, *words, options=(), command=None):
        return [lab.BINARY, "run", "-r", f"127.0.0.1:{self.server.port}", *options, "--",
                *(command or [sys.executable, self.suite]), *words]

    def run_(self, *words, options=(), command=None, status=0, **keywords):
        keywords.setdefault("env", dict(os.environ))
        done = subprocess.run(self.argv(*words, options=options, command=command), capture_output=True, text=True, timeout=lab.PATIENCE_S, **keywords)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stderr)
        self.assertIsNone(lab.SANITIZED.search(done.stderr.encode()), done.stderr)
        return done

    def begin(self, *words, options=()):
        process = subprocess.Popen(self.argv(*words, options=options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process


class ExitStatus(Run):
    """The rows of the table in querytap-run(1)."""

    def test_all_is_well(self):
        done = self.run_("a=SELECT 1")
        self.assertEqual(done.stdout, "((1,),)\n")
        self.assertRegex(done.stderr, "querytap run: 1 statement, 1 shape, 1 scope; ")
        self.assertIn("passed; ", done.stderr)

    def test_something_was_found(self):
        done = self.run_("loop=t::list", status=1)
        self.assertRegex(done.stderr, r"FAIL  n_plus_one: \d+ of 10 statements\n    in t::list\n    SELECT NAME FROM `item` WHERE `id` = \?\n    at app.py:12\n")

    def test_the_command_failed(self):
        self.assertIn("passed; ", self.run_("a=SELECT 1", "exit=3", status=3).stderr)

    def test_both(self):
        done = self.run_("loop=t", "exit=3", status=3)
        self.assertIn("failed: 1 problem; ", done.stderr)
        self.assertIn("failed with status 3", done.stderr)

    def test_no_statement(self):
        self.assertIn("no statement came through the proxy: ", self.run_(command=["true"], status=1).stderr)
        self.run_(command=["true"], options=["--allow-empty"])
        self.run_(command=["false"], status=1)

    def test_wrong_use(self):
        marker = os.path.join(lab.FOLDER, "was-run")
        for options, says in ((["--nosuch"], "nosuch"), (["--findings", "nosuch"], "nosuch"), (["--env", "X"], "NAME=TEXT"), (["word"], "word"),
                              (["--settings", "/nosuch"], "/nosuch")):
            with self.subTest(options):
                self.assertIn(says, self.run_(command=["touch", marker], options=options, status=2).stderr)
        done = subprocess.run([lab.BINARY, "run", "touch", marker], capture_output=True, text=True)
        self.assertEqual((done.returncode, "two dashes" in done.stderr), (2, True))
        self.assertFalse(os.path.exists(marker))

    def test_no_such_command(self):
        self.run_(command=["./nosuch"], status=127)
        self.run_(command=["/"], status=126)

    def test_a_signal_ended_it(self):
        self.run_(command=["sh", "-c", "kill -KILL $$"], options=["--allow-empty"], status=137)

    def test_a_signal_is_passed_on(self):
        process = self.begin("a=SELECT 1", "sleep")
        process.stdout.readline()
        self.assertEqual(process.stdout.readline(), "sleeping\n")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=lab.PATIENCE_S)
        self.assertEqual(process.returncode, 143)
        self.assertIn("interrupted by SIGTERM", err)
        self.assertIn(", 1 scope; ", err)  # the report is complete

    def test_interrupted_once(self):
        process = self.begin("sleep")
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=lab.PATIENCE_S)
        self.assertEqual(process.returncode, 130)
        self.assertIn("interrupted by SIGINT", err)

    def test_interrupted_twice(self):
        script = "trap '' INT; (trap '' INT TERM; echo inner; sleep 600) & wait; sleep 600"
        process = subprocess.Popen(self.argv(command=["sh", "-c", script]), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        again = time.monotonic() + lab.PATIENCE_S
        while process.poll() is None and time.monotonic() < again:  # two signals that are pending are one
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        out, err = process.communicate(timeout=lab.PATIENCE_S)
        self.assertEqual(process.returncode, 137, err)

    def test_processes_left_behind(self):
        with open(os.path.join(lab.FOLDER, "left"), "w+") as left:
            done = self.run_(command=["sh", "-c", "sleep 600 & echo $! >&0; (sleep 601 & echo $! >&0); exit 0"], options=["--allow-empty"], stdin=left)
            left.seek(0)
            pids = [int(line) for line in left]
        self.assertEqual(len(pids), 2)
        self.assertIn("left 2 processes behind", done.stderr)
        self.assertIn(f"sleep ({pids[0]})", done.stderr)
        for pid in pids:
            self.assertFalse(os.path.exists(f"/proc/{pid}"))


class Handover(Run):
    def test_addresses(self):
        show = ["sh", "-c", "echo $MYSQL_HOST $MYSQL_TCP_PORT; echo $DATABASE_URL; echo $OTHER; echo $DB; echo $1", "sh", "-h{host}:{port}"]
        done = subprocess.run([lab.BINARY, "run", "--allow-empty", "--env", "DB={host}/{port}", "--", *show], capture_output=True, text=True,
                              env=dict(os.environ, DATABASE_URL=f"mysql2://u:planted-1@localhost:{self.server.port}/shop", OTHER="mysql://u:planted-2@other/x"))
        lines = done.stdout.splitlines()
        host, port = lines[0].split()
        self.assertEqual(lines[1:], [f"mysql2://u:planted-1@{host}:{port}/shop", "mysql://u:planted-2@other/x", f"{host}/{port}", f"-h{host}:{port}"])
        self.assertIn("the variable OTHER leads to another server", done.stderr)
        self.assertNotIn("planted", done.stderr)

    def test_the_server_of_the_environment(self):
        done = subprocess.run([lab.BINARY, "run", "--", sys.executable, self.suite, "a=SELECT 17"], capture_output=True, text=True,
                              env=dict(os.environ, DATABASE_URL=f"mysql://pw:secret@127.0.0.1:{self.server.port}/shop"))
        self.assertEqual((done.returncode, done.stdout), (0, "((17,),)\n"), done.stderr)

    def test_the_socket_is_that_of_localhost(self):
        done = self.run_(command=["sh", "-c", "mariadb --no-defaults -hlocalhost -upw -psecret -N -e 'SELECT 19'; dirname $MYSQL_UNIX_PORT"])
        number, folder = done.stdout.split()
        self.assertEqual(number, "19")
        self.assertFalse(os.path.exists(folder))
        self.assertIn("; 1 in no scope; ", done.stderr.replace("2 in no scope", "1 in no scope"))

    def test_a_scope_by_the_admin_port(self):
        script = ("curl -sS -X POST --unix-socket ${QUERYTAP_ADMIN#unix:} 'http://localhost/scopes?do=begin&name=t::a';"
                  "mariadb --no-defaults -hlocalhost -upw -psecret -N -e 'SELECT 19';"
                  "curl -sS -o /dev/null -w '%{http_code}\\n' -X POST --unix-socket ${QUERYTAP_ADMIN#unix:} 'http://localhost/scopes?do=begin&name=b'")
        done = self.run_(command=["sh", "-c", script], options=["--budget", "statements=0@t::a"], status=1)
        self.assertEqual(done.stdout.split(), ["t::a", "19", "409"])
        self.assertIn("    in t::a\n", done.stderr)

    def test_arguments_are_hidden(self):
        process = self.begin("a=SELECT 1", "sleep", "x=password-planted")
        process.stdout.readline()
        process.stdout.readline()
        with open(f"/proc/{process.pid}/cmdline", "rb") as f:
            self.assertNotIn(b"planted", f.read())
        process.send_signal(signal.SIGTERM)
        self.assertNotIn("planted", process.communicate(timeout=lab.PATIENCE_S)[1])

    def test_limits_are_those_of_the_caller(self):
        here = subprocess.run(["sh", "-c", "ulimit -Sn; trap"], capture_output=True, text=True).stdout
        self.assertEqual(self.run_(command=["sh", "-c", "ulimit -Sn; trap"], options=["--allow-empty"]).stdout, here)


class Files(Run):
    """Budgets, contract and baseline, from options and from .querytap.cfg."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=lab.FOLDER)
        os.mkdir(os.path.join(self.folder, ".git"))
        os.mkdir(os.path.join(self.folder, "sub"))

    def put(self, name, text):
        with open(os.path.join(self.folder, name), "w") as f:
            f.write(text)

    def get(self, name):
        with open(os.path.join(self.folder, name)) as f:
            return "".join(line for line in f if not line.startswith("#"))

    def here(self, *words, **keywords):
        return self.run_(*words, cwd=os.path.join(self.folder, "sub"), **keywords)

    def test_a_contract(self):
        self.put(".querytap.cfg", 'contract = "queries.contract";\n')
        words = ["a=SELECT id FROM item WHERE id IN (1, 2)", "b=INSERT INTO item VALUES (90, 'x'), (91, 'y')", "b=DELETE FROM item WHERE id > 50",
                 "b=CREATE TEMPORARY TABLE t_8f3a2b9c1d (a INT)"]
        self.assertIn("--update", self.here(*words, status=2).stderr)
        self.here(*words, options=["--update"])
        self.assertEqual(self.get("queries.contract"),
                         "a\t1\tSELECT `id` FROM `item` WHERE `id` IN (...)\n"
                         "b\t1\tCREATE TEMPORARY TABLE `t_*` ( `a` INTEGER )\n"
                         "b\t1\tDELETE FROM `item` WHERE `id` > ?\n"
                         "b\t1\tINSERT INTO `item` VALUES (...)\n")
        again = ["a=SELECT id FROM item WHERE id IN (3)", "b=INSERT INTO item VALUES (90, 'x')", "b=DELETE FROM item WHERE id > 60",
                 "b=CREATE TEMPORARY TABLE t_0a1b2c3d4e (a INT)"]
        self.here(*again)
        done = self.here(*again, again[0], "c=SELECT name FROM item", status=1)
        self.assertRegex(done.stderr, r"FAIL  contract: sent 2 times, expected 1\n    in a\n    SELECT `id`")
        self.assertRegex(done.stderr, r"FAIL  contract: the scope is not in the file\n    in c\n")
        self.here("a=SELECT id FROM item WHERE id IN (3)", *again[1:], "c=SELECT name FROM item", options=["--update"])
        self.assertIn("c\t1\tSELECT NAME FROM `item`\n", self.get("queries.contract"))

    def test_a_baseline(self):
        self.here("loop=known", options=["--baseline", "b", "--update"])
        self.here("loop=known", options=["--baseline", "b"])
        done = self.here("loop=new", "known=SELECT 1", options=["--baseline", "b"], status=1)
        self.assertRegex(done.stderr, r"FAIL  n_plus_one: .*\n    in new\n")
        self.assertRegex(done.stderr, r"note  baseline: the finding n_plus_one is gone\n    in known\n")

    def test_budgets(self):
        self.put(".querytap.cfg", 'budgets = ( { scope = "*"; statements = 1; }, { scope = "big*"; statements = 2; } );')
        self.here("a=SELECT 1", "big::x=SELECT 1", "big::x=SELECT 2")
        done = self.here("a=SELECT 1", "a=SELECT 2", "big=SELECT 1", options=["--budget", "statements=0@big", "--total", "errors=0"], status=1)
        self.assertIn("FAIL  budget: statements 2, at most 1\n    in a\n", done.stderr)
        self.assertIn("FAIL  budget: statements 1, at most 0\n    in big\n", done.stderr)
        self.assertIn("errors 1, at most 0 in the whole run", self.here("a=SELECT nosuch", options=["--total", "errors=0"], status=1).stderr)

    def test_a_hostile_checkout(self):
        for text in ('logs = ( { file = "/tmp/x"; } );', 'remote = "127.0.0.1:1";', 'contract = "../../x";'):
            self.put(".querytap.cfg", text)
            self.assertIn(".querytap.cfg:1: ", self.here("a=SELECT 1", options=["--update"], status=2).stderr)
            self.here("a=SELECT 1", options=["--config", "none"])


class Reports(Run):
    def reports(self, *words, **keywords):
        """Run with all forms. Returns what each file has, by its form."""
        folder = tempfile.mkdtemp(dir=lab.FOLDER)
        files = {name: os.path.join(folder, name) for name in ("report", "json", "junit", "sarif", "markdown")}
        options = [o for name, path in files.items() for o in (f"--{name}", path)]
        done = self.run_(*words, options=[*options, "--github", *keywords.pop("options", [])], **keywords)
        found = {"stderr": done.stderr}
        for name, path in files.items():
            with open(path) as f:
                found[name] = f.read()
        return found

    def test_all_forms(self):
        found = self.reports("loop=t::<list>", "b=SELECT 1", "b=SELECT nosuch", status=1)
        self.assertIn("FAIL  n_plus_one", found["report"])
        self.assertIn("::error title=querytap n_plus_one,file=app.py,line=12::n_plus_one: 6 of 10 statements in t::<list>%0A", found["stderr"])
        self.assertIn("### querytap: failed", found["markdown"])
        report = json.loads(found["json"])
        self.assertEqual({s["name"]: s["statements"] for s in report["scopes"]}, {"": 1, "b": 2, "t::<list>": 10})
        self.assertEqual((report["total"]["statements"], report["total"]["errors"], report["lost"], report["omitted"]), (13, 1, 0, 0))
        suite = xml.etree.ElementTree.fromstring(found["junit"]).find("testsuite")
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("3", "1"))
        self.assertEqual([c.get("name") for c in suite.findall("testcase") if c.find("failure") is not None], ["t::<list>"])
        result, = json.loads(found["sarif"])["runs"][0]["results"]
        self.assertEqual((result["ruleId"], result["level"]), ("n_plus_one", "error"))
        location = result["locations"][0]["physicalLocation"]
        self.assertEqual((location["artifactLocation"]["uri"], location["region"]["startLine"]), ("app.py", 12))

    def test_two_runs(self):
        before = os.path.join(tempfile.mkdtemp(dir=lab.FOLDER), "before.json")
        self.run_("a=SELECT id FROM item", "a=SELECT name FROM item", options=["--json", before])
        done = self.run_("a=SELECT id FROM item", "a=SELECT id FROM item", "a=SELECT 3", options=["--compare", before])
        self.assertRegex(done.stderr, r"compare: gone, sent 1 times before\n.*\n    SELECT NAME FROM")
        self.assertRegex(done.stderr, r"compare: sent 2 times, 1 times before\n.*\n    SELECT `id` FROM")
        self.assertRegex(done.stderr, r"compare: new, sent 1 times\n.*\n    SELECT \?")

    def test_passwords_are_in_no_report(self):
        """20 passwords: in the environment, the URL, arguments, and SQL."""
        word = "pLanted%d"
        names = ["MYSQL_PWD", "DB_PASSWORD", "SECRET_KEY", "PGPASSWORD", "TOKEN"]
        env = dict(os.environ, **{name: word % i for i, name in enumerate(names)},
                   DATABASE_URL=f"mysql://pw:{word % 5}@127.0.0.1:{self.server.port}/shop", OTHER_URL=f"mysql://u:{word % 6}@replica:3306/x",
                   GO_DSN=f"u:{word % 7}@tcp(other:3306)/x", PDO=f"mysql:host=x;password={word % 8}")
        sql = [f"a=CREATE USER x1 IDENTIFIED BY '{word % 9}'", f"a=ALTER USER x1 IDENTIFIED BY '{word % 10}'", f"a=SET PASSWORD FOR x1 = PASSWORD('{word % 11}')",
               f"a=GRANT SELECT ON shop.* TO x1 IDENTIFIED BY '{word % 12}'", f"a=SELECT nosuch FROM nosuch WHERE IDENTIFIED BY '{word % 13}'",
               f"a=CREATE USER nosuch.x IDENTIFIED BY '{word % 14}'", f"a=SELECT PASSWORD('{word % 15}')", f"a=CHANGE MASTER TO MASTER_PASSWORD='{word % 16}'",
               "a=DROP USER IF EXISTS x1"]
        arguments = [f"--env=X_PASSWORD={word % 17}", f"--env=Y_URL=mysql://a:{word % 18}@{{host}}/x"]
        found = self.reports(*sql, "exit=0", f"--password={word % 19}=", options=[*arguments, "--findings", "all"], status=None, env=env)
        for name, text in found.items():
            self.assertNotIn("pLanted", text, name)


# 1,000 tests, 4 at a time, over connections that they share; the tag and the variable name them, and some statements name none.
PARALLEL = r'''
import concurrent.futures, os, queue
import pymysql
pool = queue.SimpleQueue()
for _ in range(6):
    pool.put(pymysql.connect(host=os.environ["MYSQL_HOST"], port=int(os.environ["MYSQL_TCP_PORT"]), user="pw", password="secret", database="shop",
                             init_command="SET @none = 1").cursor())
def test(i):
    c = pool.get()
    if i % 2 == 0:
        c.execute(f"SELECT id FROM item WHERE id = {i} /*test='t{i}'*/")
    else:
        c.execute(f"SET @querytap_scope = 't{i}'")
        c.execute(f"SELECT id FROM item WHERE id = {i}")
        c.execute("SET @querytap_scope = NULL")
    c.execute(f"SELECT name FROM item WHERE id = {i}")
    pool.put(c)
with concurrent.futures.ThreadPoolExecutor(4) as all:
    list(all.map(test, range(1000)))
'''


class Parallel(Run):
    def test_every_statement_is_in_its_scope(self):
        path = os.path.join(tempfile.mkdtemp(dir=lab.FOLDER), "json")
        self.run_(command=[sys.executable, "-c", PARALLEL], options=["--json", path, "--findings", "none"])
        with open(path) as f:
            report = json.load(f)
        texts = [s["text"] for s in report["shapes"]]
        found = {s["name"]: {texts[x["shape"]]: x["statements"] for x in s["shapes"]} for s in report["scopes"]}
        none = found.pop("")
        self.assertEqual(none["SELECT NAME FROM `item` WHERE `id` = ?"], 1000)
        self.assertNotIn("SELECT `id` FROM `item` WHERE `id` = ?", none)
        self.assertEqual(set(found), {f"t{i}" for i in range(1000)})
        for name, shapes in found.items():
            self.assertEqual(shapes.get("SELECT `id` FROM `item` WHERE `id` = ?"), 1, name)
            self.assertNotIn("SELECT NAME FROM `item` WHERE `id` = ?", shapes)
        self.assertEqual((report["lost"], report["omitted"]), (0, 0))


if __name__ == "__main__":
    unittest.main()
