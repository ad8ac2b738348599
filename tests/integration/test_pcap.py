"""Capture files of the recorder: does Wireshark's dissector find in them what the log has?"""
import os
import shutil
import subprocess
import unittest

import lab

SECRET = "hunter2-planted"
SQL = f"""SELECT 1; SELECT * FROM nowhere; SELECT REPEAT('a', 300000) AS r; SELECT 'after';
SET PASSWORD FOR planted@localhost = PASSWORD('{SECRET}'); SELECT '{'x' * 1000}'; SELECT 'last'""".encode()
LOGINS = [["--skip-ssl"], ["--ssl"], ["--skip-ssl", "--compress"], ["--ssl", "--compress"]]


def tshark(path, *fields, more=()):
    """What tshark finds in a file: a tuple of the fields of each packet."""
    wanted = [w for field in fields for w in ("-e", field)]
    done = subprocess.run(["tshark", "-n", "-r", path, "-T", "fields", *wanted, *more], capture_output=True, timeout=lab.PATIENCE_S)
    if done.returncode != 0:
        raise AssertionError(done.stderr.decode())
    return [tuple(line.split("\t")) for line in done.stdout.decode().splitlines()]


def hidden(query):
    """How a statement with a password looks in a capture file."""
    return "*" * len(query.replace("<secret>", SECRET).encode()) if "<secret>" in query else query


@unittest.skipUnless(shutil.which("tshark"), "needs tshark")
class CaptureFiles(unittest.TestCase):
    def save(self, proxy, session):
        path = os.path.join(lab.FOLDER, f"session-{session}.pcapng")
        data = proxy.admin(f"/sessions/{session}/pcap")
        self.assertNotIn(SECRET.encode(), data)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def test_tshark_lists_the_same_queries_as_the_log(self):
        """Of plain sessions, and of TLS and compression without any key."""
        lab.tls_server().sql("CREATE OR REPLACE USER planted@localhost")
        with lab.Proxy("--capture-packet-bytes=4096", remote=f"127.0.0.1:{lab.tls_server().port}") as proxy:
            for login in LOGINS:
                run = lab.run("mariadb", "--no-defaults", "--force", "-h127.0.0.1", f"-P{proxy.port}", "-uroot", *login, input=SQL)
                self.assertIn(b"last", run.stdout, run.stderr)
            records = proxy.settled("query")
            for session, login in enumerate(LOGINS, 1):
                with self.subTest(login=login):
                    path = self.save(proxy, session)
                    logged = [hidden(r["query"]) for r in records if r["conn_id"] == session and "query" in r]
                    packets = tshark(path, "mysql.query", "mysql.error_code", "tcp.analysis.flags", "mysql.user", "frame.comment")
                    self.assertEqual([q for q, *_ in packets if q], logged)
                    self.assertIn("1046", [error for _, error, *_ in packets])
                    self.assertFalse([flags for _, _, flags, *_ in packets if flags])
                    self.assertEqual([user for *_, user, _ in packets if user], ["root"])
                    digests = [r["digest"] for r in records if r["conn_id"] == session and "digest" in r and "<secret>" not in r["query"]]
                    comments = "".join(comment for *_, comment in packets)
                    self.assertEqual([d for d in digests if d not in comments], [])

    def test_a_session_without_its_beginning(self):
        """The recorder no longer has the login; what follows is decoded with the flags of the session."""
        with lab.Proxy("--capture-bytes=16384", "--workers", "1") as proxy:
            statements = "".join(f"SELECT {n} AS n;" for n in range(500))
            self.assertEqual(lab.client(proxy.port, input=statements.encode()).returncode, 0)
            records = proxy.settled("query")
            packets = tshark(self.save(proxy, 1), "mysql.query", "mysql.user", "frame.comment", "mysql.schema")
            queries = [q for q, *_ in packets if q]
            self.assertGreater(len(queries), 10)
            self.assertEqual(queries, [r["query"] for r in records if "query" in r][-len(queries):])
            self.assertIn("not kept any more", packets[0][2])
            self.assertEqual([(user, schema) for _, user, _, schema in packets if user], [("root", "shop")])


@unittest.skipUnless(shutil.which("tshark"), "needs tshark")
class Streams(unittest.TestCase):
    """querytap pcap, read by tshark."""

    def follow(self, proxy, *args):
        """Run the command; its packets go to a file."""
        path = os.path.join(lab.FOLDER, f"stream-{'-'.join(args).replace(':', '-')}.pcapng")
        with open(path, "wb") as out:
            process = subprocess.Popen([lab.BINARY, "pcap", "--admin", proxy.admin_addr, *args], stdout=out, stderr=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        lab.wait_for(lambda: os.path.getsize(path) > 0, "the head of the file")
        return process, path

    def await_text(self, path, text):
        def found():
            with open(path, "rb") as f:
                return text in f.read()
        lab.wait_for(found, f"{text} in {path}")

    def queries(self, path):
        return [q for q, in tshark(path, "mysql.query") if q]

    def test_streams(self):
        with lab.Proxy() as proxy:
            first = subprocess.Popen(["mariadb", "--no-defaults", "-h127.0.0.1", f"-P{proxy.port}", "--skip-ssl", "-uroot", "--unbuffered"],
                                     stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            self.addCleanup(first.wait)
            self.addCleanup(first.kill)
            first.stdin.write(b"SELECT 'early';\n")
            first.stdin.flush()
            proxy.wait_record(lambda r: "early" in r.get("query", ""), "the first statement")
            everything, all_path = self.follow(proxy)
            one, one_path = self.follow(proxy, "1")
            some, some_path = self.follow(proxy, "err:1146")
            self.await_text(all_path, b"early")  # of an open session, what is kept comes first
            lab.client(proxy.port, "--force", input=b"SELECT 'second'; SELECT * FROM nowhere; SELECT 'last'")
            self.await_text(all_path, b"last")
            first.communicate(b"SELECT 'late';\n")
            self.assertEqual((one.wait(lab.PATIENCE_S), one.stderr.read()), (0, b""))  # with its session
            self.await_text(all_path, b"late")
            self.await_text(some_path, b"last")
            proxy.settled()
            self.assertEqual(lab.querytap("pcap", "--admin", proxy.admin_addr, "3").returncode, 1)
            self.assertEqual(lab.querytap("pcap", "--admin", proxy.admin_addr, "nonsense:1").returncode, 2)
            ended, ended_path = self.follow(proxy, "2")
            self.assertEqual(ended.wait(lab.PATIENCE_S), 0)
            lab.wait_for(lambda: all(os.path.getsize(p) % 4 == 0 for p in (all_path, some_path)), "whole blocks")
            self.assertEqual(self.queries(one_path), ["SELECT 'early'", "SELECT 'late'"])
            self.assertEqual(self.queries(ended_path), ["SELECT 'second'", "SELECT * FROM nowhere", "SELECT 'last'"])
            self.assertEqual(self.queries(some_path), self.queries(ended_path))
            self.assertEqual(sorted(self.queries(all_path)), sorted(self.queries(one_path) + self.queries(ended_path)))
            self.assertFalse([f for f, in tshark(all_path, "tcp.analysis.flags") if f])
        self.assertEqual(everything.wait(lab.PATIENCE_S), 0)  # with the proxy
        self.assertEqual(some.wait(lab.PATIENCE_S), 0)


if __name__ == "__main__":
    unittest.main()
