"""Secrets planted in statements, rows and packets, as both servers' manuals have them, stand in nothing that querytap writes or serves."""
import base64
import gzip
import itertools
import os
import re
import struct
import subprocess
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

import pymysql
from pymysql.constants import CLIENT

import lab
from planted_packets import PACKETS, Place
from planted_rows import ROWS
from planted_statements import PLANTED, SETUP
from rawclient import Gone, RawClient, Refused

FORMATS = ("json", "ltsv", "text", "verbose", "slow")
PAGES = ["/", "/healthz", "/readyz", "/metrics", "/sessions", "/sessions?format=json", "/stages", "/stages?format=json", "/verdicts", "/verdicts?format=json", "/series", "/counters",
         "/settings", "/digests?n=100000", "/digests?n=100000&format=json", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/heap?debug=1",
         "/debug/pprof/allocs", "/debug/pprof/allocs?debug=1", "/debug/pprof/cmdline", "/debug/pprof/threads", "/pprof/heap", "/pprof/cmdline", "/marks",
         "/marks/diff?from=start", "/births?n=16384&stack=1", "/births?n=16384&format=json", "/fault",
         *(f"/records?n=1000000&{f}" for f in ("format=text", "verbose=1", "format=json", "format=ltsv", "format=slow"))]


def bytes_of_dumps(text):
    """What the dumps in hex within a text show, lines joined, and what stands in it as hex digits."""
    found = []
    line = rb"^ +[0-9a-f]{6}  ((?:[0-9a-f]{2} {1,2})+).*\n?"
    for run in re.finditer(rb"(?:" + line.replace(b"((", b"(?:(") + rb")+", text, re.M):
        found.append(bytes.fromhex(b"".join(re.findall(line, run[0], re.M)).decode()))
    for digits in re.findall(rb"(?:[0-9A-Fa-f]{2}){6,}", text):
        found.append(bytes.fromhex(digits.decode()))
    return b"\n".join(found)


