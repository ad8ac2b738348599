"""querytap read: files, standard input, files that grow, and what it says of what it can't read."""

import gzip
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import unittest

import lab

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fuzz", "corpus", "capture")


def read(*args, data=None):
    """Run querytap read. @return exit status, records, standard error."""
    done = subprocess.run([lab.BINARY, "read", "--format", "json", *args], input=data, capture_output=True, timeout=60)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()


def queries(records):
    return [r["query"] for r in records if r["event"] == "query" and r["command"] == "COM_QUERY"]


class Read(unittest.TestCase):
    SAID = ["select c from t", "update t set c=1", "select 2"]

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        with open(os.path.join(CORPUS, "whole"), "rb") as f:
            self.whole = f.read()

    def file(self, data):
        path = os.path.join(self.folder.name, "capture")
        with open(path, "wb") as f:
            f.write(data)
        return path

    def test_files(self):
        for data in self.whole, gzip.compress(self.whole), gzip.compress(self.whole[:500]) + gzip.compress(self.whole[500:]):
            status, records, err = read(self.file(data))
            self.assertEqual((status, queries(records)), (0, self.SAID), err)
            self.assertIn("1 sessions, 6 statements", err)
            self.assertEqual(queries(read("-", data=data)[1]), self.SAID)
        status, records, _ = read(self.file(self.whole), "op:update")
        self.assertEqual((status, queries(records)), (0, ["update t set c=1"]))
        _, records, _ = read("--log-redact", "literals", self.file(self.whole))
        self.assertNotIn("select 2", queries(records))
        table = subprocess.run([lab.BINARY, "read", "--log", "off", "--digests", self.file(self.whole)], capture_output=True).stdout
        self.assertRegex(table.decode(), r"\n +1 +0 +1\.000 .* 2  SELECT `c` FROM `t`\n")
        # the same capture gives the same log
        first, second = (subprocess.run([lab.BINARY, "read", self.file(self.whole)], capture_output=True).stdout for _ in range(2))
        self.assertEqual(first, second)

    def test_what_is_wrong(self):
        status, records, err = read(self.file(self.whole[:-20]))
        self.assertEqual(status, 0)
        self.assertIn("its last packet is missing", err)
        damaged = self.whole[:24 + 8] + struct.pack("<I", 0xffffffff) + self.whole[24 + 12:]
        status, records, err = read(self.file(damaged))
        self.assertEqual((status, records), (1, []))
        self.assertIn("impossible length", err)
        for data, sentence in (b"", "is empty"), (b"no capture at all, but a text\n", "is no capture file"), (b"\0" * 99, "can't be read"):
            status, _, err = read(self.file(data))
            self.assertEqual(status, 1)
            self.assertIn(sentence, err)
        self.assertEqual(read(os.path.join(self.folder.name, "missing"))[0], 1)
        self.assertEqual(read()[0], 2)
        self.assertEqual(read(self.file(self.whole), "nosuchterm:1")[0], 2)
        self.assertEqual(read("-p", "99999", self.file(self.whole))[0], 2)
        with open("/dev/full", "wb") as full:
            done = subprocess.run([lab.BINARY, "read", self.file(self.whole)], stdout=full, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 1)

    def test_what_grows(self):
        """Records are written as soon as the packets are there, though standard input stalls or the file is not complete."""
        half = self.whole.index(b"update t") + 200
        path = self.file(self.whole[:half])
        for args, is_pipe in (["-"], True), (["--follow", path], False):
            p = subprocess.Popen([lab.BINARY, "read", "--format", "json", *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL)
            if is_pipe:
                p.stdin.write(self.whole[:half])
                p.stdin.flush()
            seen = []
            while queries(seen) != self.SAID[:2]:
                seen.append(json.loads(p.stdout.readline()))
            if is_pipe:
                p.stdin.write(self.whole[half:])
                p.stdin.flush()
            else:
                with open(path, "ab") as f:
                    f.write(self.whole[half:])
            while seen[-1]["event"] != "disconnect":
                seen.append(json.loads(p.stdout.readline()))
            self.assertEqual(queries(seen), self.SAID)
            p.send_signal(signal.SIGTERM)
            self.assertEqual(p.wait(timeout=30), 0)
            p.stdin.close()
            p.stdout.close()


def segments(capture):
    """What each side sends in the capture @p capture, in order: (is the client, bytes)."""
    at = 24
    while at < len(capture):
        size = struct.unpack_from("<I", capture, at + 8)[0]
        ip = capture[at + 16 + 18:at + 16 + size]  # behind an Ethernet header with a tag
        at += 16 + size
        payload = ip[40:struct.unpack_from(">H", ip, 2)[0]]
        if payload:
            yield struct.unpack_from(">H", ip, 20)[0] == 40000, payload


@unittest.skipUnless(os.geteuid() == 0, "root can capture packets")
class Probe(unittest.TestCase):
    def probe(self, *before):
        with open(os.path.join(CORPUS, "whole"), "rb") as f:
            talk = list(segments(f.read()))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            p = subprocess.Popen([*before, lab.BINARY, "probe", "-i", "lo", "--format", "json",
                                  "user:u"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.addCleanup(p.wait)
            self.addCleanup(p.stdout.close)
            self.addCleanup(p.stderr.close)
            self.addCleanup(p.kill)
            self.assertIn(b"listening on lo", p.stderr.readline())
            with open(f"/proc/{p.pid}/status") as f:
                status = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
            self.assertNotIn("0", status["Uid"].split())
            self.assertEqual(int(status["CapPrm"], 16) | int(status["CapEff"], 16), 0)
            port = listener.getsockname()[1]
            ends = [socket.create_connection(("127.0.0.1", port)), listener.accept()[0]]
            for is_client, payload in talk:
                ends[not is_client].sendall(payload)
                left = len(payload)
                while left > 0:
                    left -= len(ends[is_client].recv(left))
            for end in ends:
                end.close()
        seen = []
        while not seen or seen[-1]["event"] != "disconnect" or seen[-1]["remote_addr"] != f"127.0.0.1:{port}":
            seen.append(json.loads(p.stdout.readline()))
        self.assertEqual(queries([r for r in seen if r["remote_addr"] == f"127.0.0.1:{port}"]), Read.SAID)
        p.send_signal(signal.SIGINT)
        self.assertIn(b" sessions, ", p.communicate(timeout=30)[1])
        self.assertEqual(p.returncode, 0)

    def test_as_root(self):
        self.probe()

    @unittest.skipUnless(shutil.which("setpriv"), "needs setpriv")
    def test_with_one_capability(self):
        self.probe("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all,+net_raw",
                   "--ambient-caps=-all,+net_raw", "--bounding-set=-all,+net_raw")

    def test_what_is_wrong(self):
        for args in ([], ["-i"], ["-i", "lo", "nosuchterm:1"]):
            self.assertEqual(subprocess.run([lab.BINARY, "probe", *args], capture_output=True).returncode, 2)
        self.assertEqual(subprocess.run([lab.BINARY, "probe", "-i", "nosuch"], capture_output=True).returncode, 1)


if __name__ == "__main__":
    unittest.main()
