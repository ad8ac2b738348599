"""querytap heap explain: what it says of saved heap profiles against what a plain count of their lines says."""
import csv
import gzip
import http.server
import io
import json
import os
import random
import re
import shutil
import subprocess
import threading
import unittest
import urllib.request

import lab

GO_SITES = 48
# sanitizers map much more than they use
LIMITED = b"__asan_init" not in open(lab.BINARY, "rb").read() and b"__tsan_init" not in open(lab.BINARY, "rb").read()
HEADER = re.compile(r"^heap profile: (\d+): (\d+) \[(\d+): (\d+)\] @ heap/(\d+)$", re.M)
RECORD = re.compile(r"^(\d+): (\d+) \[(\d+): (\d+)\] @(.*)$", re.M)


def go_source():
    """A program of many places that allocate: place i allocates every (i + 1)th round, some in two sizes, a few keep it."""
    sites = []
    for i in range(GO_SITES):
        size = 64 << (i % 6)
        keep = f"kept[{i}] = b" if i % 8 == 0 else "sink = b"
        sites.append(f"//go:noinline\nfunc site{i}(round int) {{\n"
                     f"\tfor n := 0; n < {1 + 300 // (i * i + 1)}; n++ {{\n"
                     f"\t\tb := make([]byte, {size}*(1+round%{1 + i % 2}))\n\t\t{keep}\n\t}}\n}}\n")
    calls = "".join(f"\tif round%{i + 1} == 0 {{\n\t\tsite{i}(round)\n\t}}\n" for i in range(GO_SITES))
    return ("package main\n\nimport (\n\t\"fmt\"\n\t\"net\"\n\t\"net/http\"\n\t_ \"net/http/pprof\"\n\t\"runtime\"\n"
            "\t\"runtime/debug\"\n\t\"strconv\"\n)\n\n"
            f"var sink []byte\nvar kept [{GO_SITES}][]byte\nvar leak [][]byte\n\n" + "\n".join(sites) +
            "\n//go:noinline\nfunc forget(n int) {\n\tfor i := 0; i < n; i++ {\n\t\tleak = append(leak, make([]byte, 8192))\n\t}\n}\n"
            "\nfunc work(w http.ResponseWriter, r *http.Request) {\n\tround, _ := strconv.Atoi(r.FormValue(\"round\"))\n"
            "\tn, _ := strconv.Atoi(r.FormValue(\"leak\"))\n\tforget(n)\n" + calls + "}\n\n"
            # the first gap was drawn at the rate that was before: let it pass
            "func init() {\n\truntime.MemProfileRate = 2048\n\tsink = make([]byte, 16<<20)\n}\n\n"
            "func main() {\n\tdebug.SetGCPercent(400)\n\thttp.HandleFunc(\"/work\", work)\n"
            "\tlistener, err := net.Listen(\"tcp\", \"127.0.0.1:0\")\n\tif err != nil {\n\t\tpanic(err)\n\t}\n"
            "\tfmt.Println(listener.Addr())\n\tpanic(http.Serve(listener, nil))\n}\n")


class GoProgram:
    """The program, built once; use it with `with`."""
    binary = None

    def __init__(self):
        if shutil.which("go") is None:
            raise unittest.SkipTest("needs Go (golang-go)")
        if GoProgram.binary is None:
            folder = os.path.join(lab.FOLDER, "go")
            os.makedirs(folder)
            source = os.path.join(folder, "main.go")
            with open(source, "w", encoding="utf-8") as f:
                f.write(go_source())
            binary = os.path.join(folder, "program")
            subprocess.run(["go", "build", "-o", binary, source], check=True, cwd=folder,
                           env=dict(os.environ, GO111MODULE="off"))
            GoProgram.binary = binary
        self.process = subprocess.Popen([GoProgram.binary], stdout=subprocess.PIPE, text=True, env=dict(os.environ, GOMAXPROCS="1"))
        self.address = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(lab.PATIENCE_S)
        self.process.stdout.close()

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=lab.PATIENCE_S) as answer:
            return answer.read().decode()

    def rounds(self, n, leak=0):
        dumps = []
        for i in range(n):
            self.get(f"/work?round={i}&leak={leak}")
            dumps.append(self.get("/debug/pprof/heap?debug=1&gc=1"))
        return dumps


def explain(text, form="json", status=0, more=()):
    done = subprocess.run([lab.BINARY, "heap", "explain", f"--format={form}", *more, "-"], input=text.encode(),
                          capture_output=True, timeout=lab.PATIENCE_S, check=False)
    assert done.returncode == status, done
    return json.loads(done.stdout) if form == "json" else done.stdout.decode()