def forms(secret):
    """The forms in which a secret could be written: as it is, as hex digits, in two bytes a character, in base64 from any offset."""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    return [raw, raw.hex().encode(), raw.hex().upper().encode(), raw.decode("latin-1").encode("utf-16-le"), raw.decode("latin-1").encode("utf-16-be"),
            *(base64.b64encode(b"x" * i + raw)[4 * ((i + 2) // 3):-4] for i in range(3))]


class Evidence:
    """All that a proxy wrote and served."""

    def __init__(self):
        self.places = {}

    def add(self, place, data):
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        self.places[place] = (data, bytes_of_dumps(data))

    def take(self, proxy, files, sessions):
        for page in [*PAGES, *(f"/sessions/{number}/{form}" for number in sessions for form in ("hex", "hex?annotate=1", "hex?format=json", "pcap"))]:
            self.add(page, proxy.admin(page))
        for path in files:
            with open(path, "rb") as f:
                self.add(os.path.basename(path), f.read())
        self.add("stderr", proxy.stderr())

    def has_none(self, secrets):
        """@return whether none of @p secrets stands anywhere: all of them are searched for at once, which where() would do one by one."""
        with tempfile.NamedTemporaryFile() as patterns:
            patterns.write(b"\n".join(form for secret in secrets for form in forms(secret)))
            patterns.flush()
            found = subprocess.run(["grep", "-aqF", "-f", patterns.name], env={**os.environ, "LC_ALL": "C"}, check=False,
                                   input=b"\n".join(itertools.chain.from_iterable(self.places.values())))
        return found.returncode == 1

    def where(self, secret):
        """@return the places in which @p secret stands."""
        return [place for place, texts in self.places.items() if any(form in text for form in forms(secret) for text in texts)]


def keeps(proxy, session):
    """@return whether packets of @p session are still kept."""
    try:
        proxy.admin(f"/sessions/{session}/hex")
    except urllib.error.HTTPError:
        return False
    return True


class Watched:
    """A proxy that logs all it can, in every format at once."""
    numbers = itertools.count(1)

    def __init__(self, server, *args, **keywords):
        self.server = server
        base = os.path.join(lab.FOLDER, f"planted-{next(Watched.numbers)}")
        self.files = [f"{base}-{f}.log" for f in FORMATS]
        self.directory = f"{base}-packets"
        config = f"{base}.cfg"
        with open(config, "w") as f:
            logs = ",\n".join(f'{{ file = "{path}"; format = "{"text" if form == "verbose" else form}"; verbose = {str(form == "verbose").lower()}; }}'
                              for form, path in zip(FORMATS, self.files))
            f.write(f"logs = ( {logs} );\n")
        self.proxy = lab.Proxy("--config", config, "--hex", "--log-rows", "50", "--profile-sample-bytes", "1", "--log-level", "debug",
                               "--log-recent-bytes", "64M", "--capture-bytes", "16M", "--capture-packet-bytes", "16K", "--log-when-full", "block",
                               "--triggers-directory", self.directory, "--triggers-abrupt-close", "--triggers-filter", "cmd:quit", *args,
                               remote=f"127.0.0.1:{server.port}", **{"expect_lint": True, **keywords})
        self.evidence = Evidence()
        self.packets = bytearray()

    def __enter__(self):
        self.proxy.__enter__()
        self.stream = urllib.request.urlopen(f"http://{self.proxy.admin_addr}/pcap", timeout=lab.PATIENCE_S)
        self.reader = threading.Thread(target=self.read_stream)
        self.reader.start()
        return self

    def __exit__(self, *error):
        self.proxy.__exit__(*error)  # which ends the stream
        self.reader.join(lab.PATIENCE_S)
        self.stream.close()

    def read_stream(self):
        while data := self.stream.read1(1 << 16):
            self.packets += data

    def finish(self):
        """@return what it wrote and serves. A last session shows that the stream of packets has come that far."""
        last = b"SELECT 'no more packets'"
        self.proxy.idle()
        c = RawClient(self.proxy.port, "bare", "planted")
        c.query(last.decode())
        c.close()
        self.proxy.settled()
        lab.wait_for(lambda: last in self.packets, "the stream of packets")
        self.evidence.add("stream of packets", bytes(self.packets))

        def is_saved():
            counters = self.proxy.counters()
            done = counters["packets_saved"] + counters["packets_unsaved"] + counters["triggers_dropped"]
            return counters["packets_saved"] > 0 and counters["triggers_fired"] == done
        lab.wait_for(is_saved, "the packets of triggers to be saved")
        saved = [os.path.join(self.directory, name) for name in os.listdir(self.directory)]
        # the packets of the other sessions are in what was saved
        sessions = [n for n in (1, self.proxy.counters()["accepted"] - 1) if keeps(self.proxy, n)]
        self.evidence.take(self.proxy, [self.proxy.log_path, *self.files, *saved], sessions)
        return self.evidence


def run_all(db, statements):
    """@return the rows that came."""
    rows = []
    cursor = db.cursor()
    for text in statements:
        try:
            cursor.execute(text)
            rows += cursor.fetchall() or ()
            while cursor.nextset():
                rows += cursor.fetchall() or ()
        except (pymysql.err.Error, UnicodeDecodeError) as error:
            if "Lost connection" in str(error) or isinstance(error, pymysql.err.InterfaceError):
                raise
            rows.append((str(error),))
    return rows


def run_prepared(port, user, database, statements):
    """Each as a prepared statement of the binary protocol. One connection each: what follows a result that is not expected is not read."""
    for text in statements:
        c = RawClient(port, user, database)
        try:
            c.execute(c.prepare(text))
        except (Refused, Gone, AssertionError, struct.error):
            pass
        c.close()


class Manual:
    """The tests for one kind of server; subclasses name it."""
    kind = None
    server = None
    user = ("root", "")

    def connect(self, port, database, **keywords):
        return pymysql.connect(host="127.0.0.1", port=port, user=self.user[0], password=self.user[1], database=database, autocommit=True, charset="utf8mb4",
                               **keywords)

    def setUp(self):
        for name in ("planted", "planted2"):
            self.server.sql(f"DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name}")

    def mine(self, items, kind):
        return [item for item in items if kind(item) in ("both", self.kind)]

    def assert_hidden(self, evidence, secrets):
        """@p secrets maps a secret to the name of its item."""
        if evidence.has_none(secrets):
            return
        told = {}
        for secret, name in secrets.items():
            places = evidence.where(secret)
            if places:
                told[f"{name} ({secret})"] = (places[:3], self.around(evidence, secret, places))
        self.assertFalse(told, "secrets are told:\n" + "\n".join(f"{name}: {where}" for name, where in told.items()))

    def around(self, evidence, secret, places):
        """Some of what stands beside it, for a person."""
        for text in evidence.places[places[0]]:
            at = text.find(secret.encode())
            if at >= 0:
                return text[max(0, at - 120):at + 60].decode("latin-1")
        return "(in hex)"

    def test_statements(self):
        """Of the manual: as text, then prepared; those that fail, too."""
        items = self.mine(PLANTED, lambda item: item[2])
        self.assertGreaterEqual(len(items), 60)
        run_all(self.connect(self.server.port, "planted"), SETUP)
        with Watched(self.server) as w:
            db = self.connect(w.proxy.port, "planted", client_flag=CLIENT.MULTI_STATEMENTS)
            for item in items:
                run_all(db, item[3])
            dump = w.proxy.admin("/sessions/1/hex")
            w.evidence.add("hex of the session", dump)
            db.close()
            for item in items:
                run_prepared(w.proxy.port, "bare", "planted", [text for text in item[3] if not text.startswith("DROP")])
            evidence = w.finish()
            self.assert_hidden(evidence, {secret: item[0] for item in items for secret in item[4]})
            self.assertGreater(len(w.proxy.records("query")), 2 * len(items))

    def test_rows(self):
        """What a secret stands beside is told, and the secret is not, in the text protocol and the binary one."""
        items = self.mine(ROWS, lambda item: item["server"])
        self.assertGreaterEqual(len(items), 20)
        beside = self.connect(self.server.port, "planted")
        with Watched(self.server) as w:
            db = self.connect(w.proxy.port, "planted")
            came = {}
            for item in items:
                run_all(beside, item["setup"])
                came[item["name"]] = run_all(db, item["run"])
                w.evidence.add(f"hex of {item['name']}", w.proxy.admin("/sessions/1/hex"))
                if item["again"]:
                    run_prepared(w.proxy.port, "bare", "planted", item["run"])
            db.close()
            evidence = w.finish()
            log = w.proxy.records("query")
            self.assert_hidden(evidence, {secret: item["name"] for item in items for secret in item["secrets"]})
            rows = str([r["first_rows"] for r in log if "first_rows" in r])
            for item in items:
                for word in item["visible"]:
                    if word in str(came[item["name"]]):
                        self.assertIn(word, rows, item["name"])
            # what the servers answered did have them, mostly: else nothing is tested
            seen = [item["name"] for item in items if any(secret in str(came[item["name"]]) for secret in item["secrets"])]
            self.assertGreaterEqual(len(seen), 20, seen)

    def test_packets(self):
        """Cut, split, sent ahead, of other kinds than statements."""
        items = self.mine(PACKETS, lambda item: item[1])
        self.assertGreaterEqual(len(items), 20)
        self.server.sql("CREATE TABLE person (id INT, nick VARCHAR(40), password VARCHAR(255), bio TEXT)", "planted")
        with Watched(self.server, expect_opaque=True) as w:  # what has a wrong number, in an authentication, is no command
            secrets = {}
            for i, (name, _, play) in enumerate(items):
                secret = f"Sekrot{i:03d}p"
                secrets[secret] = name
                play(Place(w.proxy.port, self.server, self.kind), secret)
                w.proxy.idle()
            evidence = w.finish()
            self.assert_hidden(evidence, secrets)
            # what is none is shown: the session does not go dark
            packets = [r for r in w.proxy.records("packet") if "packet_bytes" in r]
            self.assertTrue(any(r["packet_name"] == "COM_QUERY" for r in packets))

    def test_what_is_none_stays(self):
        """Statements and rows beside: they are told, and so are their packets."""
        with Watched(self.server) as w:
            db = self.connect(w.proxy.port, "planted")
            run_all(db, ["CREATE TABLE plain (id INT, nick VARCHAR(40), note VARCHAR(80))", "INSERT INTO plain VALUES (1, 'Visibleone', 'a passage')",
                         "SELECT id, nick, note FROM plain", "ALTER USER nobody@localhost IDENTIFIED BY 'hidden'", "SELECT nick FROM plain", "SHOW WARNINGS",
                         "SHOW TABLES", "SHOW VARIABLES LIKE 'version'", "DESCRIBE plain", "SELECT 'Visibletwo'", "SELECT user, plugin FROM mysql.user"])
            db.close()
            w.finish()
            rows = [r for r in w.proxy.records("query") if "first_rows" in r]
            self.assertTrue(rows)
            self.assertEqual([r["query"] for r in rows if "redacted" in r], [])
            packets = "".join(r.get("packet_bytes", "") for r in w.proxy.records("packet"))
            for word in ("SELECT id, nick, note", "Visibleone", "a passage", "Visibletwo", "SHOW TABLES"):
                self.assertIn(word.encode().hex(), packets)


class MariaDB(Manual, unittest.TestCase):
    kind = "mariadb"

    @classmethod
    def setUpClass(cls):
        cls.server = lab.Server("mariadb-planted", ["--log-bin=binlog", "--server-id=1", "--performance-schema=ON", "--binlog-format=STATEMENT",
                                                    "--performance-schema-consumer-events-statements-history=ON",
                                                    "--performance-schema-consumer-events-statements-history-long=ON",
                                                    "--performance-schema-instrument=statement/%=ON"])
        cls.server.sql("CREATE USER bare@'%'; GRANT ALL ON *.* TO bare@'%' WITH GRANT OPTION")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()


@unittest.skipUnless(lab.mysql9_root(), "no MySQL 9 (script/mysql9)")
class MySQL9(Manual, unittest.TestCase):
    kind = "mysql"
    user = ("bare", "")

    @classmethod
    def setUpClass(cls):
        cls.server = lab.Mysql9()
        cls.server.sql("GRANT ALL ON *.* TO bare@'%' WITH GRANT OPTION;"
                       "UPDATE performance_schema.setup_consumers SET ENABLED='YES' WHERE NAME LIKE 'events_statements%'")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()


if __name__ == "__main__":
    unittest.main()
