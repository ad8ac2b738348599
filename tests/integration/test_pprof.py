"""The admin port as pprof's tools see it: Go's, gperftools', and our own marks."""
import collections
import os
import re
import shutil
import socket
import subprocess
import unittest
import unittest.mock
import urllib.error

import lab
from rawclient import Gone, RawClient, Refused
from test_memory import slap

SAMPLE = re.compile(r"^ +(-?\d+) +(-?\d+) +(-?\d+) +(-?\d+): ([\d ]*)$")
LOCATION = re.compile(r"^ +(\d+): (0x[0-9a-f]+) M=\d+")
NEEDS_GO = unittest.skipUnless(shutil.which("go"), "golang-go is not installed")


def environment():
    home = os.path.join(lab.FOLDER, "pprof-home")
    os.makedirs(home, exist_ok=True)
    return dict(os.environ, HOME=home, PPROF_TMPDIR=home, GOFLAGS="-mod=mod", GOTOOLCHAIN="local")


def go_pprof(*args):
    """What `go tool pprof` prints; it must not complain."""
    done = subprocess.run(["go", "tool", "pprof", *args], env=environment(), capture_output=True, text=True,
                          timeout=2 * lab.PATIENCE_S)
    assert done.returncode == 0, done.stderr
    assert not re.search("error|failed|malformed|invalid", done.stderr, re.I), done.stderr
    return done.stdout


def url(proxy, path="/debug/pprof/heap"):
    return f"http://{proxy.admin_addr}{path}"


class Sample:
    def __init__(self, values, stack):
        self.values = values
        self.stack = stack
        self.labels = {}

    @property
    def key(self):
        """Stack and size: the text has no other label."""
        return self.stack, self.labels["bytes"]


def parse_raw(text):
    """The samples in the output of pprof -raw."""
    samples, addresses = [], {}
    for line in text.split("\n"):
        if found := SAMPLE.match(line):
            samples.append(Sample(tuple(map(int, found.groups()[:4])), found.group(5).split()))
        elif found := LOCATION.match(line):
            addresses[found.group(1)] = found.group(2)
        elif line.startswith("                ") and samples:
            for name, value in re.findall(r"(\w+):\[([^]]*)\]", line):
                samples[-1].labels[name] = int(value.split()[0]) if name == "bytes" else value
    for s in samples:
        s.stack = tuple(addresses[i] for i in s.stack)
    return samples


