"""Memory: stages return to where they were, and the heap profile is what pprof expects."""
import os
import shutil
import subprocess
import unittest

import lab
import test_general_log


def slap(port):
    done = lab.run(*test_general_log.SLAP, f"-P{port}")
    assert done.returncode == 0, done.stderr


class Memory(unittest.TestCase):
    def test_stages_return(self):
        """After slap rounds every stage holds as many blocks as before the first.

        The event loops are the exception that the README names (lab.CACHES): one small struct for each descriptor.
        The statistics of each session (log.scopes) stay behind, too, as they are to be asked for."""
        workers = 2
        with lab.Proxy("--workers", str(workers), "--log-scopes", "0") as proxy:
            before = proxy.stages()
            slap(proxy.port)
            proxy.settled()
            first = proxy.stages()
            slap(proxy.port)
            proxy.await_held({stage: n for stage, n in before.items() if stage not in lab.CACHES})
            second = proxy.stages()
        # at most one struct a worker for each descriptor: 50 sessions of two, and what the proxy has open itself
        most = workers * (2 * 51 + 32)
        for loop in lab.CACHES:
            self.assertLessEqual(first[loop] - before[loop], most)
            self.assertLessEqual(second[loop] - before[loop], most)

    def test_heap_text(self):
        with lab.Proxy("--profile-sample-bytes", "1") as proxy:
            slap(proxy.port)
            text = proxy.admin("/debug/pprof/heap?debug=1").decode()
        first, *rest = text.split("\n")
        self.assertRegex(first, r"^heap profile: \d+: \d+ \[\d+: \d+\] @ heap/2$")
        self.assertIn("MAPPED_LIBRARIES:", rest)
        self.assertIn("\tsession_open+0x", text)
        self.assertRegex(text, r"# record \d+ stage=dissect lib=own .* COM_QUERY ")

    @unittest.skipUnless(shutil.which("go"), "golang-go is not installed")
    def test_go_pprof(self):
        home = os.path.join(lab.FOLDER, "go-home")
        os.makedirs(home, exist_ok=True)
        env = dict(os.environ, HOME=home, PPROF_TMPDIR=home, GOFLAGS="-mod=mod", GOTOOLCHAIN="local")
        with lab.Proxy("--profile-sample-bytes", "1") as proxy:
            slap(proxy.port)
            done = subprocess.run(["go", "tool", "pprof", "-top", "-sample_index=alloc_space",
                                   f"http://{proxy.admin_addr}/debug/pprof/heap?debug=1"], env=env, capture_output=True,
                                  text=True, timeout=lab.PATIENCE_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in ("session_open", "dissect_new", "journal_new"):
            self.assertIn(name, done.stdout)

    def test_symbols(self):
        with lab.Proxy("--profile-sample-bytes", "1") as proxy:
            self.assertIn(b"num_symbols: 1", proxy.admin("/debug/pprof/symbol"))
            line = next(l for l in proxy.admin("/debug/pprof/heap?debug=1").decode().split("\n") if "\tcommand_proxy+" in l)
            answer = proxy.admin("/debug/pprof/symbol", data=line.split("\t")[1].encode()).decode()
            self.assertIn("command_proxy", answer)
            index = proxy.admin("/debug/pprof/", headers={"Accept": "text/html"}).decode()
            self.assertRegex(index, r"<td>\d+<td>heap<td>")


if __name__ == "__main__":
    unittest.main()
