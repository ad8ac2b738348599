"""What is done through each way, as a table: how a workload is run, for a time or a number of times, and what its unit is.

    run(port, seconds) or run(port, 0, times) -> {"units", "seconds", maybe "p50_us", "p95_us", "p99_us"}
"""
import atexit
import json
import os
import re
import subprocess
import time

import figures
import lab
import targets

ROWS = 10000
RESULT_ROWS = 64000  # of 1,000 bytes
BULK_BYTES = 16 << 20  # of a file for LOAD DATA and of one with INSERTs


class Place:
    """The servers, started when they are first needed, with what the workloads find in them."""

    def __init__(self):
        self._servers = {}
        self.certificates = None
        self.has_mixes = False  # the tables of mixes.lua

    def port(self, kind):
        if kind not in self._servers:
            self._servers[kind] = self.mariadb() if kind == "mariadb" else self.fake()
        return self._servers[kind].port

    def mariadb(self):
        self.certificates = lab.Certificates()
        for ours, theirs in (("client.key", "client-key.pem"), ("client.pem", "client-cert.pem"), ("ca.pem", "cacert.pem")):
            os.symlink(self.certificates.path(ours), self.certificates.path(theirs))  # the names that sysbench looks for
        self.maria = lab.Server("bench", [
            f"--ssl-ca={self.certificates.ca}", f"--ssl-cert={self.certificates.path('server.pem')}",
            f"--ssl-key={self.certificates.path('server.key')}", "--innodb-buffer-pool-size=512M", "--thread-stack=256K"])
        sysbench(self.maria.port, 1, 0, 0, "oltp_point_select", "disable", "off", command="prepare")
        self.maria.sql(f"CREATE TABLE big (x VARCHAR(1000) NOT NULL); INSERT INTO big SELECT REPEAT('x', 1000) FROM seq_1_to_{RESULT_ROWS};"
                       "CREATE TABLE blobs (x LONGBLOB NOT NULL); INSERT INTO blobs SELECT REPEAT('x', 8000000) FROM seq_1_to_8;"
                       "CREATE TABLE bulk (a INT, b VARCHAR(200), c VARCHAR(200))", "shop")
        return self.maria

    def fake(self):
        return Fake()


class Fake:
    """tests/bench/server."""

    def __init__(self):
        self.port = lab.free_port()
        self.process = subprocess.Popen([targets.program("server"), str(self.port), "1000"], stdin=subprocess.DEVNULL)
        atexit.register(self.process.kill)
        lab.wait_for(self.answers, "the stand-in for a server")

    def answers(self):
        with open("/proc/net/tcp", encoding="ascii") as f:
            return f":{self.port:04X} 00000000:0000 0A" in f.read()


place = Place()


def sysbench(port, connections, seconds, times, script, ps, ssl, command="run", options=()):
    done = subprocess.run(
        ["sysbench", script, "--mysql-host=127.0.0.1", f"--mysql-port={port}", "--mysql-user=pw", "--mysql-password=secret",
         "--mysql-db=shop", f"--mysql-ssl={ssl}", "--tables=1", f"--table-size={ROWS}", f"--threads={connections}", f"--time={seconds}",
         f"--events={times}", f"--db-ps-mode={ps}", "--histogram=on",
         f"--rand-seed={1 if times else 0}", *(["--skip-trx=on"] if script == "oltp_point_select" else []), *options, command],
        capture_output=True, text=True, check=False, cwd=place.certificates.folder)
    failed = done.returncode != 0 or (script != "oltp_write_only" and re.search(r"ignored errors: +[1-9]", done.stdout))  # there: deadlocks
    if failed:
        raise SystemExit(f"sysbench failed:\n{done.stdout[-1500:]}{done.stderr}")
    if command != "run":
        return None
    return {"units": int(re.search(r"^ +total: +(\d+)", done.stdout, re.M)[1]),
            "seconds": float(re.search(r"total time: +([\d.]+)s", done.stdout)[1]), **figures.percentiles_of_histogram(done.stdout)}


