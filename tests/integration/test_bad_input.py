"""Bad input of every kind: a clear message, a count, no crash, and other sessions go on."""
import os
import resource
import socket
import struct
import subprocess
import threading
import unittest

import lab
from rawclient import CAPABILITIES, Gone, RawClient, Refused, packet


def shut(s):
    """End of file for the peer, unless it has reset the connection: a server that closes before it has read all does so."""
    try:
        s.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Settings(unittest.TestCase):
    def file(self, text):
        path = os.path.join(lab.FOLDER, "bad.cfg")
        with open(path, "w") as f:
            f.write(text)
        return path

    def refused(self, *args):
        done = lab.querytap("proxy", *args)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertFalse(lab.SANITIZED.search(done.stderr), done.stderr)
        return done.stderr.decode()

    def test_unknown_setting(self):
        path = self.file('workers = 1;\nlimits = {\n  sesions = 5;\n};\n')
        said = self.refused("-c", path)
        self.assertIn(f"{path}:3: unknown setting 'limits.sesions', did you mean 'limits.sessions'?", said)

    def test_out_of_range(self):
        path = self.file('workers = 1000;\n')
        self.assertIn(f"{path}:1: setting 'workers' must be from 0 to 64, not 1000", self.refused("-c", path))
        self.assertIn("--workers: setting 'workers' must be from 0 to 64", self.refused("--workers", "65"))

    def test_wrong_kind(self):
        path = self.file('hex = "perhaps";\n')
        self.assertIn(f"{path}:1: setting 'hex' must be true or false", self.refused("-c", path))
        self.assertIn("must be one of auto, text, json", self.refused("--format", "xml"))
        for wrong in ("/nowhere", "3308", "db:", "::1", ":99999"):
            self.assertIn("must be host:port", self.refused("-l", wrong, "--log", "off"))

    def test_syntax(self):
        path = self.file('workers = = 2;\n')
        self.assertIn(f"{path}:1: syntax error", self.refused("-c", path))
        self.assertIn("No such file", self.refused("-c", "/nowhere/at/all.cfg"))

    def test_unknown_flag(self):
        self.assertIn("unknown option --frobnicate", self.refused("--frobnicate"))
        self.assertIn("needs a value", self.refused("--listen"))
        self.assertEqual(lab.querytap("frobnicate").returncode, 2)
        self.assertEqual(lab.querytap().returncode, 2)

    def test_too_large_together(self):
        said = self.refused("--limits-query-bytes", "32M", "--log-ring-bytes", "1M")
        self.assertIn("limits.query_bytes", said)
        self.assertIn("log.ring_bytes", said)

    def test_admin_must_be_loopback(self):
        said = self.refused("--admin", "0.0.0.0:0", "-l", "127.0.0.1:0", "--log", "off")
        self.assertIn("must be a loopback address", said)


class Places(unittest.TestCase):
    def failed(self, *args):
        done = lab.querytap("proxy", "--admin", "127.0.0.1:0", *args)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertFalse(lab.SANITIZED.search(done.stderr), done.stderr)
        return done.stderr.decode()

    def test_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            address = f"127.0.0.1:{s.getsockname()[1]}"
            self.assertIn(f"can't listen on {address}: Address already in use", self.failed("-l", address, "--log", "off"))
            done = lab.querytap("proxy", "-l", "127.0.0.1:0", "--admin", address, "--log", "off")
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"the admin port can't listen on {address}", done.stderr.decode())

    def test_missing_folder(self):
        said = self.failed("-l", "127.0.0.1:0", "--log", "/nowhere/at/all.log")
        self.assertIn("log file /nowhere/at/all.log: No such file or directory", said)

    def test_full_disk(self):
        """Statements go on; what could not be written is counted, and said once."""
        with lab.Proxy("--log", "/dev/full", "--log-format", "json", log=None) as proxy:
            c = RawClient(proxy.port)
            for _ in range(50):
                self.assertEqual(c.query("SELECT 1"), 1)
            lab.wait_for(lambda: proxy.counters()["log_errors"] > 0, "a failed write")
            self.assertEqual(c.query("SELECT 1"), 1)
            c.quit()
            self.assertEqual(proxy.stderr().count(b"No space left on device"), 1)

    @unittest.skipUnless(os.geteuid() == 0, "a small file system can be mounted by root only")
    def test_disk_full_and_back(self):
        folder = os.path.join(lab.FOLDER, "small")
        os.makedirs(folder, exist_ok=True)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], capture_output=True).returncode != 0:
            self.skipTest("mount is not allowed here")
        try:
            path = os.path.join(folder, "log")
            filler = os.path.join(folder, "filler")
            with open(filler, "wb") as f:
                f.write(bytes(60 * 1024))
            with lab.Proxy("--log", path, "--log-format", "json", log=None) as proxy:
                c = RawClient(proxy.port)
                for _ in range(100):
                    c.query("SELECT 'written while the disk is full'")
                lab.wait_for(lambda: proxy.counters()["log_errors"] > 0, "a failed write")
                os.unlink(filler)
                c.quit()
                lab.wait_for(lambda: b"can be written again" in proxy.stderr(), "the log to recover")
                proxy.idle()
                proxy.log_path = path
                proxy.wait_record(lambda r: r["event"] == "disconnect", "the last record")
                self.assertEqual(len([r for r in proxy.records("query") if r["command"] == "COM_QUERY"]), 100)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)

    def test_reader_of_stdout_goes_away(self):
        with lab.Proxy("--log", "-", "--log-format", "json", log=False) as proxy:  # /dev/null: written to, never full
            c = RawClient(proxy.port)
            c.query("SELECT 1")
            c.quit()
            proxy.idle()


