"""What takes longer: accessibility by axe-core, and the list under load. With --long only."""
import json
import os
import subprocess
import time
import unittest

import lab
from pagelab import PageTest, traffic

AXE = os.path.join(lab.CACHE, "node", "node_modules", "axe-core", "axe.min.js")
STATEMENTS = 100000
RATE = 2000


@unittest.skipUnless(lab.LONG, "only with --long")
class Accessibility(PageTest):
    @unittest.skipUnless(os.path.exists(AXE), "axe-core is not installed (script/node-drivers)")
    def test_no_violation_of_axe(self):
        with open(AXE, encoding="utf-8") as f:
            axe = f.read()
        with lab.Proxy("--log-rows", "2") as proxy:
            client = traffic(proxy.port)
            line = lab.wait_for(lambda: proxy.admin("/records?n=1&ids=1&format=json&q=cmd:execute"), "the records")
            number = json.loads(line)["id"].replace(":", "%3A")
            for dark in (False, True):
                for view in ("live", f"live?r={number}", "live?group=session", f"statement/{number}", "digests", "findings", "transactions", "transactions/session%3A1", "sessions",
                             "packets/1", "memory/journal"):
                    page = self.page(f"http://{proxy.admin_addr}/#/{view}", dark=dark)
                    page.wait("document.querySelector('main').textContent.length > 150 && !document.querySelector('main').textContent.includes('Reading')")
                    page.js(axe + "; true")
                    found = page.js("axe.run().then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 200)).slice(0, 3).join(' | ')))")
                    self.assertEqual(found, [], f"{view}, {'dark' if dark else 'light'}")
            client.close()


@unittest.skipUnless(lab.LONG, "only with --long")
class Load(PageTest):
    def test_scrolling_under_load(self):
        """100,000 statements at 2,000 a second: while they come, 95 of 100 frames of a list that is scrolled take less than 50 ms."""
        with lab.Proxy("--log-filter", "err") as proxy:
            sysbench = ["sysbench", "oltp_point_select", "--db-driver=mysql", "--mysql-host=127.0.0.1", f"--mysql-port={proxy.port}", "--mysql-user=root", "--mysql-db=shop",
                        "--tables=1", "--table-size=1000", "--skip-trx=1"]
            subprocess.run([*sysbench, "prepare"], check=True, capture_output=True)
            page = self.page(f"http://{proxy.admin_addr}/")
            page.wait("document.querySelector('#state').textContent.startsWith('Live')")
            load = subprocess.Popen([*sysbench, f"--rate={RATE}", "--threads=4", "--time=0", f"--events={STATEMENTS}", "run"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.addCleanup(lambda: (load.kill(), load.wait()))
            page.js("""(() => {
                window.frames_ = [];
                const list = document.querySelector('.vlist');
                let last = performance.now(), n = 0;
                requestAnimationFrame(function frame(now) {
                    frames_.push(now - last);
                    last = now;
                    n++;
                    list.scrollTop = (Math.sin(n / 120) + 1) / 2 * (list.scrollHeight - list.clientHeight);
                    requestAnimationFrame(frame);
                });
            })()""")
            self.assertEqual(load.wait(8 * STATEMENTS / RATE), 0)
            last = json.loads(proxy.admin("/records?n=1&ids=1&format=json"))["id"].split(":")[1]
            page.wait(f"import('/web/source.js').then(({{source}}) => source.feed.number >= {last})", "the last statement", 120)
            frames = sorted(page.js("frames_"))
            heap = page.call("Runtime.getHeapUsage")["usedSize"] / 1048576
            kept = page.js("import('/web/source.js').then(({source}) => [source.ring.records.length, source.ring.dropped])")
            p95 = frames[int(len(frames) * 0.95)]
            print(f"# {len(frames)} frames, 95 % under {p95:.1f} ms, the longest {frames[-1]:.0f} ms; {kept[0]} records kept, {kept[1]} dropped, {heap:.0f} MiB of JavaScript's heap", flush=True)
            self.assertLess(p95, 50)
            self.assertLess(heap, 400)
            self.assertLessEqual(kept[0], 100000)
            started = time.monotonic()
            page.key("2")
            page.wait("document.querySelector('tr.clickable')")
            self.assertLess(time.monotonic() - started, 5)
