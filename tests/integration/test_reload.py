"""Reload: SIGHUP and POST /reload."""
import glob
import json
import os
import signal
import threading
import unittest
import urllib.error

import lab
from rawclient import Gone, RawClient, Refused


class Reload(unittest.TestCase):
    def setUp(self):
        self.cfg = os.path.join(lab.FOLDER, f"{self.id()}.cfg")

    def write(self, text):
        with open(self.cfg + ".new", "w") as f:
            f.write(text)
        os.rename(self.cfg + ".new", self.cfg)

    def proxy(self, *args, **keywords):
        """A proxy that takes its server from the settings file: Proxy's own -r would take precedence."""
        return lab.Proxy("-c", self.cfg, *args, **keywords)

    def refused(self, proxy):
        with self.assertRaises(urllib.error.HTTPError) as caught:
            proxy.post("/reload?format=json")
        self.assertEqual(caught.exception.code, 400)
        return json.loads(caught.exception.read())["error"]

    def test_new_sessions_take_it(self):
        """An open session keeps what it began with, in a transaction too; what needs a restart is listed each time."""
        self.write("limits = { sessions = 2; };\nlog = { rows = 1; };\n")
        with self.proxy() as proxy:
            first = RawClient(proxy.port)
            first.query("BEGIN")
            self.write("limits = { sessions = 1; login_timeout_ms = 5000; };\nlog = { rows = 3; };\nhex = true;\n")
            answer = json.loads(proxy.post("/reload?format=json"))
            self.assertEqual(answer, {"changed": ["limits.sessions", "limits.login_timeout_ms"], "need_restart": ["hex", "log.rows"]})
            with self.assertRaises(Refused) as caught:
                RawClient(proxy.port)
            self.assertEqual(caught.exception.args[0], 1040)
            first.query("COMMIT")
            self.assertEqual(proxy.json("/settings")["limits.sessions"], 1)
            self.assertEqual(proxy.json("/settings")["log.rows"], 1)
            answer = json.loads(proxy.post("/reload?format=json"))
            self.assertEqual(answer, {"changed": [], "need_restart": ["hex", "log.rows"]})
            self.assertIn(b"need a restart: hex, log.rows", proxy.stderr())
            first.quit()

    def test_a_bad_one_changes_nothing(self):
        self.write("limits = { sessions = 5; };\n")
        with self.proxy() as proxy:
            for text, why in (("limits = { sessions = 4; };\nhex = 7;\n", f"{self.cfg}:2: setting 'hex' must be true or false"),
                              ("limits = { sessions = 4\n", f"{self.cfg}:"),
                              ("limits = { sessions = 4; };\ntls = { certificate = \"/nonexistent\"; };\n", "/nonexistent"),
                              ("limits = { sessions = 4; };\nlog = { filter = \"nonsense:1\"; };\n", "nonsense")):
                self.write(text)
                self.assertIn(why, self.refused(proxy))
                proxy.process.send_signal(signal.SIGHUP)
                n = proxy.stderr().count(b"nothing has changed")
                lab.wait_for(lambda: proxy.stderr().count(b"nothing has changed") >= n, "the report")
                self.assertEqual(proxy.json("/settings")["limits.sessions"], 5)
            os.unlink(self.cfg)
            self.assertIn("No such file", self.refused(proxy))
            RawClient(proxy.port).quit()

    def test_another_server(self):
        """New sessions go there, open ones stay; their records name the server that each has."""
        self.write(f'remote = "127.0.0.1:{lab.server().port}";\n')
        with lab.Proxy() as other, self.proxy(remote="") as proxy:
            old = RawClient(proxy.port)
            self.write(f'remote = "{other.listen}";\n')
            self.assertEqual(json.loads(proxy.post("/reload?format=json"))["changed"], ["remote"])
            new = RawClient(proxy.port)
            for c, text in ((old, "SELECT 'old'"), (new, "SELECT 'new'")):
                c.query(text)
                c.quit()
            by_text = {r["query"]: r["remote_addr"] for r in proxy.settled("query") if r["command"] == "COM_QUERY"}
            self.assertEqual(by_text, {"SELECT 'old'": f"127.0.0.1:{lab.server().port}", "SELECT 'new'": other.listen})
            self.assertEqual(other.statements(), ["SELECT 'new'"])

    def test_at_once_and_while_clients_come(self):
        """Reloads from several sides at once, with a log that is rotated all the time: no client sees an error, no record is lost."""
        self.write("")
        with self.proxy("--log-rotate-bytes", "20000") as proxy:
            stop, errors, done = threading.Event(), [], []

            def clients():
                while not stop.is_set():
                    try:
                        c = RawClient(proxy.port)
                        c.query("SELECT 1")
                        c.quit()
                        done.append(1)
                    except (OSError, Refused, Gone) as error:
                        errors.append(error)
            threads = [threading.Thread(target=clients) for _ in range(2)]
            for t in threads:
                t.start()
            for i in range(10):
                self.write(f"limits = {{ login_timeout_ms = {10000 + i}; }};\n")
                posts = [threading.Thread(target=proxy.post, args=("/reload",)) for _ in range(2)]
                for t in posts:
                    t.start()
                proxy.process.send_signal(signal.SIGHUP)
                for t in posts:
                    t.join()
            self.assertEqual(proxy.json("/settings")["limits.login_timeout_ms"], 10009)
            stop.set()
            for t in threads:
                t.join()
            proxy.idle()
            self.assertEqual(errors, [])
            self.assertGreater(len(done), 0)

            def ends():
                return sum(open(n, "rb").read().count(b'"event":"disconnect"') for n in glob.glob(proxy.log_path + "*") if os.path.exists(n))
            lab.wait_for(lambda: ends() == len(done), "all records")

    def test_certificates_are_read_again(self):
        """Without a change of the settings: the file has another certificate."""
        pem = os.path.join(lab.FOLDER, "reloaded.pem")

        def make(name):
            lab.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "9",
                    "-subj", f"/CN={name}", "-keyout", pem + ".key", "-out", pem, check=True)

        def shown():
            c = RawClient(proxy.port, login=False, tls=True)
            certificate = c.socket.getpeercert(True)
            c.socket.close()
            return certificate
        make("one")
        self.write(f'tls = {{ certificate = "{pem}"; key = "{pem}.key"; server = "disabled"; }};\n')
        with self.proxy() as proxy:
            before = shown()
            make("two")
            self.assertEqual(shown(), before)
            self.assertEqual(json.loads(proxy.post("/reload?format=json")), {"changed": [], "need_restart": []})
            self.assertNotEqual(shown(), before)


class WithoutAFile(unittest.TestCase):
    def test_a_hangup_stops_it(self):
        with lab.Proxy() as proxy:
            self.assertEqual(json.loads(proxy.post("/reload?format=json")), {"changed": [], "need_restart": []})
            proxy.process.send_signal(signal.SIGHUP)
            self.assertEqual(proxy.process.wait(lab.PATIENCE_S), 0)


if __name__ == "__main__":
    unittest.main()