class Upstream(unittest.TestCase):
    def serve(self, talk):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def work():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(lab.PATIENCE_S)
                    talk(connection)
        threading.Thread(target=work, daemon=True).start()
        return f"127.0.0.1:{listener.getsockname()[1]}"

    def test_down(self):
        remote = f"127.0.0.1:{lab.free_port()}"
        with lab.Proxy(remote=remote) as proxy:
            with self.assertRaises(Refused) as refused:
                RawClient(proxy.port)
            self.assertEqual(refused.exception.args[0], 1053)
            self.assertIn(f"can't connect to upstream {remote}: Connection refused", refused.exception.args[1])
            done = lab.client(proxy.port, "-e", "SELECT 1")
            self.assertIn(b"can't connect to upstream", done.stderr)
            proxy.settled()
            self.assertEqual(proxy.counters()["upstream_errors"], 2)
            self.assertEqual(proxy.counters()["closed_upstream_unreachable"], 2)
            self.assertIn("Connection refused", proxy.records("error")[0]["info"])

    def test_unknown_name(self):
        with lab.Proxy("--limits-connect-timeout-ms", "3000", remote="no-such-host.invalid:3306") as proxy:
            with self.assertRaises(Refused) as refused:
                RawClient(proxy.port)
            self.assertIn("no-such-host.invalid:3306", refused.exception.args[1])
            proxy.idle()

    def test_name(self):
        if not lab.knows_localhost():
            self.skipTest("this system does not know localhost")
        with lab.Proxy(remote=f"localhost:{lab.server().port}") as proxy:
            c = RawClient(proxy.port)
            self.assertEqual(c.query("SELECT 1"), 1)
            c.quit()
            proxy.idle()

    def test_closes_at_once(self):
        with lab.Proxy(remote=self.serve(lambda s: None)) as proxy:
            with self.assertRaises(Gone):
                RawClient(proxy.port)
            self.assertEqual(proxy.settled("disconnect")[0]["reason"], "the server closed the connection")

    def test_closes_within_the_greeting(self):
        with lab.Proxy(remote=self.serve(lambda s: s.sendall(b"\x40\0\0\0\x0a5.5")), expect_opaque=True) as proxy:
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=lab.PATIENCE_S) as s:
                got = b""
                while part := s.recv(100):
                    got += part
            self.assertEqual(got, b"\x40\0\0\0\x0a5.5", "held bytes must not be lost")
            proxy.idle()

    def test_speaks_something_else(self):
        with lab.Proxy(remote=self.serve(lambda s: s.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")), expect_opaque=True) as proxy:
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=lab.PATIENCE_S) as s:
                self.assertEqual(s.recv(100), b"SSH-2.0-OpenSSH_9.2\r\n")
            notices = [r for r in proxy.settled("notice")]
            self.assertEqual([n["reason"] for n in notices], ["the server does not speak the MySQL protocol"])
            self.assertEqual(proxy.counters()["opaque"], 1)

    def test_waits_for_the_client(self):
        """A server that does not greet: an HTTP server, asked through the proxy."""
        def talk(s):
            request = s.recv(4096)
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n" +
                      (b"ok" if request.startswith(b"GET / ") else b"??"))
        with lab.Proxy(remote=self.serve(talk), expect_opaque=True) as proxy:
            done = lab.run("curl", "-s", "-m", "20", f"http://127.0.0.1:{proxy.port}/")
            self.assertEqual(done.stdout, b"ok")
            proxy.idle()
            self.assertEqual(proxy.counters()["opaque"], 1)


