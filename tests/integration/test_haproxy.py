"""PROXY protocol with real peers: HAProxy in front sends headers, and MariaDB behind reads those of querytap."""
import os
import shutil
import subprocess
import unittest

import pymysql

import lab

CLIENT = "127.0.0.9"  # an address of its own, so that nobody else can be taken for it


def whom(port):
    """Connect from CLIENT, and have the server say who that is."""
    with pymysql.connect(host="127.0.0.1", port=port, user="pw", password="secret", bind_address=CLIENT) as connection, \
            connection.cursor() as cursor:
        cursor.execute("SELECT USER()")
        return cursor.fetchone()[0]


@unittest.skipUnless(shutil.which("haproxy"), "HAProxy is not installed (haproxy)")
class Peers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = lab.Server("mariadb-proxy", options=["--proxy-protocol-networks=127.0.0.1, localhost"])

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def haproxy(self, listeners):
        """Start HAProxy with listeners {port: (address of the server, word for its line)}."""
        path = os.path.join(lab.FOLDER, f"haproxy-{min(listeners)}.cfg")
        with open(path, "w") as f:
            f.write("defaults\n  mode tcp\n  timeout connect 10s\n  timeout client 60s\n  timeout server 60s\n")
            for port, (to, word) in listeners.items():
                f.write(f"listen l{port}\n  bind 127.0.0.1:{port}\n  server s {to} {word}\n")
        process = subprocess.Popen(["haproxy", "-db", "-f", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        lab.proxies.add(process)
        self.addCleanup(lambda: (process.kill(), process.wait(), lab.proxies.discard(process)))

    def test_headers_of_haproxy_reach_mariadb(self):
        """Each version that HAProxy sends, and each that MariaDB is sent: the record and the server have the client's address."""
        remote = f"127.0.0.1:{self.server.port}"
        for sent in ("v1", "v2"):
            with lab.Proxy("--proxy-protocol-networks", "127.0.0.1", "--proxy-protocol-send", sent, remote=remote) as proxy:
                ports = {lab.free_port(): (proxy.listen, "send-proxy"), lab.free_port(): (proxy.listen, "send-proxy-v2")}
                self.haproxy(ports)
                for n, port in enumerate(ports, 1):
                    def answers():
                        try:
                            return whom(port)
                        except pymysql.Error:
                            return None
                    self.assertEqual(lab.wait_for(answers, "HAProxy to start"), f"pw@{CLIENT}")
                    proxy.idle()
                    connects = [r for r in proxy.settled("connect")]
                    self.assertEqual(len(connects), n)
                    self.assertTrue(connects[-1]["client_addr"].startswith(CLIENT + ":"), connects[-1])
                    self.assertRegex(connects[-1]["info"], r"through 127\.0\.0\.1:\d+ \(PROXY header\)")

    def test_health_checks_of_haproxy(self):
        """A check comes with a header that names no client (LOCAL, UNKNOWN): it is nobody's error, and the server is sent such a header, too."""
        remote = f"127.0.0.1:{self.server.port}"
        with lab.Proxy("--proxy-protocol-networks", "127.0.0.1", "--proxy-protocol-send", "v2", remote=remote) as proxy:
            self.haproxy({lab.free_port(): (proxy.listen, "send-proxy-v2 check inter 50ms"),
                          lab.free_port(): (proxy.listen, "send-proxy check inter 50ms")})
            lab.wait_for(lambda: proxy.counters()["accepted"] > 6, "checks")
            self.assertEqual(proxy.counters()["closed_proxy_header"], 0)
            self.assertEqual(proxy.counters()["upstream_errors"], 0)

    def test_without_headers_haproxy_is_refused(self):
        """Its connections must begin with one."""
        with lab.Proxy("--proxy-protocol-networks", "127.0.0.1", "--limits-login-timeout-ms", "200",
                       remote=f"127.0.0.1:{self.server.port}") as proxy:
            port = lab.free_port()
            self.haproxy({port: (proxy.listen, "")})

            def refused():
                try:
                    whom(port)
                except pymysql.Error:
                    return proxy.counters()["closed_proxy_header"] > 0
                raise AssertionError("it was not refused")
            lab.wait_for(refused, "the refusal")

    def test_checks_of_a_server_that_expects_headers(self):
        """A server that is down is checked with a header; MariaDB accepts it, and it is up again."""
        first = f"127.0.0.1:{lab.free_port()}"
        with lab.Proxy("--proxy-protocol-send", "v2", "--upstream-check-ms", "50",
                       remote=f"{first}, 127.0.0.1:{self.server.port}") as proxy:
            self.assertTrue(whom(proxy.port).startswith("pw@"))
            self.assertEqual(proxy.counters()["upstreams"][0]["up"], 0)
            # HAProxy requires the header of the check, and passes the greeting of MariaDB on
            path = os.path.join(lab.FOLDER, "haproxy-accept.cfg")
            with open(path, "w") as f:
                f.write("defaults\n  mode tcp\n  timeout connect 10s\n  timeout client 60s\n  timeout server 60s\n"
                        f"listen l\n  bind {first} accept-proxy\n  server s 127.0.0.1:{self.server.port}\n")
            process = subprocess.Popen(["haproxy", "-db", "-f", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            lab.proxies.add(process)
            try:
                lab.wait_for(lambda: proxy.counters()["upstreams"][0]["up"], "the first server to be up")
                self.assertTrue(whom(proxy.port).startswith("pw@"))
                proxy.idle()
            finally:
                process.kill()
                process.wait()
                lab.proxies.discard(process)


if __name__ == "__main__":
    unittest.main()
