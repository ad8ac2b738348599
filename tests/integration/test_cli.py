"""The commands, against a running proxy."""
import json
import os
import signal
import socket
import subprocess
import tempfile
import unittest

import lab
from rawclient import Gone, RawClient
from terminal import Terminal, columns


class Commands(unittest.TestCase):
    def test_sessions_hex_kill(self):
        with lab.Proxy() as proxy:
            at = ["--admin", proxy.admin_addr]
            c = RawClient(proxy.port)
            c.query("SELECT 'seen in hex'")
            listing = lab.querytap("sessions", *at)
            self.assertEqual(listing.returncode, 0, listing.stderr)
            self.assertIn(b"root@shop", listing.stdout)
            self.assertIn(b"1 session\n", listing.stdout)
            sessions = json.loads(lab.querytap("sessions", *at, "--format", "json").stdout)["sessions"]
            number = str(sessions[0]["conn_id"])
            self.assertEqual((sessions[0]["username"], sessions[0]["phase"]), ("root", "ready"))
            dump = lab.querytap("hex", *at, number).stdout.decode()
            self.assertRegex(dump, r"client > server  seq 0  len 21  COM_QUERY\n  000000  03 53 45 4c")
            self.assertIn("seen in hex", dump.replace("\n", ""))
            self.assertIn("(not shown: authentication data, or it may contain a password)", dump)
            self.assertEqual(lab.querytap("hex", *at, "999").returncode, 1)
            self.assertEqual(lab.querytap("sessions", *at, "kill", number).returncode, 0)
            with self.assertRaises(Gone):
                c.query("SELECT 1")
            self.assertEqual(proxy.settled("disconnect")[0]["reason"], "killed through the admin port")
            self.assertEqual(lab.querytap("sessions", *at, "kill", number).returncode, 1)

    def test_stages(self):
        with lab.Proxy() as proxy:
            table = lab.querytap("stages", "--admin", proxy.admin_addr).stdout.decode()
            for stage in ("session", "link", "dissect", "journal", "admin", "profile"):
                self.assertRegex(table, rf"(?m)^{stage} +\d+")
            stages = json.loads(lab.querytap("stages", "--admin", proxy.admin_addr, "--format=json").stdout)
            journal = next(s for s in stages["stages"] if s["stage"] == "journal")
            self.assertGreater(journal["current_number_of_bytes_used"], 1 << 20)

    def test_widths(self):
        """A list of sessions fits into 80 columns of a terminal, and the stages into 120. Whatever is not a terminal gets whole names."""
        user = "a_user_with_a_long_name_indeed"
        database = "a_database_with_a_long_name_as_well"
        client = RawClient(lab.server().port)
        try:
            client.query(f"CREATE DATABASE {database}")
            client.query(f"CREATE USER {user}")
            client.query(f"GRANT ALL ON {database}.* TO {user}")
            with lab.Proxy("-l", "[::1]:0", "--workers", "1") as proxy:
                c = RawClient(proxy.port, host="::1", user=user, database=database)
                c.send(0, b"\x03SELECT SLEEP(1000) /* a statement that is longer than the rest of the line */")
                lab.wait_for(lambda: proxy.json("/sessions")["sessions"][0]["command"] != "", "the statement to run")
                for command, width, words in (("sessions", 80, ("a_user_w…as_well", "[::1]:", "QUERY", "…")), ("sessions", 100, ("QUERY ",)),
                                              ("sessions", 160, ("a_user_wi…_as_well", "COM_QUERY", "SENT", "SELECT SLEEP(1000)")),
                                              ("stages", 120, ("CURRENT", "bytes, records", "openssl"))):
                    with Terminal(lab.BINARY, command, "--admin", proxy.admin_addr, width=width) as terminal:
                        status, output = terminal.end()
                    lines = output.decode().replace("\r", "").splitlines()
                    self.assertEqual((status, [line for line in lines if columns(line) > width]), (0, []))
                    for word in words:
                        self.assertIn(word, "\n".join(lines))
                whole = lab.querytap("sessions", "--admin", proxy.admin_addr).stdout.decode()
                self.assertIn(f"{user}@{database}", whole)
                self.assertIn("SELECT SLEEP(1000) /* a statement that is longer than the rest of the line */", whole)
                proxy.post("/sessions/1/kill")
                c.close()
        finally:
            client.query(f"DROP DATABASE {database}")
            client.query(f"DROP USER {user}")
            client.quit()

    def test_without_records(self):
        """Nothing reads them: statements are counted all the same, and who asks for records is told why there are none."""
        quiet = ("--log", "off", "--log-recent-bytes", "0", "--log-digests", "0")
        with lab.Proxy(*quiet, log=None) as proxy:
            at = ["--admin", proxy.admin_addr]
            c = RawClient(proxy.port)
            for i in range(5):
                c.query(f"SELECT {i}")
            tail = lab.querytap("tail", *at)
            self.assertEqual(tail.returncode, 1)
            self.assertIn(b"log.recent_bytes is 0", tail.stderr)
            sessions = json.loads(lab.querytap("sessions", *at, "--format", "json").stdout)["sessions"]
            self.assertEqual(sessions[0]["phase"], "ready")
            self.assertIn(b"SELECT 4", lab.querytap("hex", *at, str(sessions[0]["conn_id"])).stdout.replace(b"\n", b""))
            self.assertEqual(proxy.counters()["statements"], 5)
            c.quit()

    def test_hex_of_a_session_that_has_ended(self):
        with lab.Proxy("--workers", "1", "--capture-bytes", "300K") as proxy:
            def dump(number):
                return lab.querytap("hex", "--admin", proxy.admin_addr, str(number))
            c = RawClient(proxy.port)
            c.query("SELECT 'seen in hex'")
            try:
                c.query("CREATE USER gone@localhost IDENTIFIED BY 'Sekrit4711'")
            finally:
                c.query("DROP USER IF EXISTS gone@localhost")
            c.quit()
            proxy.idle()
            shown = dump(1)
            self.assertEqual((shown.returncode, shown.stderr), (0, b""))
            self.assertRegex(shown.stdout, rb"^\(this session has ended; its last \d+ packets are still kept\)\n")
            self.assertRegex(shown.stdout, rb"server > client  seq 0  len \d+  greeting")
            self.assertIn(b".SELECT 'seen in", shown.stdout)
            self.assertRegex(shown.stdout, rb"client > server  seq 0  len 1  COM_QUIT")
            self.assertNotIn(b"Sekrit", shown.stdout)
            self.assertNotIn(b"4711", shown.stdout)
            # newer packets replace them
            c = RawClient(proxy.port)
            for _ in range(2000):
                c.query("SELECT 'another one'")
            c.quit()
            proxy.idle()
            self.assertEqual((dump(1).returncode, dump(1).stderr),
                             (1, b"session 1 has ended, and its packets are no longer kept\n"))
            self.assertEqual((dump(9).returncode, dump(9).stderr), (1, b"there is no session 9\n"))
            self.assertEqual(dump(2).returncode, 0)

    def test_tail(self):
        with lab.Proxy() as proxy:
            tail = subprocess.Popen([lab.BINARY, "tail", "--admin", proxy.admin_addr, "--format", "json"],
                                    stdout=subprocess.PIPE)
            try:
                # it shows what comes from now on: speak until it hears
                c = RawClient(proxy.port)
                os.set_blocking(tail.stdout.fileno(), False)

                def heard():
                    c.query("SELECT 'tail'")
                    return tail.stdout.readline()
                line = lab.wait_for(heard, "a line from tail")
                self.assertIn(json.loads(line)["event"], ("query", "connect", "auth", "notice"))
                c.quit()
            finally:
                tail.terminate()
                tail.wait()
                tail.stdout.close()
            lab.wait_for(lambda: proxy.counters()["sessions"] == 0, "the session to end")

    def follow(self, proxy):
        """Start tail, and wait until it follows the log."""
        tail = subprocess.Popen([lab.BINARY, "tail", "--admin", proxy.admin_addr, "--format", "json"], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
        self.addCleanup(tail.communicate)
        self.addCleanup(tail.kill)
        lab.wait_for(lambda: proxy.counters()["admin_streams"] == 1, "tail to follow")
        return tail

    def test_tail_when_the_proxy_stops(self):
        """All records arrive, also those that the stop itself makes; then tail ends and says why."""
        with lab.Proxy() as proxy:
            tail = self.follow(proxy)
            c = RawClient(proxy.port)
            c.query("SELECT 'the last statement'")
            proxy.stop()
            out, err = tail.communicate(timeout=lab.PATIENCE_S)
        events = [json.loads(line) for line in out.splitlines()]
        self.assertIn("SELECT 'the last statement'", [e.get("query") for e in events])
        self.assertEqual(events[-1]["event"], "disconnect")
        self.assertIn(f"the proxy at {proxy.admin_addr} has stopped".encode(), err)
        self.assertEqual(tail.returncode, 0)

    def test_tail_when_the_proxy_is_lost(self):
        proxy = lab.Proxy()
        try:
            tail = self.follow(proxy)
            proxy.process.kill()
            out, err = tail.communicate(timeout=lab.PATIENCE_S)
        finally:
            proxy.stop(check=False)
        self.assertEqual(out, b"")
        self.assertIn(f"the connection to the proxy at {proxy.admin_addr} was lost".encode(), err)
        self.assertEqual(tail.returncode, 1)

    def test_tail_when_the_user_stops_it(self):
        with lab.Proxy() as proxy:
            tail = self.follow(proxy)
            tail.send_signal(signal.SIGINT)
            self.assertEqual(tail.communicate(timeout=lab.PATIENCE_S), (b"", b""))
            self.assertEqual(tail.returncode, 0)

    def test_nobody_there(self):
        done = lab.querytap("stages", "--admin", f"127.0.0.1:{lab.free_port()}")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"is a proxy running there?", done.stderr)
        for wrong in ("nonsense", "6060", "unix:/no/such/folder/q", "192.0.2.1", "off"):  # no name is looked up, no other host is contacted
            self.assertEqual(lab.querytap("stages", "--admin", wrong).returncode, 2)

    def test_address_without_its_host(self):
        with lab.Proxy() as proxy:
            port = proxy.admin_addr.rpartition(":")[2]
            for address in (f":{port}", f"localhost:{port}"):
                done = lab.querytap("stages", "--admin", address)
                self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_config(self):
        done = lab.querytap("config", "print")
        self.assertEqual(done.returncode, 0)
        with open(os.path.join(lab.TOP, "etc", "querytap.cfg"), "rb") as f:
            self.assertEqual(done.stdout, f.read(), "etc/querytap.cfg differs from `querytap config print`")
        self.assertEqual(lab.querytap("config", "check", os.path.join(lab.TOP, "etc", "querytap.cfg")).returncode, 0)
        self.assertEqual(lab.querytap("config", "nonsense").returncode, 2)

    def test_version_and_help(self):
        self.assertIn(b"querytap ", lab.querytap("version").stdout)
        for command in ("proxy", "tail", "sessions", "stages", "heap", "hex", "config", "schema", "version", "help"):
            self.assertIn(b"Usage: querytap " + command.encode(), lab.querytap("help", command).stdout)

    def test_manual_is_complete(self):
        with open(os.path.join(lab.TOP, "doc", "querytap.1")) as f:
            manual = f.read().replace("\\-", "-")
        with lab.Proxy() as proxy:
            settings = proxy.json("/settings")
            page = proxy.admin("/").decode()
        for name in settings:
            self.assertIn(name, manual)
        self.assertIn("/debug/pprof/heap", page)

    def test_page(self):
        with lab.Proxy() as proxy:
            page = proxy.admin("/").decode()
            for path in ("/sessions", "/records", "/stages", "/counters", "/healthz", "/debug/pprof/"):
                self.assertIn(path, page)
                proxy.admin(path)
            for path in ("/sessions", "/stages", "/counters", "/settings", "/healthz", "/debug/pprof/"):
                proxy.json(path)

    def test_live_hex(self):
        with lab.Proxy("--hex", "--log-format", "text") as proxy:
            c = RawClient(proxy.port)
            c.query("SELECT 'live'")
            c.quit()
            proxy.idle()
            text = lab.wait_for(lambda: (t := open(proxy.log_path).read()) and "disconnect" in t and t, "the log")
            self.assertRegex(text, r"client > server  seq 0  len 14  COM_QUERY\n  000000  03 53 45 4c")
            self.assertRegex(text, r"SELECT 'live'\n")

    def test_the_admin_port_on_a_unix_socket(self):
        path = os.path.join(lab.FOLDER, "admin.sock")
        with lab.Proxy("--admin", f"unix:{path}") as proxy:
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            lab.client(proxy.port, "-e", "SELECT 'seen over a socket'")
            for command in (["sessions"], ["stages"], ["top"], ["heap", "verdicts"], ["heap", "mark", "here"]):
                done = lab.querytap(*command, "--admin", f"unix:{path}")
                self.assertIn(done.returncode, (0, 1) if command[-1] == "verdicts" else (0,), (command, done.stderr))
            tail = subprocess.Popen([lab.BINARY, "tail", "-n", "100", "--admin", f"unix:{path}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertTrue(any(b"seen over a socket" in line for line in tail.stdout))
            done = lab.querytap("proxy", "-l", "127.0.0.1:0", "--admin", f"unix:{path}")
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"another program uses it", done.stderr)
            proxy.stop()
            self.assertIn(b"has stopped", tail.communicate(timeout=lab.PATIENCE_S)[1])
        self.assertFalse(os.path.exists(path))
        done = lab.querytap("stages", "--admin", f"unix:{path}")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"no response from the admin port", done.stderr)

    @unittest.skipIf(os.geteuid() != 0, "needs root, to connect as another user")
    def test_the_user_of_an_admin_socket(self):
        """The permissions of the file are not all: the user is checked, unless the setting admits others."""
        def status(path):
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(lab.PATIENCE_S)
                os.seteuid(65534)
                try:
                    s.connect(path)
                finally:
                    os.seteuid(0)
                s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return s.recv(100).split()[1]
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            path = os.path.join(folder, "admin.sock")
            with lab.Proxy("--admin", f"unix:{path}") as proxy:
                with self.assertRaises(PermissionError):
                    status(path)
                os.chmod(path, 0o666)
                self.assertEqual([status(path), status(path)], [b"403", b"403"])
                self.assertEqual(proxy.stderr().count(b"another user (uid 65534, pid "), 1)
                self.assertEqual(proxy.counters()["admin_refused"], 2)
            with lab.Proxy("--admin", f"unix:{path}", "--admin-socket-mode", "0666"):
                self.assertEqual(os.stat(path).st_mode & 0o777, 0o666)
                self.assertEqual(status(path), b"200")

    def test_unix_sockets_and_reopen(self):
        path = os.path.join(lab.FOLDER, "listen.sock")
        with lab.Proxy("-l", f"unix:{path}", remote=f"unix:{lab.server().socket}") as proxy:
            done = lab.run("mariadb", "--no-defaults", "-uroot", f"-S{path}", "-e", "SELECT 'over a socket'")
            self.assertEqual(done.returncode, 0, done.stderr)
            proxy.settled()
            os.rename(proxy.log_path, proxy.log_path + ".1")
            proxy.process.send_signal(10)  # SIGUSR1
            lab.wait_for(lambda: os.path.exists(proxy.log_path), "the log to be opened again")
            done = lab.run("mariadb", "--no-defaults", "-uroot", f"-S{path}", "-e", "SELECT 'in the new file'")
            proxy.wait_record(lambda r: r.get("query") == "SELECT 'in the new file'", "the record")
            proxy.idle()
        self.assertFalse(os.path.exists(path))


if __name__ == "__main__":
    unittest.main()