def helper(*argv):
    done = subprocess.run([targets.program("client"), *map(str, argv)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"client {argv}: {done.stderr}")
    return json.loads(done.stdout)


def statements(script, connections, ps="disable", ssl="off"):
    return lambda port, seconds, times=0: sysbench(port, connections, seconds, times, script, ps, ssl)


def mix(name):
    """Statements of mixes.lua, whose tables are made before the first of them."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mixes.lua")

    def run(port, seconds, times=0):
        if not place.has_mixes:
            sysbench(place.maria.port, 1, 0, 0, script, "disable", "off", command="prepare")
            place.has_mixes = True
        return sysbench(port, 1, seconds, times, script, "auto", "off", options=[f"--mix={name}"])
    return run


def result(query):
    """The unit is a MB of the wire."""
    def run(port, seconds, times=0):
        found = helper("drain", port, times, seconds, query)
        return {**found, "units": found["bytes"] / 1e6}
    return run


def churn(parallel):
    return lambda port, seconds, times=0: helper("churn", port, times, seconds, parallel)


def bulk(make, statement):
    """The mariadb client, again and again; the unit is a MB of the file."""
    def run(port, seconds, times=0):
        path = os.path.join(lab.FOLDER, make.__name__)
        if not os.path.exists(path):
            make(path)
        begin = time.monotonic()
        spent = done = 0
        while (done < times) if times else (time.monotonic() < begin + seconds):
            place.maria.sql("TRUNCATE bulk", "shop")
            then = time.monotonic()
            with open(path if not statement else os.devnull, "rb") as f:
                ran = subprocess.run(["mariadb", "--no-defaults", "-h127.0.0.1", f"-P{port}", "--protocol=TCP", "--skip-ssl", "-upw", "-psecret",
                                      "--local-infile=1", "shop", *(["-e", statement.format(path)] if statement else [])],
                                     stdin=f, capture_output=True, check=False)
            if ran.returncode != 0:
                raise SystemExit(f"mariadb: {ran.stderr.decode()}")
            spent += time.monotonic() - then
            done += 1
        return {"units": done * os.path.getsize(path) / 1e6, "seconds": spent}
    return run


def lines_file(path):
    with open(path, "w", encoding="ascii") as f:
        for i in range(BULK_BYTES // 400):
            f.write(f"{i}\t{'b' * 195}\t{'c' * 195}\n")


def inserts_file(path):
    """Statements of about 256 KiB, with 640 rows each."""
    with open(path, "w", encoding="ascii") as f:
        for _ in range(BULK_BYTES // 400 // 640):
            f.write("INSERT INTO bulk VALUES " + ",".join(f"({i},'{'b' * 195}','{'c' * 195}')" for i in range(640)) + ";\n")


def questions():
    return int(place.maria.sql("SHOW GLOBAL STATUS LIKE 'Questions'").split()[1])


def slap(port, seconds, times=0):
    """As script/soak runs it, with fewer queries; again until the time is over."""
    begin = time.monotonic()
    before = questions()
    runs = spent = 0
    while (runs < times) if times else (time.monotonic() < begin + seconds):
        then = time.monotonic()
        done = subprocess.run(
            ["mariadb-slap", "--no-defaults", "--skip-ssl", "--host=127.0.0.1", f"--port={port}", "--user=pw", "--password=secret",
             "--concurrency=50", "--iterations=1", "--engine=innodb", "--auto-generate-sql", "--auto-generate-sql-add-autoincrement",
             "--auto-generate-sql-load-type=mixed", "--auto-generate-sql-write-number=100", "--number-of-queries=1000"],
            capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"mariadb-slap: {done.stderr}")
        spent += time.monotonic() - then
        runs += 1
    return {"units": questions() - before - 1, "seconds": spent}


class Held:
    """So many sessions that do nothing: within `with`."""

    def __init__(self, count):
        self.count = min(count, targets.SESSIONS)

    def through(self, port):
        self.process = subprocess.Popen([targets.program("client"), "hold", str(port), str(self.count)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        return self

    def __enter__(self):
        if self.process.stdout.readline() != "ready\n":
            raise SystemExit(f"{self.count} sessions can't be opened")
        return self

    def __exit__(self, *_):
        self.process.communicate()


class Workload:
    def __init__(self, title, unit, run=None, server="mariadb", times=0, sessions=0, threads=1):
        self.title = title
        self.unit = unit
        self.run = run
        self.server = server
        self.times = times  # N of those that are counted (N and 2 N are run)
        self.sessions = sessions
        self.threads = threads  # connections at once


POINT = "sysbench oltp_point_select"
# What applications send, as mixes.lua has it: one connection each.
MIXES = {
    "name": "SELECT … WHERE name = 'x'",
    "decimal": "SELECT … WHERE price = 17.25",
    "insert-strings": "INSERT of 2 numbers and 4 strings",
    "in-66": "SELECT … IN (66 numbers)",
    "in-708": "SELECT … IN (708 numbers)",
    "literal-5k": "a string literal of 5 KB",
    "parameter-400": "prepared, a text parameter of 400 bytes",
    "parameter-4k": "prepared, a text parameter of 4 KB",
    "parameters-10": "prepared, 10 parameters, 5 of them strings",
    "tables-5": "5 tables whose statements begin alike",
    "tables-50": "50 tables whose statements begin alike",
    "rows-100x3": "results of 100 rows of 3 numbers",
    "rows-100x30": "results of 100 rows of 30 numbers",
    "columns-33": "results of a row of 33 columns",
    "columns-60": "results of a row of 60 columns",
    "columns-500": "results of a row of 500 columns",
    "orm": "20 shapes as an ORM writes them",
    "orm-quoted": "24 shapes as an ORM with quoted names writes them",
    "pages": "6 shapes of WordPress pages",
}
TABLE = {
    **{f"point-{n}": Workload(f"{POINT}, text, {n} connection(s)", "statement", statements("oltp_point_select", n), times=2000, threads=n)
       for n in (1, 8, 64, 256)},
    **{f"prepared-{n}": Workload(f"{POINT}, prepared, {n} connection(s)", "statement", statements("oltp_point_select", n, "auto"), times=2000,
                                 threads=n) for n in (1, 8, 64, 256)},
    "tls-8": Workload(f"{POINT}, text, TLS, 8 connections", "statement", statements("oltp_point_select", 8, ssl="on"), times=2000, threads=8),
    **{name: Workload(f"{title}, 1 connection", "statement", mix(name), times=1000) for name, title in MIXES.items()},
    "read-write": Workload("sysbench oltp_read_write, 1 connection", "transaction", statements("oltp_read_write", 1), times=100),
    "read-only": Workload("sysbench oltp_read_only, 8 connections", "statement", statements("oltp_read_only", 8), times=200, threads=8),
    "write-only": Workload("sysbench oltp_write_only, 8 connections", "statement", statements("oltp_write_only", 8), times=400, threads=8),
    "slap": Workload("mariadb-slap, 50 connections", "statement", slap, times=1, threads=50),
    "result": Workload("64 MB results, rows of 1 KB, drained", "MB", result("SELECT x FROM big"), times=1),
    "result-blob": Workload("64 MB results, rows of 8 MB, drained", "MB", result("SELECT x FROM blobs"), times=1),
    "result-fast": Workload("64 MB results, rows of 1 KB, from a stand-in for a server, drained", "MB", result("RESULT"), "fake", times=1),
    "load-data": Workload("LOAD DATA LOCAL INFILE", "MB", bulk(lines_file, "LOAD DATA LOCAL INFILE '{}' INTO TABLE bulk"), times=1),
    "insert": Workload("INSERT of 640 rows, 256 KB", "MB", bulk(inserts_file, None), times=1),
    "churn-1": Workload("connect, log in, SELECT 1, quit; 1 at once", "connection", churn(1), times=200),
    "churn-8": Workload("connect, log in, SELECT 1, quit; 8 at once", "connection", churn(8), times=200, threads=8),
    "idle-2000": Workload("2,000 idle sessions", "session", server="fake", sessions=2000),
    "idle-10000": Workload("10,000 idle sessions", "session", server="fake", sessions=10000),
}
