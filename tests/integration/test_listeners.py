"""Several addresses on which clients are accepted, among them UNIX sockets, each with its server."""
import os
import re
import socket
import stat
import unittest
import urllib.error

import lab
from rawclient import RawClient


def write(name, text):
    path = os.path.join(lab.FOLDER, name)
    with open(path, "w") as f:
        f.write(text)
    return path


def over_socket(path, statement):
    return lab.run("mariadb", "--no-defaults", "--skip-ssl", "-uroot", f"-S{path}", "-N", "-e", statement)


class Listeners(unittest.TestCase):
    def test_several_with_servers_of_their_own(self):
        """Each listener leads to its server, and records name both; the files of sockets have their modes and go at the end."""
        first, second = (os.path.join(lab.FOLDER, name) for name in ("first.sock", "second.sock"))
        left = socket.socket(socket.AF_UNIX)  # a file that nobody listens on any more
        left.bind(second)
        left.close()
        port = lab.free_port()
        config = write("listeners.cfg", f"""
            remote = "127.0.0.1:{lab.server().port}";
            listeners = ( {{ address = "127.0.0.1:{port}"; }},
                          {{ address = "unix:{first}"; upstream = "unix:{lab.server().socket}"; }},
                          {{ address = "unix:{second}"; socket_mode = "0600"; }},
                          {{ address = "[::1]:0"; upstream = "127.0.0.1:1"; }} );""")
        self.assertEqual(lab.querytap("config", "check", config).returncode, 0)
        with lab.Proxy("-c", config, remote="", listen="") as proxy:
            self.assertEqual([stat.S_IMODE(os.stat(path).st_mode) for path in (first, second)], [0o666, 0o600])
            c = RawClient(port)
            c.query("SELECT 'one'")
            c.quit()
            for path, word in ((first, "two"), (second, "three")):
                done = over_socket(path, f"SELECT '{word}'")
                self.assertEqual((done.returncode, done.stdout.strip()), (0, word.encode()), done.stderr)
            found = {r["query"]: (r["proxy_listen_addr"], r["remote_addr"]) for r in proxy.settled("query") if r.get("query")}
            tcp = f"127.0.0.1:{lab.server().port}"
            self.assertEqual(found["SELECT 'one'"], (f"127.0.0.1:{port}", tcp))
            self.assertEqual(found["SELECT 'two'"], (f"unix:{first}", f"unix:{lab.server().socket}"))
            self.assertEqual(found["SELECT 'three'"], (f"unix:{second}", tcp))
            shown = proxy.json("/settings")["listeners"]
            self.assertEqual([(one["address"], one["socket_mode"]) for one in shown][2:],
                             [(f"unix:{second}", "0600"), ("[::1]:0", "0666")])
            # another proxy gets none of them: it fails as a whole, and takes nothing away
            third = os.path.join(lab.FOLDER, "third.sock")
            done = lab.querytap("proxy", "--log", "off", "--admin", "off", "-l", f"unix:{third}", "-l", f"unix:{first}")
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"can't listen on unix:{first}: Address already in use".encode(), done.stderr)
            self.assertFalse(os.path.exists(third))
            self.assertEqual(over_socket(first, "SELECT 4").stdout.strip(), b"4")
            proxy.idle()
        self.assertFalse(os.path.exists(first) or os.path.exists(second))

    def test_a_listener_that_leads_to_another_one(self):
        """A server that is any of the listeners is recognized, and the record names the listener of the client."""
        path = os.path.join(lab.FOLDER, "loop.sock")
        config = write("loop.cfg", f"""
            listeners = ( {{ address = "unix:{path}"; upstream = "127.0.0.1:{lab.server().port}"; }},
                          {{ address = "127.0.0.1:0"; upstream = "unix:{path}"; }} );""")
        with lab.Proxy("-c", config, remote="", listen="") as proxy:
            self.assertEqual(over_socket(path, "SELECT 1").stdout.strip(), b"1")
            port = int(re.search(rb"listening on 127.0.0.1:(\d+), forwarding to unix:", proxy.stderr())[1])
            done = lab.client(port, "-e", "SELECT 1")
            self.assertIn(b"it is an address on which querytap itself listens", done.stderr)
            r = proxy.wait_record(lambda r: r["event"] == "error", "the error")
            self.assertEqual(r["proxy_listen_addr"], f"127.0.0.1:{port}")
            proxy.idle()

    def test_the_next_server_takes_over(self):
        """The first of two servers is gone and comes back: clients notice nothing, and each view shows which servers are up."""
        first = f"127.0.0.1:{lab.free_port()}"  # nobody listens there yet
        second = f"127.0.0.1:{lab.server().port}"
        with lab.Proxy("--upstream-check-ms", "50", remote=f"{first}, {second}") as proxy:
            self.assertEqual(lab.client(proxy.port, "-N", "-e", "SELECT 5").stdout.strip(), b"5")
            r = next(r for r in proxy.settled("query") if r.get("query") == "SELECT 5")
            self.assertEqual(r["remote_addr"], second)
            shown = {u["address"]: (u["up"], u["error"]) for u in proxy.counters()["upstreams"]}
            self.assertEqual(shown, {first: (0, "Connection refused"), second: (1, "")})
            self.assertIn(f"upstream {first}: down, 0 sessions".encode(), proxy.admin("/counters"))
            metrics = proxy.admin("/metrics").decode()
            self.assertIn(f'querytap_upstream_up{{upstream="{first}"}} 0', metrics)
            self.assertIn(f'querytap_upstream_up{{upstream="{second}"}} 1', metrics)
            self.assertEqual(proxy.admin("/readyz"), b"ready\n")
            # a proxy of the server's takes the first address: sessions go there from then on
            with lab.Proxy("-l", first, log=False):
                lab.wait_for(lambda: proxy.counters()["upstreams"][0]["up"], "the first server to be up")
                self.assertIn(f"the upstream {first} is up again".encode(), proxy.stderr())
                self.assertEqual(lab.client(proxy.port, "-N", "-e", "SELECT 6").stdout.strip(), b"6")
                r = proxy.wait_record(lambda r: r.get("query") == "SELECT 6", "the record")
                self.assertEqual(r["remote_addr"], first)
                proxy.idle()
        with lab.Proxy(remote=f"{first}, 127.0.0.1:1") as proxy:
            self.assertIn(b"can't connect to any upstream", lab.client(proxy.port, "-e", "SELECT 1").stderr)
            with self.assertRaisesRegex(urllib.error.HTTPError, "503"):
                proxy.admin("/readyz")

    def test_what_is_not_a_socket_stays(self):
        path = write("precious", "data")
        done = lab.querytap("proxy", "--log", "off", "--admin", "off", "-l", f"unix:{path}")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"the file exists and is not a socket", done.stderr)
        self.assertEqual(open(path).read(), "data")


if __name__ == "__main__":
    unittest.main()
