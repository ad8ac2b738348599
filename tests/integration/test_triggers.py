"""Triggers: packets of a session are saved, once for a statement, in a bounded directory, and the record names the file."""
import json
import os
import re
import socket
import struct
import subprocess
import unittest

import lab
from rawclient import RawClient, Refused

NAME = re.compile(r"\d{8}T\d{6}\.\d{9}Z-session-(\d+)\.(pcapng|txt)")


def folder(name):
    return os.path.join(lab.FOLDER, f"triggers-{name}")


def saved(proxy):
    """Wait until all that fired is saved or not. @return the counters."""
    def settled():
        counters = proxy.counters()
        done = counters["triggers_dropped"] + counters["packets_saved"] + counters["packets_unsaved"]
        return counters if done == counters["triggers_fired"] else None
    return lab.wait_for(settled, "the packets to be saved")


def reset(client):
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()


class Triggers(unittest.TestCase):
    def ask(self, client, text):
        try:
            client.query(text)
        except Refused:
            pass

    def named(self, proxy):
        """The records that name a file, each of which exists with its two forms. @return (event, query or rule or reason, path)"""
        found = []
        for r in proxy.records():
            if "packets_file" in r:
                self.assertEqual(NAME.fullmatch(r["packets_file"])[1], str(r["conn_id"]))
                found.append((r["event"], r.get("query") or r.get("rule") or r.get("reason"), os.path.join(self.folder, r["packets_file"])))
        names = [name for *_, path in found for name in (os.path.basename(path), os.path.basename(path).replace(".pcapng", ".txt"))]
        self.assertEqual(sorted(os.listdir(self.folder)), sorted(names))
        return found

    def statements_in(self, path):
        """As querytap itself reads the file."""
        run = subprocess.run([lab.BINARY, "read", "--log-format", "json", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
        return [r["query"] for r in map(json.loads, run.stdout.splitlines()) if "query" in r]

    def test_each_fires_once(self):
        self.folder = folder("each")
        with lab.Proxy("--triggers-filter", 'err:1064 or text:"a marked one"', "--triggers-trouble", "--triggers-abrupt-close",
                       "--triggers-first-error", "--triggers-directory", self.folder, "--log-recent-bytes", "1M", expect_lint=True) as proxy:
            self.assertEqual(os.stat(self.folder).st_mode & 0o777, 0o700)
            a = RawClient(proxy.port)
            self.ask(a, "SELECT 'a marked one'")
            self.ask(a, "SELECT 2")
            self.ask(a, "SELEC 3")  # the filter, and the first error
            self.ask(a, "SELECT missing_column")  # the first error
            self.ask(a, "SELECT missing_column")
            a.send(9, b"\x03SELECT 'out of order'")
            a.socket.recv(4096)  # the server resets the connection then
            a.close()
            proxy.idle()
            b = RawClient(proxy.port)
            self.ask(b, "SELECT 'of another'")
            b.send(0, b"\x01")
            b.close()
            c = RawClient(proxy.port)
            self.ask(c, "SELECT 'before a reset'")
            reset(c)
            records = proxy.settled()
            counters = saved(proxy)
            found = self.named(proxy)
            self.assertEqual([(event, what) for event, what, _ in found],
                             [("query", "SELECT 'a marked one'"), ("query", "SELEC 3"), ("query", "SELECT missing_column"),
                              ("lint", "sequence_start"), ("disconnect", "the server reset the connection"),
                              ("disconnect", "the client reset the connection")], [r["event"] for r in records])
            self.assertEqual((counters["triggers_fired"], counters["packets_saved"], counters["packets_unsaved"]), (6, 6, 0))
            for _, what, path in found[:3]:
                self.assertIn(what, self.statements_in(path))
                with open(path.replace(".pcapng", ".txt"), encoding="ascii") as f:
                    self.assertIn(f"statement             {what[:21]}", f.read())
            self.assertIn("SELECT 'a marked one'", self.statements_in(found[4][2]))
            self.assertEqual(self.statements_in(found[5][2]), ["SELECT 'before a reset'"])
            text = proxy.admin("/records?format=text").decode()
            self.assertEqual(text.count("  packets in "), 6)

    def test_many_firings_stay_within_the_bounds(self):
        """Neither the sessions nor the log wait; what is not saved is counted, and named by no record."""
        self.folder = folder("many")
        with lab.Proxy("--triggers-filter", "op:select", "--triggers-directory", self.folder, "--triggers-files", "10", "--triggers-bytes", "2M",
                       "--capture-bytes", "64K") as proxy:
            run = lab.client(proxy.port, input=b"SELECT 1;" * 10000)
            self.assertEqual(run.returncode, 0, run.stderr)
            proxy.settled()
            counters = saved(proxy)
            self.assertEqual(counters["triggers_fired"], 10000)
            self.assertGreater(counters["packets_saved"], 5)
            self.assertGreater(counters["triggers_dropped"], 0)
            files = os.listdir(self.folder)
            self.assertLessEqual(len(files), 10)
            self.assertLessEqual(sum(os.stat(os.path.join(self.folder, f)).st_size for f in files), 2 << 20)
            named = [r for r in proxy.records() if "packets_file" in r]
            self.assertEqual(len(named), counters["packets_saved"] + counters["packets_unsaved"])
            self.assertEqual(proxy.stderr().count(b"triggers fire faster than files are written"), 1)
            self.assertLessEqual(proxy.stderr().count(b"are not saved"), 3)

    def test_a_directory_that_does_not_work(self):
        """The proxy goes on; once the directory works again, so do triggers."""
        self.folder = folder("gone")
        with lab.Proxy("--triggers-filter", "op:select", "--triggers-directory", self.folder) as proxy:
            os.rmdir(self.folder)
            os.symlink("/tmp", self.folder)
            for _ in range(2):
                self.assertEqual(lab.client(proxy.port, input=b"SELECT 1").returncode, 0)
            proxy.settled()
            self.assertEqual(saved(proxy)["packets_unsaved"], 2)
            self.assertEqual(proxy.stderr().count(b"is a symbolic link, or no directory"), 1)
            os.unlink(self.folder)
            self.assertEqual(lab.client(proxy.port, input=b"SELECT 1").returncode, 0)
            proxy.settled()
            self.assertEqual(saved(proxy)["packets_saved"], 1)
            self.assertEqual(len(os.listdir(self.folder)), 2)
            # a second process does not get it as long as this one runs
            with lab.Proxy("--triggers-filter", "op:select", "--triggers-directory", self.folder) as other:
                self.assertEqual(lab.client(other.port, input=b"SELECT 1").returncode, 0)
                other.settled()
                self.assertEqual(saved(other)["packets_unsaved"], 1)
                self.assertIn(b"is used by another process", other.stderr())
                proxy.stop()
                self.assertEqual(lab.client(other.port, input=b"SELECT 1").returncode, 0)
                other.settled()
                self.assertEqual(saved(other)["packets_saved"], 1)
                self.assertEqual(len(os.listdir(self.folder)), 4)


if __name__ == "__main__":
    unittest.main()