def count(dump):
    """What the lines of one dump say: by a way of its own, to compare with."""
    live, live_bytes, samples, _, rate = map(int, HEADER.search(dump).groups())
    text = dump.split("\n# runtime.MemStats")[0].split("\n", 1)[1]
    records = RECORD.findall(text)
    heap_alloc = re.search(r"^# HeapAlloc = (\d+)$", dump, re.M)
    pending = sum(r[2] == "0" for r in records)
    records = [r for r in records if r[2] != "0"]
    return {"records": len(records), "live_records": sum(int(r[0]) > 0 for r in records), "live_objects": live,
            "live_bytes": live_bytes, "samples": samples, "pending": pending, "heap_alloc": int(heap_alloc[1]), "rate": rate // 2,
            "keys": {(r[4], int(r[3]) // int(r[2])) for r in records}}


class Explain(unittest.TestCase):
    def compare(self, dumps, answer):
        """Each round with the dump that it was."""
        self.assertEqual(len(answer["rounds"]), len(dumps))
        for i, dump in enumerate(dumps):
            expected, got = count(dump), answer["rounds"][i]
            for name in ("records", "live_records", "live_objects", "live_bytes", "samples", "pending", "heap_alloc"):
                self.assertEqual(got[name], expected[name], f"{name} of round {i + 1}")
            before = count(dumps[i - 1])["records"] if i > 0 else expected["records"]
            self.assertEqual(got["births"], expected["records"] - before)
        self.assertEqual(answer["sample_bytes"], count(dumps[-1])["rate"])
        self.assertEqual((answer["unread"], answer["cut"], answer["restarts"]), (0, 0, 0))

    def test_a_go_program(self):
        with GoProgram() as program:
            dumps = program.rounds(40)
        log = "".join(f"round {i}\n{dump}\n2026/01/01 12:00:00 work goes on\n" for i, dump in enumerate(dumps))
        answer = explain(log)
        self.compare(dumps, answer)
        self.assertEqual(answer["stacks"], len({key[0] for key in count(dumps[-1])["keys"]}))
        self.assertGreater(answer["rounds"][-1]["records"], answer["rounds"][0]["records"] + 20)
        rows = list(csv.DictReader(io.StringIO(explain(log, "csv"))))
        self.assertEqual([int(r["records"]) for r in rows], [r["records"] for r in answer["rounds"]])
        self.assertEqual(explain(log.replace("\n", "\r\n")), answer)
        places = {b["place"] for b in answer["new"]}
        self.assertTrue(any(re.search(r"main\.go:\d+$", p) for p in places), places)
        self.assertTrue(any(b["function"].startswith("main.site") for b in answer["new"]))
        # what was predicted: the places differ by orders of magnitude, so births spread over the rounds
        known = [r for r in answer["rounds"] if "expected" in r]
        self.assertGreater(len(known), 20)
        self.assertGreaterEqual(sum(r["low"] <= r["births"] <= r["high"] for r in known), 0.8 * len(known))
        self.assertNotEqual((answer["bytes"], answer["verdict"]), ("RISES", "LEAK"))
        text = " ".join(explain(log, "text").split())
        self.assertIn(f"Records grew from {answer['rounds'][0]['records']} to {answer['rounds'][-1]['records']} in 40 rounds", text)
        listed = explain(log, "text", more=["--rounds=2-40"]).split("The new records of rounds 2 to 40:\n")[1].split("\n\n")[0]
        self.assertEqual(len(listed.split("\n")), len(answer["new"]))
        self.assertIn("main.site", listed)

    def test_a_go_program_that_leaks(self):
        with GoProgram() as program:
            dumps = program.rounds(40, leak=20)
        answer = explain("".join(dumps), status=1)
        self.compare(dumps, answer)
        self.assertEqual((answer["bytes"], answer["verdict"], answer["collected"]), ("RISES", "LEAK", True))
        site = answer["sites"][0]
        self.assertEqual((site["function"], site["caller"], site["never_freed"]), ("main.forget", "main.work", True))
        self.assertTrue(site["slope_low"] < 20 * 8192 * 1.1 and site["slope_high"] > 20 * 8192 * 0.9, site)
        self.assertIn("main.forget < main.work", explain("".join(dumps), "text", 1))
        # what fills looks the same at first
        self.assertEqual(explain("".join(dumps[:20]))["bytes"], "CAN'T TELL YET")
        # 20 slices of 8 KiB a round
        by_round = next(t for t in answer["trends"] if t["of"] == "heap_alloc" and t["by"] == "round")
        self.assertLess(by_round["slope_low"], 20 * 8192 * 1.1)
        self.assertGreater(by_round["slope_high"], 20 * 8192 * 0.9)

    def test_a_dump_that_is_cut_is_left_out(self):
        with GoProgram() as program:
            dumps = program.rounds(12)
        whole = explain("".join(dumps[:5] + dumps[6:]))
        for cut in (dumps[5].index("# runtime.MemStats") // 2, dumps[5].index("] @ 0x") + 10, len("heap profile: 1")):
            answer = explain("".join(dumps[:5]) + dumps[5][:cut] + "\n" + "".join(dumps[6:]))
            self.assertEqual(answer["cut"] + answer["unread"], 1, cut)
            self.assertEqual(answer["rounds"], whole["rounds"])
        # as a soak that was killed leaves it
        answer = explain("".join(dumps[:11]) + dumps[11][:len(dumps[11]) // 2])
        self.assertEqual((len(answer["rounds"]), answer["cut"], answer["restarts"]), (11, 1, 0))

    def test_the_same_program_again_has_the_same_addresses(self):
        with GoProgram() as program:
            first = program.rounds(10)
        with GoProgram() as program:
            second = program.rounds(30)
        # also if the second has more samples than the first had
        for before, after in ((first, second[:3]), (first[:1], second[9:])):
            answer = explain("".join(before + after))
            self.assertEqual(answer["restarts"], 1)
            self.assertEqual(answer["rounds"], explain("".join(after))["rounds"])
            self.assertEqual(answer["earlier"][0]["rounds"], explain("".join(before))["rounds"])
            self.assertTrue(answer["earlier"][0]["same_program"])

    def test_our_own_dumps(self):
        dumps = []
        with lab.Proxy("--profile-sample-bytes", "8K") as proxy:
            for i in range(12):
                statements = "".join(f"SELECT REPEAT('x', {200 * n});\n" for n in range(1, 2 + i))
                subprocess.run(["mariadb", "--no-defaults", "--skip-ssl" if i % 2 == 0 else "--ssl", "-h127.0.0.1",
                                f"-P{proxy.port}", "-uroot"], input=statements.encode(), check=True, capture_output=True)
                proxy.idle()
                dumps.append(proxy.admin("/debug/pprof/heap?debug=1").decode())
        answer = explain("".join(dumps))
        self.compare(dumps, answer)
        for name, tail in (("stacks", "Stacks"),):
            self.assertEqual(answer[name], int(re.search(f"^# {tail} = (\\d+)$", dumps[-1], re.M)[1]))
        self.assertEqual(answer["rounds"][-1]["records"], int(re.search(r"^# Records = (\d+)$", dumps[-1], re.M)[1]))
        self.assertEqual({b["stage"] for b in answer["new"]} - set(re.findall(r"stage=(\w+)", dumps[-1])), set())
        svg = explain("".join(dumps), "svg")
        self.assertTrue(svg.startswith("<svg") and svg.endswith("</svg>\n"))

    def test_what_is_no_dump(self):
        text = explain("nothing of the kind\n" + "x" * (1 << 20), "text", 1)
        self.assertTrue(text.startswith("This contains no heap profile"), text)

    def test_the_commands_of_the_story(self):
        """A page and a profile, appended to one file in each round; the page ends without a newline."""
        path = os.path.join(lab.FOLDER, "heap.dump")
        with GoProgram() as program, open(path, "wb") as out:
            for i in range(12):
                out.write(b"Benchmark\n\tRunning for engine innodb\n\n")
                program.get(f"/work?round={i}")
                for page in ("/debug/pprof/", "/debug/pprof/heap?debug=1"):
                    subprocess.run(["curl", "-s", f"http://{program.address}{page}"], stdout=out, check=True)
        with open(path, "rb") as f:
            text = f.read().decode()
        self.assertIn("</html>heap profile: ", text)
        answer = explain(text)
        self.assertEqual((len(answer["rounds"]), answer["cut"], answer["unread"]), (12, 0, 0))
        self.assertGreater(answer["rounds"][-1]["goroutines"], 0)
        screen = explain(text, "text")
        self.assertLessEqual(len(screen.splitlines()), 24, screen)
        self.assertLessEqual(max(map(len, screen.splitlines())), 80, screen)

    def test_no_look_at_the_kept_sample_cries_wolf(self):
        """tests/data/growth: profiles of small programs that leak or not, after each of their rounds."""
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        done = subprocess.run([os.path.join(root, "bench", "growth"), "--build", os.path.dirname(lab.BINARY), "--step", "4",
                               os.path.join(root, "data", "growth")], capture_output=True, text=True, check=False, timeout=4 * lab.PATIENCE_S)
        self.assertEqual(done.returncode, 0, done)
        answers = dict(re.findall(r"^([LN]-\S+)\s+(RISES|LEVELS OFF|FLAT|CAN'T TELL YET) ", done.stdout, re.M))
        self.assertEqual({name for name, answer in answers.items() if answer == "RISES"}, {name for name in answers if name[0] == "L"})
        self.assertEqual(len(answers), 7, done.stdout)

    def test_files_in_any_order(self):
        with GoProgram() as program:
            dumps = program.rounds(12)
        whole = explain("".join(dumps))
        names = []
        for i, dump in enumerate(dumps):
            names.append(os.path.join(lab.FOLDER, f"heap.{i + 1}"))
            with open(names[-1], "w", encoding="utf-8") as f:
                f.write(dump)
        done = subprocess.run([lab.BINARY, "heap", "explain", "--format=json", *sorted(names), names[3]], capture_output=True, check=True)
        answer = json.loads(done.stdout)
        self.assertEqual((answer["rounds"], answer["twice"], answer["restarts"]), (whole["rounds"], 1, 0))

    def test_protobufs_are_counted_as_pprof_does(self):
        with GoProgram() as program:
            paths = []
            for i in range(6):
                program.get(f"/work?round={i}&leak=5")
                with urllib.request.urlopen(f"http://{program.address}/debug/pprof/heap?gc=1", timeout=lab.PATIENCE_S) as answer:
                    paths.append(os.path.join(lab.FOLDER, f"proto.{i}.pb.gz"))
                    with open(paths[-1], "wb") as f:
                        f.write(answer.read())
        done = subprocess.run([lab.BINARY, "heap", "explain", "--format=json", *reversed(paths)], capture_output=True, check=True)
        answer = json.loads(done.stdout)
        self.assertEqual((len(answer["rounds"]), answer["restarts"]), (6, 0))
        for path, got in zip(paths, answer["rounds"]):
            raw = subprocess.run(["go", "tool", "pprof", "-raw", path], capture_output=True, text=True, check=True,
                                 env=dict(os.environ, PPROF_TMPDIR=lab.FOLDER, HOME=lab.FOLDER)).stdout
            samples = [list(map(int, m.groups())) for m in re.finditer(r"^ +(\d+) +(\d+) +(\d+) +(\d+): ", raw, re.M)]
            sums = [sum(column) for column in zip(*samples)]
            self.assertEqual([got[name] for name in ("alloc_objects", "alloc_space", "inuse_objects", "inuse_space")], sums)
            self.assertEqual(got["records"], len(samples))
        self.assertIn("main.forget", {b["function"] for b in answer["new"]} | {answer["sites"][0]["function"] if answer["sites"] else "main.forget"})

    def test_what_is_damaged_is_said(self):
        """400 files: cut, changed, doubled, with bytes of any kind; a message or an answer each, in bounded memory and time."""
        with GoProgram() as program:
            text = "".join(program.rounds(3)).encode()
            with urllib.request.urlopen(f"http://{program.address}/debug/pprof/heap", timeout=lab.PATIENCE_S) as answer:
                packed = answer.read()
        chance = random.Random(7)
        seeds = [text, packed, gzip.decompress(packed), gzip.compress(text)]
        for i in range(400):
            data = bytearray(seeds[i % len(seeds)])
            for _ in range(chance.randint(1, 20)):
                at = chance.randrange(len(data))
                what = chance.randrange(4)
                if what == 0:
                    del data[at:]
                elif what == 1:
                    data[at] = chance.randrange(256)
                elif what == 2:
                    data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 9)))
                else:
                    data[at:at] = data[at:at + chance.randint(1, 4096)]
                data = data or bytearray(b"x")
            done = subprocess.run(["prlimit", "--as=4294967296", lab.BINARY, "heap", "explain", "-"] if LIMITED else
                                  [lab.BINARY, "heap", "explain", "-"], input=bytes(data), capture_output=True, timeout=lab.PATIENCE_S,
                                  check=False)
            self.assertIn(done.returncode, (0, 1), (i, done.stderr))
            self.assertTrue(done.stdout, i)
            self.assertFalse(re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", done.stdout), (i, done.stdout))


class Watch(unittest.TestCase):
    """querytap heap watch on a Go server that works all the time."""

    def watch(self, address, *flags, leak=0):
        stop = threading.Event()

        def work():
            i = 0
            while not stop.is_set():
                with urllib.request.urlopen(f"http://{address}/work?round={i}&leak={leak}", timeout=lab.PATIENCE_S) as answer:
                    answer.read()
                i += 1
                stop.wait(0.02)

        worker = threading.Thread(target=work)
        worker.start()
        try:
            return subprocess.run([lab.BINARY, "heap", "watch", "--every=100ms", *flags], capture_output=True, timeout=2 * lab.PATIENCE_S,
                                  check=False, text=True)
        finally:
            stop.set()
            worker.join()

    def test_a_leak_ends_it_with_1(self):
        with GoProgram() as program:
            done = self.watch(program.address, "--gc", "--ci", f"http://{program.address}", leak=4)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("Bytes: RISES", done.stdout)
        self.assertIn("main.forget < main.work", done.stdout)

    def test_none_ends_it_with_0(self):
        with GoProgram() as program:
            done = self.watch(program.address, "--gc", "--format=json", f"http://{program.address}/debug/pprof/")
        self.assertEqual(done.returncode, 0, done)
        self.assertIn(json.loads(done.stdout)["bytes"], ("FLAT", "LEVELS OFF"))

    def test_no_secret_is_seen(self):
        with GoProgram() as program:
            url = f"http://someone:opensesame@{program.address}/debug/pprof/heap?token=opensesame"
            process = subprocess.Popen([lab.BINARY, "heap", "watch", "--every=50ms", "--rounds=5", "--format=json", url],
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

            def command():
                with open(f"/proc/{process.pid}/cmdline", "rb") as f:
                    return f.read()

            lab.wait_for(lambda: b"watch" in command() and b"opensesame" not in command(), "no secret in argv")
            out, _ = process.communicate(timeout=lab.PATIENCE_S)
            self.assertEqual(process.returncode, 0, out)
            self.assertEqual(len(json.loads(out)["rounds"]), 5)
            self.assertNotIn(b"opensesame", out)
            for url in ("http://a:opensesame@127.0.0.1:1/?t=opensesame", "gopher://a:opensesame@127.0.0.1:1/"):
                done = subprocess.run([lab.BINARY, "heap", "watch", url], capture_output=True, check=False, timeout=lab.PATIENCE_S)
                self.assertGreater(done.returncode, 0)
                self.assertTrue(done.stderr and b"opensesame" not in done.stdout + done.stderr, done)

    def test_what_is_no_heap_profile(self):
        with GoProgram() as program:
            for path, said in (("/debug/pprof/goroutine", "goroutine profile"), ("/nowhere", "status 404"), ("/work", "no heap profile")):
                done = subprocess.run([lab.BINARY, "heap", "watch", f"http://{program.address}{path}"], capture_output=True, text=True,
                                      check=False, timeout=lab.PATIENCE_S)
                self.assertEqual(done.returncode, 1, done)
                self.assertIn(said, done.stderr)

    def test_redirects_and_size_are_bounded(self):
        asked = []

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                asked.append(self.path)
                if self.path.startswith("/away"):
                    self.send_response(302)
                    self.send_header("Location", f"http://localhost:{self.server.server_port}/taken")
                    self.end_headers()
                elif self.path.startswith("/here"):
                    self.send_response(302)
                    self.send_header("Location", "/small")
                    self.end_headers()
                elif self.path.startswith("/small"):
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(b"heap profile: 0: 0 [0: 0] @ heap/2\n")
                else:
                    self.send_response(200)
                    self.end_headers()
                    try:
                        for _ in range(80):
                            self.wfile.write(bytes(1 << 20))
                    except OSError:
                        pass

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            for path, status, said in (("away", 1, "redirects to another server"), ("here", 0, ""), ("large", 1, "larger than 64 MiB")):
                done = subprocess.run([lab.BINARY, "heap", "watch", "--rounds=1", f"http://127.0.0.1:{server.server_port}/{path}"],
                                      capture_output=True, text=True, check=False, timeout=lab.PATIENCE_S)
                self.assertEqual(done.returncode, status, done)
                self.assertIn(said, done.stderr)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
        self.assertNotIn("/taken", asked)


if __name__ == "__main__":
    unittest.main()
