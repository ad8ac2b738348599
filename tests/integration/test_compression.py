"""Compressed sessions: decoded for the log, and not a byte of them changed."""
import subprocess
import unittest

import lab
from recorder import Recorder

PHP = """
$c = mysqli_init();
$c->real_connect('127.0.0.1', 'pw', 'secret', 'shop', (int)$argv[1], null, MYSQLI_CLIENT_COMPRESS);
for ($i = 0; $i < 20; $i++) {
    $s = $c->prepare("SELECT ?, REPEAT('x', ?)");
    $n = $i * 1000; $s->bind_param('ii', $i, $n); $s->execute();
    echo $s->get_result()->fetch_row()[0], "\\n";
}
$c->change_user('pw', 'secret', 'shop');
echo $c->query("SELECT 'after'")->fetch_row()[0], "\\n";
"""


class Compression(unittest.TestCase):
    def run_both(self, work, remote_port):
        """work(port) through recorders on both sides; the bytes are the same, and the records are returned."""
        inner = Recorder(remote_port)
        with lab.Proxy(remote=f"127.0.0.1:{inner.port}") as proxy:
            outer = Recorder(proxy.port)
            work(outer.port)
            outer.finish()
            inner.finish()
            records = proxy.settled()
        for (to_proxy, to_client), (to_server, from_server) in zip(outer.connections, inner.connections):
            self.assertEqual(bytes(to_client), bytes(from_server))
            self.assertEqual(bytes(to_server), bytes(to_proxy))
        self.assertFalse([r for r in records if r["event"] == "notice"])
        return records

    def test_command_line(self):
        def work(port):
            run = lab.client(port, "--compress", input=b"SELECT 1; SELECT REPEAT('a', 3000000) AS r; SELECT 'last'")
            self.assertIn(b"last", run.stdout)
        records = self.run_both(work, lab.server().port)
        self.assertEqual([r["compression"] for r in records if r["event"] == "auth"], ["zlib"])
        self.assertEqual([(r["query"], r["rows"]) for r in records if r.get("command") == "COM_QUERY"][-3:],
                         [("SELECT 1", 1), ("SELECT REPEAT('a', 3000000) AS r", 1), ("SELECT 'last'", 1)])

    def test_php(self):
        def work(port):
            run = subprocess.run(["php", "-r", PHP, str(port)], capture_output=True, timeout=lab.PATIENCE_S)
            self.assertEqual(run.stdout.split()[-2:], [b"19", b"after"], run.stderr)
        records = self.run_both(work, lab.server().port)
        executed = [r["stmt_execute_values"] for r in records if r.get("command") == "COM_STMT_EXECUTE"]
        self.assertEqual(executed, [[i, i * 1000] for i in range(20)])

    def test_within_tls(self):
        with lab.Proxy(remote=f"127.0.0.1:{lab.tls_server().port}") as proxy:
            run = lab.run("mariadb", "--no-defaults", "-h127.0.0.1", f"-P{proxy.port}", "-upw", "-psecret", "--compress", "--ssl",
                          "-e", "SELECT 'both'")
            self.assertIn(b"both", run.stdout, run.stderr)
            auth = proxy.settled("auth")[0]
            self.assertEqual((auth["compression"], auth["tls"][:3]), ("zlib", "TLS"))
            self.assertIn("SELECT 'both'", proxy.statements())

    def test_large(self):
        """Statements and results of many packets."""
        def work(port):
            text = b"SELECT LENGTH('" + b"q" * (20 << 20) + b"'), REPEAT('w', 40000000)"
            run = lab.client(port, "--compress", "--max-allowed-packet=1G", input=text)
            self.assertEqual(len(run.stdout.split(b"\n")[1]), 40000000 + 9, run.stderr)
        records = self.run_both(work, lab.server().port)
        large = [r for r in records if r.get("command") == "COM_QUERY"][-1]
        self.assertEqual(large["query_length"], (20 << 20) + 40)
        self.assertEqual(large["rows"], 1)