class Clients(unittest.TestCase):
    def setUp(self):
        self.proxy = lab.Proxy("--limits-login-timeout-ms", "1000", expect_opaque=True)
        self.bystander = RawClient(self.proxy.port)
        self.addCleanup(self.end)

    def end(self):
        """Whatever the bad client did: the other session works, and the proxy ends well."""
        self.assertEqual(self.bystander.query("SELECT 1"), 1)
        self.bystander.quit()
        self.proxy.idle()
        self.proxy.stop()

    def raw(self):
        s = socket.create_connection(("127.0.0.1", self.proxy.port), timeout=lab.PATIENCE_S)
        self.addCleanup(s.close)
        return s

    def drain(self, s):
        try:
            while s.recv(4096):
                pass
        except ConnectionError:
            pass

    def test_http_client(self):
        s = self.raw()
        s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        shut(s)
        self.drain(s)
        self.proxy.wait_record(lambda r: r["event"] == "notice" and "MySQL protocol" in r["reason"] or
                               r["event"] == "notice" and "side that should be waiting" in r["reason"], "a word about it")

    def test_stops_within_the_login(self):
        s = self.raw()
        s.recv(4096)
        s.sendall(b"\x50\0\0\1\x05\xa6")
        self.proxy.wait_record(lambda r: r["event"] == "disconnect" and "login_timeout" in r["reason"], "the timeout")
        self.assertEqual(self.proxy.counters()["closed_login_timeout"], 1)

    def test_says_nothing(self):
        s = self.raw()
        s.recv(4096)
        self.drain(s)
        self.assertEqual(self.proxy.counters()["closed_login_timeout"], 1)

    def test_stops_within_a_command(self):
        c = RawClient(self.proxy.port)
        c.send_bytes(b"\x20\0\0\0\x03SELECT")
        c.close()
        error = self.proxy.wait_record(lambda r: r["event"] == "error" and "truncated" in r["reason"], "the error record")
        self.assertIn("7 of 32 bytes arrived", error["reason"])

    def test_lying_length(self):
        c = RawClient(self.proxy.port)
        c.send_bytes(b"\xff\xff\xff\0\x03SELECT 1")
        shut(c.socket)
        self.drain(c.socket)
        c.close()
        self.proxy.wait_record(lambda r: r["event"] == "error" and "of 16777215 bytes arrived" in r["reason"], "the record")

    def test_wrong_sequence(self):
        c = RawClient(self.proxy.port)
        c.send(9, b"\x03SELECT 1")
        self.drain_client(c)
        self.proxy.wait_record(lambda r: r["event"] == "lint" and r["rule"] == "sequence_start", "the linter's word")

    def drain_client(self, c):
        c.socket.settimeout(lab.PATIENCE_S)
        shut(c.socket)
        self.drain(c.socket)
        c.close()

    def test_reset(self):
        c = RawClient(self.proxy.port)
        c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        c.close()
        self.proxy.wait_record(lambda r: r["event"] == "disconnect" and "reset" in r["reason"], "the disconnect")
        self.assertEqual(self.proxy.counters()["closed_client_reset"], 1)

    def test_insists_on_tls(self):
        """The server of these tests offers no TLS, so the proxy does not either; this client asks all the same."""
        s = self.raw()
        s.recv(4096)
        s.sendall(packet(1, struct.pack("<IIB", CAPABILITIES | 0x800, 1 << 24, 45) + bytes(23)))
        with self.assertRaises(Refused) as refused:
            c = RawClient.__new__(RawClient)
            c.socket, c.buffer = s, bytearray()
            c.read()
        self.assertEqual(refused.exception.args[0], 1043)
        self.assertIn("asked for TLS, which was not offered", refused.exception.args[1])
        s.close()
        self.proxy.wait_record(lambda r: r["event"] == "disconnect" and "refused" in r["reason"], "the disconnect")
        self.assertEqual(self.proxy.counters()["closed_handshake_refused"], 1)

    def test_garbage(self):
        for seed in range(30):
            s = self.raw()
            s.sendall(bytes((seed * 7 + i * i) & 255 for i in range(200)))
            shut(s)
            self.drain(s)
            s.close()