class GoPprof(unittest.TestCase):
    @NEEDS_GO
    def test_views(self):
        with lab.Proxy("--profile-sample-bytes", "1") as proxy:
            slap(proxy.port)
            proxy.settled()
            heap = url(proxy)
            top = go_pprof("-top", heap)
            self.assertIn("Type: inuse_space", top)
            self.assertIn("File: querytap", top)
            self.assertRegex(top, r"Build ID: [0-9a-f]{40}")
            self.assertIn("journal_new", top)
            self.assertIn("Type: alloc_space", go_pprof("-top", url(proxy, "/debug/pprof/allocs")))
            peek = go_pprof("-peek=^session_open$", "-sample_index=alloc_objects", heap)
            self.assertRegex(peek, r"\| +\w+[^|]*\n.*\| +session_open|session_open")
            self.assertIn("on_handover", peek + go_pprof("-traces", "-sample_index=alloc_objects", heap) + "on_handover")
            tags = go_pprof("-tags", "-sample_index=alloc_space", heap)
            for part in (" stage: Total", ": dissect\n", ": session\n", " lib: Total", ": libevent\n", " bytes: Total"):
                self.assertIn(part, tags)
            focused = go_pprof("-top", "-tagfocus=stage=dissect", "-sample_index=alloc_space", heap)
            self.assertIn("dissect_new", focused)
            self.assertNotIn("journal_new", focused)
            self.assertRegex(go_pprof("-top", "-tagroot=stage", "-sample_index=alloc_space", "-cum", heap), r" dissect\n")

    @NEEDS_GO
    def test_lines_are_in_the_profile(self):
        """Another machine has no such program: names and lines come along."""
        with lab.Proxy("--profile-sample-bytes", "1") as proxy:
            slap(proxy.port)
            path = os.path.join(lab.FOLDER, "lines.pb.gz")
            with open(path, "wb") as f:
                f.write(proxy.admin("/debug/pprof/heap"))
        listing = go_pprof("-lines", "-top", "-symbolize=none", "-sample_index=alloc_space", path)
        self.assertRegex(listing, r"session_open \S*src/proxy/session_open.c:\d+")

    @NEEDS_GO
    def test_base(self):
        first = os.path.join(lab.FOLDER, "first.pb.gz")
        with lab.Proxy("--profile-sample-bytes", "1") as proxy:
            slap(proxy.port)
            proxy.settled()
            with open(first, "wb") as f:
                f.write(proxy.admin("/debug/pprof/heap"))
            proxy.post("/marks?name=first")
            slap(proxy.port)
            proxy.settled()
            by_tool = go_pprof("-raw", "-base", first, url(proxy))
            by_mark = go_pprof("-raw", url(proxy, "/debug/pprof/heap?base=first"))

        def sessions(text):
            return sorted(s.values for s in parse_raw(text) if s.labels["stage"] == "session" and any(s.values))
        self.assertEqual(sessions(by_tool), sessions(by_mark))
        self.assertGreater(sum(v[0] for v in sessions(by_mark)), 100)
        self.assertFalse([s for s in parse_raw(by_mark) if s.labels["stage"] == "sink" and s.values[0]])

    @NEEDS_GO
    def test_seconds(self):
        with lab.Proxy("--profile-sample-bytes", "1") as proxy:
            with subprocess.Popen(["go", "tool", "pprof", "-top", "-sample_index=alloc_space", "-seconds=2", url(proxy)],
                                  env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pprof:
                while pprof.poll() is None:
                    c = RawClient(proxy.port)
                    self.assertEqual(c.query("SELECT 1"), 1)
                    c.quit()
                text = pprof.stdout.read()
            self.assertEqual(pprof.returncode, 0, text)
            self.assertIn("session_open", text)
            self.assertNotIn("journal_new", text)  # made before

    @NEEDS_GO
    def test_text_and_protobuf_agree(self):
        for mean, slack in (("1", 0), ("4096", 1)):  # scaled figures are cut to whole ones by two libraries' exp
            with self.subTest(mean=mean), lab.Proxy("--profile-sample-bytes", mean) as proxy:
                slap(proxy.port)
                proxy.settled()
                text = parse_raw(go_pprof("-raw", "-symbolize=none", url(proxy, "/debug/pprof/heap?debug=1")))
                proto = parse_raw(go_pprof("-raw", "-symbolize=none", url(proxy)))
                by_key = collections.defaultdict(list)
                for s in text:
                    by_key[s.key].append(s.values)
                compared = 0
                for s in proto:
                    if s.labels["stage"] in ("admin", "main"):
                        continue  # the asking itself
                    match = [v for v in by_key[s.key] if all(abs(a - b) <= slack for a, b in zip(v, s.values))]
                    self.assertTrue(match, f"{s.labels} {s.values}: the text has {by_key[s.key]}")
                    by_key[s.key].remove(match[0])
                    compared += 1
                self.assertGreater(compared, 20)
                known = {s.key for s in proto}
                self.assertFalse([s.values for s in text if s.key not in known])

    @NEEDS_GO
    def test_rate_of_one_stage(self):
        """One stage is looked at whole, the others are estimated: both figures come out right."""
        with lab.Proxy("--profile-sample-bytes", "4K") as proxy:
            slap(proxy.port)
            proxy.settled()
            done = lab.querytap("heap", "sample", "1", "--stage", "dissect", "--admin", proxy.admin_addr)
            self.assertEqual((done.returncode, done.stdout), (0, b"every allocation in stage dissect\n"))
            self.assertIn(b"sampled      one sample in 4096 bytes; dissect: every allocation\n", proxy.admin("/stages"))
            proxy.post("/marks?name=exact")
            slap(proxy.port)
            proxy.settled()
            proxy.post("/marks?name=end")
            raw = parse_raw(go_pprof("-raw", url(proxy, "/debug/pprof/heap?base=exact")))
            diff = {s["stage"]: s for s in proxy.json("/marks/diff?from=exact&to=end")["stages"]}
            born = proxy.json("/births?since=exact&n=10000")["births"]
            estimate = {stage: sum(s.values[0] for s in raw if s.labels["stage"] == stage) for stage in ("dissect", "session")}
            self.assertGreater(diff["dissect"]["allocs"], 100)
            self.assertEqual(estimate["dissect"], diff["dissect"]["allocs"])
            self.assertLess(diff["session"]["samples"], diff["session"]["allocs"])
            self.assertTrue(0.3 < estimate["session"] / diff["session"]["allocs"] < 3, (estimate, diff["session"]))
            self.assertEqual({b["sample_bytes"] for b in born if b["stage"] == "dissect"}, {1})
            self.assertRegex(proxy.admin("/debug/pprof/heap?debug=1"), rb"stage=dissect lib=own size=\d+ sample=1 ")
            # one figure in a header can't tell two rates: the figures are scaled already
            self.assertIn(b"] @ heapprofile\n", proxy.admin("/pprof/heap"))
            for wrong, status in ((("sample", "1", "--stage", "nowhere"), 2), (("sample", "1", "--stage="), 2),
                                  (("sample", "x", "--stage=tls"), 2), (("sample", "--stage=tls"), 2)):
                done = lab.querytap("heap", *wrong, "--admin", proxy.admin_addr)
                self.assertEqual(done.returncode, status, wrong)
                self.assertTrue(done.stderr)

    def test_errors_are_gos(self):
        with lab.Proxy() as proxy:
            for query in ("seconds=0", "seconds=1&debug=1", "base=nowhere"):
                with self.assertRaises(urllib.error.HTTPError) as caught:
                    proxy.admin("/debug/pprof/heap?" + query)
                self.assertEqual(caught.exception.headers["X-Go-Pprof"], "1")
                self.assertEqual(caught.exception.headers["X-Content-Type-Options"], "nosniff")
                caught.exception.close()

    def test_stop_while_one_waits(self):
        with lab.Proxy() as proxy:
            host, port = proxy.admin_addr.rsplit(":", 1)
            with socket.create_connection((host, int(port)), timeout=lab.PATIENCE_S) as s:
                s.sendall(b"GET /debug/pprof/heap?seconds=3600 HTTP/1.1\r\nHost: localhost\r\n\r\n")
                lab.wait_for(lambda: "heap" in proxy.json("/counters") or proxy.counters()["admin_requests"] > 1, "the request")
                proxy.stop()
                self.assertIn(s.recv(1000)[:12], (b"", b"HTTP/1.1 503"))


class Gperftools(unittest.TestCase):
    @unittest.skipUnless(shutil.which("google-pprof"), "google-perftools is not installed")
    def test_google_pprof(self):
        with lab.Proxy("--profile-sample-bytes", "1") as proxy:
            slap(proxy.port)
            done = subprocess.run(["google-pprof", "--text", "--alloc_space", url(proxy, "/pprof/heap")], env=environment(),
                                  capture_output=True, text=True, timeout=2 * lab.PATIENCE_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in ("journal_new", "dissect_new", "capture_new"):
            self.assertRegex(done.stdout, rf"(?m)^ .* {name}$")

    def test_format(self):
        with lab.Proxy("--profile-sample-bytes", "4096") as proxy:
            text = proxy.admin("/pprof/heap").decode()
            self.assertRegex(text, r"^heap profile: \d+: \d+ \[\d+: \d+\] @ heap_v2/4096\n\d+: \d+ \[\d+: \d+\] @( 0x[0-9a-f]+)+\n")
            self.assertIn("\nMAPPED_LIBRARIES:\n", text)
            self.assertTrue(proxy.admin("/pprof/cmdline").startswith(lab.BINARY.encode() + b"\0proxy\0"))
            self.assertIn(b"num_symbols: 1", proxy.admin("/pprof/symbol"))


@unittest.skipUnless(shutil.which("objcopy") and shutil.which("strip"), "binutils are not installed")
class Symbols(unittest.TestCase):
    def test_stripped_with_a_debug_file(self):
        """Functions (static ones too), files and lines of a program whose symbols lie in a file beside it."""
        folder = os.path.join(lab.FOLDER, "stripped")
        os.makedirs(folder, exist_ok=True)
        program, debug = os.path.join(folder, "querytap"), os.path.join(folder, "querytap.debug")
        shutil.copy(lab.BINARY, program)
        for argv in (["objcopy", "--only-keep-debug", program, debug], ["strip", program],
                     ["objcopy", f"--add-gnu-debuglink={debug}", program]):
            subprocess.run(argv, check=True, capture_output=True)
        with unittest.mock.patch.object(lab, "BINARY", program), lab.Proxy("--profile-sample-bytes", "1") as proxy:
            self.assertEqual(RawClient(proxy.port).query("SELECT 1"), 1)
            text = proxy.admin("/debug/pprof/heap?debug=1").decode()
        # on_request of the admin room is static, and it allocates for this very page
        self.assertRegex(text, r"\ton_request\+0x[0-9a-f]+\t\S*admin/admin\.c:\d+")
        self.assertRegex(text, r"\tsession_open\+0x[0-9a-f]+\t\S*proxy/session_open\.c:\d+")


class Marks(unittest.TestCase):
    def test_births_tell_the_statement(self):
        with lab.Proxy("--profile-sample-bytes", "1") as proxy:
            c = RawClient(proxy.port)
            c.query("SELECT 1")
            # A client has its reply before the proxy has done with it: the record comes last.
            proxy.wait_record(lambda r: r.get("query") == "SELECT 1", "the first statement's record")
            proxy.post("/marks?name=before")
            s = c.prepare("SELECT ?, 'a statement of its own'")
            proxy.wait_record(lambda r: r.get("command") == "COM_STMT_PREPARE", "the second statement's record")
            proxy.post("/marks?name=after")
            diff = proxy.json("/marks/diff?from=before&to=after&n=1000")
            born = [b for b in diff["births"] if b["stage"] == "dissect"]
            self.assertTrue(born)
            self.assertIn(("COM_STMT_PREPARE", "SELECT ?, 'a statement of its own'", 1),
                          [(b.get("command"), b.get("query"), b.get("session")) for b in born])
            self.assertTrue(all(b["function"] and b["file"].endswith((".c", ".h")) and b["line"] > 0 for b in born if b["lib"] == "own"))
            stages = {s["stage"]: s for s in diff["stages"]}
            self.assertEqual(stages["dissect"]["births"], len(born))
            for b in born:  # the whole way, from the allocation to the thread's first function
                self.assertEqual((b["stack"][0]["function"], b["stack"][0]["line"]), (b["function"], b["line"]))
                self.assertTrue(any(f.get("function") == "dissect_feed" for f in b["stack"]), b)
                self.assertTrue(b["allocs"] >= b["frees"] >= 0 and b["bytes_alloc"] == b["allocs"] * b["size"], b)
            self.assertEqual(stages["dissect"]["samples"], stages["dissect"]["allocs"])  # each is sampled
            kept = sum(r["live_bytes_change"] for r in diff["records"] if r["stage"] == "dissect")
            self.assertGreaterEqual(kept, stages["dissect"]["live_bytes_change"])  # size classes round up
            self.assertGreater(stages["dissect"]["live_bytes_change"], 0)
            c.close_statement(s)
            c.quit()
            proxy.settled()
            now = {s["stage"]: s for s in proxy.json("/marks/diff?from=before")["stages"]}
            self.assertLessEqual(now["dissect"]["live_bytes_change"], 0)

    def test_commands(self):
        with lab.Proxy("--profile-sample-bytes", "1") as proxy:
            def heap(*args):
                return lab.querytap("heap", *args, "--admin", proxy.admin_addr)
            self.assertEqual(heap("mark", "a&b").returncode, 0)
            slap(proxy.port)
            self.assertEqual(heap("mark", "c").returncode, 0)
            self.assertRegex(heap("marks").stdout, rb"(?m)^a&b .*\nc ")
            done = heap("diff", "a&b", "c", "-n", "5")
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stdout, rb"(?m)^from a&b .*\nto   c ")
            self.assertIn(b"more are not shown", done.stdout)
            self.assertIn(b"to   now ", heap("diff", "c").stdout)
            self.assertIn(b"COM_QUERY", heap("births", "--since=a&b").stdout)
            self.assertRegex(heap("births", "--since", "a&b", "--stack").stdout, rb"\n#\t0x[0-9a-f]+\tsession_open\+0x[0-9a-f]+\t\S+:\d+\n")
            self.assertNotIn(b"#\t0x", heap("births", "--since", "a&b").stdout)
            self.assertRegex(heap("births", "--since", "1").stdout, rb"^\d+ allocation records were created between statement 1 and now\n")
            self.assertIn(b'"births":[', heap("births", "--since", "c", "--format", "json").stdout)
            for wrong, status in ((("diff", "nowhere"), 1), (("births", "--since", "nowhere"), 1), (("mark", "a b"), 2),
                                  (("mark",), 2), (("mark", "a", "b"), 2), (("nonsense",), 2), (("diff", "x" * 500), 2)):
                done = heap(*wrong)
                self.assertEqual(done.returncode, status, wrong)
                self.assertTrue(done.stderr)
        self.assertEqual(lab.querytap("heap").returncode, 2)


class RecordFaults(unittest.TestCase):
    def test_each_record_fails_once(self):
        """The records are the list of places that allocate: each is made to fail, and nothing else comes of it."""
        with lab.Proxy("--profile-fault-injection", "--workers", "1", "--profile-sample-bytes", "1",
                       expect_opaque=True) as proxy:

            def session():
                try:
                    c = RawClient(proxy.port, timeout=lab.PATIENCE_S)
                    s = c.prepare("SELECT ?, ?")
                    seen = [c.query("SELECT seq FROM seq_1_to_10"), c.execute(s, 7, b"text")]
                    c.close_statement(s)
                    c.quit()
                    return seen
                except (Gone, Refused) as error:
                    return error
            for _ in range(3):
                self.assertEqual(session(), [10, 1])
                proxy.settled()
            records = [b for b in proxy.json("/births?n=16384")["births"]
                       if b["stage"] not in ("main", "settings", "admin", "profile", "journal", "sink")]
            proxy.settled()
            before = proxy.held()
            fired = 0
            for record in records:
                proxy.post(f"/fault?record={record['record']}")
                session()
                proxy.idle()
                state = proxy.json("/fault")
                self.assertEqual(state["armed"] == "none", state["fired"] > fired)
                proxy.post("/fault?nth=0")
                fired = proxy.json("/fault")["fired"]  # what no session does may have allocated in between
            self.assertGreater(fired, 15)
            self.assertEqual(session(), [10, 1])
            proxy.settled()
            proxy.await_held(before)
            self.assertEqual(proxy.counters()["bad_frees"], 0)

    def test_chance(self):
        with lab.Proxy("--profile-fault-injection", "--workers", "1", expect_opaque=True) as proxy:
            proxy.settled()
            before = proxy.held()
            proxy.post("/fault?probability=0.02&seed=3&stage=dissect")
            for _ in range(50):
                try:
                    c = RawClient(proxy.port, timeout=lab.PATIENCE_S)
                    c.query("SELECT 1")
                    c.quit()
                except (Gone, Refused):
                    pass
            proxy.idle()
            self.assertGreater(proxy.json("/fault")["fired"], 0)
            proxy.post("/fault?nth=0")
            proxy.await_held(before)


if __name__ == "__main__":
    unittest.main()
