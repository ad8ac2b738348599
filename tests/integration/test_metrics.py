"""GET /metrics as Prometheus reads it, with its own programs where they are installed; /readyz; the alert rules and the dashboard."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import unittest
import urllib.error
import urllib.parse
import urllib.request

import pymysql

from lab import FOLDER, PATIENCE_S, TOP, Proxy, free_port, run, server, wait_for

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)+)\})? (-?[0-9.]+)')
RULES = os.path.join(TOP, "etc", "querytap-alerts.yml")
DASHBOARD = os.path.join(TOP, "etc", "querytap-dashboard.json")
NEEDS_PROMETHEUS = unittest.skipUnless(shutil.which("promtool"), "Prometheus is not installed (apt-get install prometheus)")


def parse(text):
    """{(name, labels): value}, where labels is a tuple of (name, value), and {name: type}."""
    values, types = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            assert name not in types, f"{name} comes twice"
            types[name] = kind
        elif not line.startswith("# HELP "):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            key = (name, tuple(re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', labels or "")))
            assert key not in values, f"{key} comes twice"
            values[key] = float(value)
    return values, types


def work(port):
    with pymysql.connect(host="127.0.0.1", port=port, user="pw", password="secret", database="shop") as connection, connection.cursor() as cursor:
        for _ in range(3):
            cursor.execute("SELECT 1 UNION SELECT 2")
        cursor.execute("SELECT sleep(0.03)")
        try:
            cursor.execute("SELECT none")
        except pymysql.Error:
            pass


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = os.path.join(FOLDER, "metrics")
        os.mkdir(folder)
        config = os.path.join(folder, "two.cfg")
        cls.second = os.path.join(folder, 'odd "name"\\ä.log')
        with open(config, "w") as f:
            f.write('logs = ( { file = %s; format = "ltsv"; filter = "err"; } );\n' % json.dumps(cls.second, ensure_ascii=False))
        cls.proxy = Proxy("-c", config, "--log-slow-ms", "20")
        cls.addClassCleanup(cls.proxy.stop, False)
        work(cls.proxy.port)
        cls.records = cls.proxy.settled()
        with urllib.request.urlopen(f"http://{cls.proxy.admin_addr}/metrics", timeout=PATIENCE_S) as reply:
            cls.type = reply.headers["Content-Type"]
            cls.text = reply.read().decode()
        cls.values, cls.types = parse(cls.text)

    def value(self, name, **labels):
        found = [v for (n, own), v in self.values.items() if n == name and labels.items() <= dict(own).items()]
        self.assertEqual(len(found), 1, (name, labels))
        return found[0]

    def test_the_type(self):
        self.assertEqual(self.type, "text/plain; version=0.0.4; charset=utf-8")
        for name, kind in self.types.items():
            self.assertEqual(kind == "counter", name.endswith("_total"), name)

    def test_counters_are_those_of_the_other_pages(self):
        counters = self.proxy.counters()
        self.assertEqual(self.value("querytap_clients_accepted_total"), counters["accepted"])
        self.assertEqual(self.value("querytap_commands_total"), counters["statements"])
        self.assertEqual(self.value("querytap_sent_bytes_total"), counters["bytes_sent"])
        self.assertEqual(self.value("querytap_sessions"), 0)
        self.assertEqual(self.value("querytap_sessions_closed_total", reason="client_quit"), counters["closed_client_quit"])
        for number, log in enumerate(counters["logs"]):
            for name in ("records", "dropped", "filtered", "bytes", "errors"):
                self.assertEqual(self.value(f"querytap_log_{name}_total", log=str(number)), log[name], name)
        stages = self.proxy.stages()
        self.assertEqual({dict(labels)["stage"] for name, labels in self.values if name == "querytap_stage_blocks"}, set(stages))
        self.assertEqual(self.value("querytap_stage_blocks", stage="session"), stages["session"])

    def test_names_of_logs_are_escaped(self):
        self.assertIn(r'log="1",file="%s"' % self.second.replace("\\", "\\\\").replace('"', '\\"'), self.text)

    def test_statements(self):
        queries = [r for r in self.records if r["event"] == "query" and r["command"] == "COM_QUERY"]
        name = "querytap_statement_duration_seconds"
        self.assertEqual(self.value(f"{name}_count"), len(queries))
        self.assertAlmostEqual(self.value(f"{name}_sum"), sum(r["duration_us"] for r in queries) / 1e6, places=6)
        buckets = [(float(dict(labels)["le"]), v) for (n, labels), v in self.values.items() if n == f"{name}_bucket"]
        self.assertEqual(buckets, sorted(buckets))
        for bound, count in buckets:
            self.assertEqual(count, sum(r["duration_us"] <= bound * 1e6 for r in queries), bound)
        self.assertEqual(self.value("querytap_statement_errors_total"), 1)
        self.assertEqual(self.value("querytap_statement_rows_total"), sum(r.get("rows", 0) for r in queries))
        self.assertEqual(self.value("querytap_findings_total", finding="slow"), sum("slow" in r.get("findings", []) for r in queries))
        self.assertGreaterEqual(self.value("querytap_findings_total", finding="slow"), 1)

    def test_the_number_of_series_does_not_depend_on_traffic(self):
        for name in ("pw", "root", "one", "two", "three"):
            try:
                pymysql.connect(host="127.0.0.1", port=self.proxy.port, user=name, password="secret").close()
            except pymysql.Error:
                pass
        self.assertEqual(parse(self.proxy.admin("/metrics").decode())[0].keys(), self.values.keys())

    def test_the_manual_names_each_metric(self):
        with open(os.path.join(TOP, "doc", "querytap.1")) as f:
            entry = re.search(r"^\.It Li GET /metrics$(.*?)^\.It Li ", f.read(), re.M | re.S)[1]
        self.assertEqual(set(re.findall(r"\b(?:querytap|process)_[a-z_]+", entry)), set(self.types))

    def test_rules_and_dashboard_use_what_there_is(self):
        names = set(self.types) | {name for name, _ in self.values}
        for path in (RULES, DASHBOARD):
            with open(path) as f:
                used = set(re.findall(r"\b(?:querytap|process)_[a-z_]+[a-z]\b", f.read()))
            self.assertTrue(used)
            self.assertEqual(used - names - {"querytap_scrape"}, set(), path)
        with open(DASHBOARD) as f:
            panels = json.load(f)["panels"]
        self.assertTrue(all(p["targets"] for p in panels if p["type"] != "row"))

    @NEEDS_PROMETHEUS
    def test_promtool(self):
        checked = run("promtool", "check", "metrics", input=self.text.encode())
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, b"", b""))
        checked = run("promtool", "check", "rules", RULES)
        self.assertEqual(checked.returncode, 0, checked)
        with open(DASHBOARD) as f:
            panels = json.load(f)["panels"]
        rules = os.path.join(FOLDER, "dashboard.yml")
        with open(rules, "w") as f:  # its expressions, as rules that promtool can check
            json.dump({"groups": [{"name": "dashboard", "rules": [
                {"record": f"panel:{number}:{target}", "expr": t["expr"].replace("$__rate_interval", "1m")}
                for number, p in enumerate(panels) for target, t in enumerate(p.get("targets", []))]}]}, f)
        checked = run("promtool", "check", "rules", rules)
        self.assertEqual(checked.returncode, 0, checked)

    @NEEDS_PROMETHEUS
    def test_a_prometheus_reads_it(self):
        folder = os.path.join(FOLDER, "prometheus")
        os.mkdir(folder)
        config, port = os.path.join(folder, "prometheus.yml"), free_port()
        with open(config, "w") as f:
            json.dump({"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [RULES],
                       "scrape_configs": [{"job_name": "querytap", "static_configs": [{"targets": [self.proxy.admin_addr]}]}]}, f)
        with open(os.path.join(folder, "log"), "wb") as log:
            process = subprocess.Popen(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
                                        f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)

        def ask(expression):
            query = urllib.parse.urlencode({"query": expression})
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?{query}", timeout=PATIENCE_S) as reply:
                    return json.load(reply)["data"]["result"]
            except (urllib.error.URLError, ConnectionError):
                return None
        try:
            wait_for(lambda: ask('up{job="querytap"} == 1'), "Prometheus to read the metrics")
            self.assertEqual(float(ask("querytap_statement_duration_seconds_count")[0]["value"][1]),
                             self.value("querytap_statement_duration_seconds_count"))
            self.assertEqual(len(ask("querytap_stage_blocks")), len(self.proxy.stages()))
        finally:
            process.send_signal(signal.SIGKILL)  # it would take seconds to end
            process.wait()


class Ready(unittest.TestCase):
    def ready(self, proxy):
        try:
            return (200, proxy.admin("/readyz"))
        except urllib.error.HTTPError as error:
            return (error.code, error.read())

    def test_the_server_is_gone_and_comes_back(self):
        server()
        port = free_port()
        with Proxy("--upstream-check-ms", "50", remote=f"127.0.0.1:{port}") as proxy:
            self.assertEqual(self.ready(proxy), (200, b"ready\n"))  # nobody has tried yet
            with self.assertRaises(pymysql.Error):
                work(proxy.port)
            self.assertEqual(self.ready(proxy), (503, f"the server can't be reached: clients of {proxy.listen}\n".encode()))
            self.assertEqual(proxy.admin("/healthz"), b"ok\n")
            with socket.create_server(("127.0.0.1", port)) as server_socket:
                check, _ = server_socket.accept()  # without any client
                self.assertEqual(self.ready(proxy)[0], 503)
                check.sendall(b"a greeting")
                wait_for(lambda: self.ready(proxy) == (200, b"ready\n"), "the proxy to be ready again")
                check.close()

    def test_too_many_sessions(self):
        with Proxy("--limits-sessions", "1") as proxy:
            with pymysql.connect(host="127.0.0.1", port=proxy.port, user="pw", password="secret"):
                self.assertEqual(self.ready(proxy), (503, b"limits.sessions is reached\n"))
            proxy.idle()
            self.assertEqual(self.ready(proxy), (200, b"ready\n"))