class Limits(unittest.TestCase):
    def test_too_many_sessions(self):
        with lab.Proxy("--limits-sessions", "2") as proxy:
            a, b = RawClient(proxy.port), RawClient(proxy.port)
            with self.assertRaises(Refused) as refused:
                RawClient(proxy.port)
            self.assertEqual(refused.exception.args[0], 1040)
            self.assertIn("limits.sessions was reached", refused.exception.args[1])
            a.quit()
            lab.wait_for(lambda: proxy.counters()["sessions"] == 1, "the session to end")
            c = RawClient(proxy.port)
            self.assertEqual(c.query("SELECT 1") + b.query("SELECT 2"), 2)
            c.quit()
            b.quit()
            self.assertEqual(proxy.counters()["refused"], 1)
            proxy.settled()
            self.assertTrue(any("limits.sessions" in r["reason"] for r in proxy.records("error")))

    def test_no_descriptors_left(self):
        with lab.Proxy("--workers", "1") as proxy:
            first = RawClient(proxy.port)
            # while it runs: at the start it would lower limits.sessions
            resource.prlimit(proxy.process.pid, resource.RLIMIT_NOFILE,
                             (40, resource.prlimit(proxy.process.pid, resource.RLIMIT_NOFILE)[1]))
            held = [socket.create_connection(("127.0.0.1", proxy.port)) for _ in range(40)]
            lab.wait_for(lambda: b"Too many open files" in proxy.stderr(), "a word about it")
            self.assertEqual(first.query("SELECT 1"), 1)
            for s in held:
                s.close()

            def again():
                try:
                    c = RawClient(proxy.port, timeout=5)
                    c.quit()
                    return True
                except (Gone, Refused, OSError):
                    return False
            lab.wait_for(again, "clients to be accepted again")
            self.assertEqual(proxy.stderr().count(b"clients can't be accepted"), 1)
            self.assertGreater(proxy.counters()["accept_errors"], 0)
            first.quit()
            proxy.idle()

    def test_pipeline_bound(self):
        with lab.Proxy("--limits-pipeline", "5", expect_opaque=True) as proxy:
            holder = RawClient(proxy.port)
            self.assertEqual(holder.query("SELECT GET_LOCK('pipeline', 0)"), 1)
            c = RawClient(proxy.port)
            c.send_bytes(packet(0, b"\x03SELECT GET_LOCK('pipeline', 60)") + packet(0, b"\x0e") * 20)
            sent = lambda: [r["bytes_sent"] for r in proxy.json("/sessions")["sessions"] if r["conn_id"] == 2][0]
            before = sent()
            c.send_bytes(packet(0, b"\x0e") * 100)
            pings = 120
            lab.wait_for(lambda: sent() >= before + 500, "the client to be read although no reply comes")
            holder.quit()  # the server releases the lock
            self.assertEqual(c.rows(), 1)
            for _ in range(pings):
                c.expect_ok()  # all are answered, followed or not
            self.assertEqual(c.query("SELECT 'followed again'"), 1)
            c.quit()
            proxy.idle()
            counters = proxy.counters()
            self.assertEqual((counters["opaque"], counters["followed_again"]), (1, 1))
            proxy.settled()
            notice = [r for r in proxy.records("notice") if r["reason"] == "the session is followed again"][0]
            self.assertEqual(notice["dropped"], counters["missed"])
            self.assertIn("limits.pipeline", notice["info"])
            queries = [r.get("query") for r in proxy.records("query") if "reason" not in r]
            self.assertIn("SELECT 'followed again'", queries)


class AdminAbuse(unittest.TestCase):
    def test_requests(self):
        with lab.Proxy() as proxy:
            host, port = proxy.admin_addr.split(":")

            def ask(data):
                with socket.create_connection((host, int(port)), timeout=lab.PATIENCE_S) as s:
                    s.sendall(data)
                    got = b""
                    try:
                        while part := s.recv(65536):
                            got += part
                    except ConnectionError:
                        pass
                    return got
            tail = b"Connection: close\r\n\r\n"
            self.assertIn(b" 403 ", ask(b"GET /stages HTTP/1.1\r\nHost: evil.example\r\n" + tail))
            self.assertIn(b" 403 ", ask(b"GET /stages HTTP/1.1\r\nHost: localhost.evil.example:6060\r\n" + tail))
            self.assertIn(b" 403 ", ask(b"POST /sessions/1/kill HTTP/1.1\r\nHost: localhost\r\n"
                                        b"Origin: http://evil.example\r\nContent-Length: 0\r\n" + tail))
            self.assertIn(b" 405 ", ask(b"GET /sessions/1/kill HTTP/1.1\r\nHost: localhost\r\n" + tail))
            self.assertIn(b" 404 ", ask(b"POST /sessions/999/kill HTTP/1.1\r\nHost: [::1]:1\r\nContent-Length: 0\r\n" + tail))
            self.assertIn(b" 404 ", ask(b"GET /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\n" + tail))
            self.assertIn(b" 403 ", ask(b"POST /fault?nth=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n" + tail))
            self.assertIn(b" 400 ", ask(b"GET /records?n=many HTTP/1.1\r\nHost: 127.0.0.1\r\n" + tail))
            ask(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 100000 + b"\r\n\r\n")
            ask(b"POST /debug/pprof/symbol HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n")
            ask(b"\0\xff\x01nonsense\r\n\r\n")
            half = socket.create_connection((host, int(port)))
            half.sendall(b"GET /stages HT")
            self.assertEqual(proxy.admin("/healthz"), b"ok\n")
            half.close()
            self.assertGreaterEqual(proxy.counters()["admin_refused"], 3)


if __name__ == "__main__":
    unittest.main()
