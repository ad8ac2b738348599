"""The page with a real proxy: each view, its keys, its addresses, wrong filters, a proxy that starts again, several tabs."""
import json
import os
import re
import unittest

import lab
from pagelab import WEB, PageTest, traffic

ROWS = "[...document.querySelectorAll('.vlist-rows .row:not([hidden])')]"
COUNT = "document.querySelector('.status-line').textContent"


class Views(PageTest):
    @classmethod
    def setUpClass(cls):
        cls.proxy = cls.enterClassContext(lab.Proxy("--log-rows", "2", "--log-slow-ms", "10"))
        cls.client = traffic(cls.proxy.port)
        cls.addClassCleanup(cls.client.close)
        lab.wait_for(lambda: b"STMT_EXECUTE" in cls.proxy.admin("/records?n=100"), "the records")

    def at(self, hash_="", **options):
        return self.page(f"http://{self.proxy.admin_addr}/{hash_}", **options)

    def text(self, page, *words, where="document.body.innerText"):
        for word in words:
            page.wait(f"{where}.includes({word!r})", f"the text {word}")

    def test_live(self):
        page = self.at()
        self.text(page, "SELECT nmae FROM author", "error 1054", "Unknown column")
        self.assertIn("127.0.0.1", page.js("location.host"))
        self.client.query("SELECT 'a new one'")
        self.text(page, "a new one")
        # The list is paused by going to a row, and says how many came since.
        page.js("document.querySelector('.vlist').focus()")
        page.key("k")
        page.wait("document.querySelector('.follow').textContent === 'Paused'")
        self.client.query("SELECT 'another one'")
        page.wait("/^[1-9]\\d* new$/.test(document.querySelector('.newer').textContent.trim())", "the number of new records")
        page.key("f")
        page.wait("document.querySelector('.newer').hidden && document.querySelector('.follow').textContent === 'Following'")
        # Enter opens a record, o opens it as a page, the browser's way back leads to the list.
        page.key("k")
        page.key("Enter")
        page.wait("!document.querySelector('.panel').hidden && /[?&]r=/.test(location.hash)")
        page.key("Escape")
        page.wait("document.querySelector('.panel').hidden && !/[?&]r=/.test(location.hash)")
        page.js("history.back()")
        page.wait("!document.querySelector('.panel').hidden")
        page.key("o")
        page.wait("location.hash.startsWith('#/statement/') && document.querySelector('.statement-page')")
        page.js("history.back()")
        page.wait("location.hash.startsWith('#/live') && document.querySelector('.vlist')")

    def test_keys(self):
        page = self.at()
        page.wait(ROWS + ".length > 3")
        page.key("?")
        self.text(page, "Keys", where="document.querySelector('dialog').innerText")
        page.key("Escape")
        page.wait("!document.querySelector('dialog')")
        page.key("g")
        page.wait("document.querySelector('.group-row') && location.hash.includes('group=transaction')")
        page.js("document.querySelector('.vlist').focus()")
        page.key("Home")
        page.key("Enter")
        page.wait("document.querySelector('.group-row[aria-expanded=true]') && document.querySelector('.row.child')")
        page.js("localStorage.clear()")
        for key, view in zip("1234567", ("live", "digests", "findings", "transactions", "sessions", "packets", "memory")):
            page.key(key)
            page.wait(f"location.hash.startsWith('#/{view}') && document.querySelector('#nav a[aria-current]').dataset.view === '{view}'")
        before = page.js("getComputedStyle(document.body).backgroundColor")
        page.key("t")
        page.wait(f"getComputedStyle(document.body).backgroundColor !== '{before}'")
        page.js("localStorage.clear()")

    def test_a_wrong_filter(self):
        page = self.at()
        page.wait(ROWS + ".length > 3")
        page.key("/")
        page.wait("document.activeElement.className === 'filter-input'")
        page.type("err or usr:root")
        page.key("Enter")
        self.text(page, "column 8", "did you mean 'user'", where="document.querySelector('.filter-problem').innerText")
        self.assertEqual(page.js("document.querySelector('.filter-echo mark').textContent"), "usr")
        self.assertEqual(page.js("document.activeElement.selectionStart"), 7)
        page.click(".filter-problem .button")
        page.wait("location.hash.includes('user%3Aroot') && document.querySelector('.filter-problem').hidden")
        page.wait(ROWS + ".length > 3")
        # Completion: the first letters of a term, then a value.
        page.key("/")
        page.type("fin")
        page.wait("document.querySelector('.filter-list').innerText.includes('finding:')")
        page.key("Tab")
        page.type("n_p")
        page.key("ArrowDown")
        page.key("Enter")
        self.assertEqual(page.js("document.querySelector('.filter-input').value"), "finding:n_plus_one ")
        page.key("Enter")
        page.wait("location.hash.includes('finding%3An_plus_one')")
        page.wait(ROWS + ".length > 1 && " + ROWS + ".every(r => r.textContent.includes('N+1'))")

    def test_a_span_of_time(self):
        page = self.at()
        page.wait(ROWS + ".length > 3 && document.querySelector('.histogram-plot path[d]')")
        page.click(".histogram-plot")
        page.wait("/from=\\d+&to=\\d+/.test(location.hash) && !document.querySelector('.zoomed').hidden")
        page.key("z")
        page.wait("!/from=/.test(location.hash) && " + ROWS + ".length > 3")

    def test_a_statement_by_its_address(self):
        line = self.proxy.admin("/records?n=200&format=json&ids=1&q=cmd:execute").decode().splitlines()[0]
        page = self.at("#/statement/" + re.search(r'"id":"([^"]+)"', line)[1].replace(":", "%3A"))
        self.text(page, "SELECT name", "WHERE id = ", "it's", "server", "All statements of this shape", "COM_STMT_EXECUTE")
        page.js("[...document.querySelectorAll('button')].find(b => b.textContent === 'Show the packets').click()")
        self.text(page, "COM_STMT_EXECUTE", "client → server", where="document.querySelector('.packets').innerText")
        page.wait("/000000 {2}17 /.test(document.querySelector('.packets .hex').textContent)")
        # As it was sent: in its own lines.
        self.client.query("SELECT  'as\nsent'\n FROM author")
        line = lab.wait_for(lambda: self.proxy.admin("/records?n=1&format=json&ids=1&q=text:sent").decode(), "the statement")
        page.js(f"location.hash = '#/statement/{json.loads(line)['id'].replace(':', '%3A')}'")
        page.wait("document.querySelector('.sql').innerText.includes(\"SELECT 'as\\\\nsent'\\nFROM author\")", "it laid out")
        page.js("[...document.querySelectorAll('button')].find(b => b.textContent === 'As sent').click()")
        self.assertEqual(page.js("document.querySelector('.sql').textContent"), "SELECT  'as\nsent'\n FROM author")
        page.js("location.hash = '#/statement/0%3A1'")
        self.text(page, "No such record")

    def test_digests(self):
        page = self.at("#/digests")
        self.text(page, "SELECT NAME FROM author WHERE id = ?", "Median")
        page.js("[...document.querySelectorAll('button')].find(b => b.textContent === 'Mark now').click()")
        self.text(page, "Mean since the mark", "none since")
        self.client.query("SELECT name FROM author WHERE id = 4")
        self.text(page, " % ".strip())
        page.js("[...document.querySelectorAll('tr.clickable')].find(r => r.textContent.includes('SLEEP')).click()")
        page.wait("/^#\\/digests\\/[0-9a-f]{32}$/.test(location.hash)")
        self.text(page, "Executions", "The slowest")

    def test_findings(self):
        page = self.at("#/findings")
        self.text(page, "7 × author by id, after author", "app/post.rb:17", "error 1054", "N+1")
        page.js("[...document.querySelectorAll('tr.clickable')].find(r => r.textContent.includes('7 ×')).click()")
        page.wait("document.querySelector('.statement-page')")

    def test_transactions(self):
        page = self.at("#/transactions")
        self.text(page, "begin, update author by id, commit")
        page.click("tr.clickable")
        self.text(page, "Transaction 1 of session", "update author by id", "The application")
        self.assertGreaterEqual(page.js("document.querySelectorAll('.wf-bar').length"), 3)
        page.js("location.hash = '#/transactions/trace%3A4bf92f3577b34da6a3ce929d0e0e4736'")
        self.text(page, "7 × author by id", "after author")
        page.click(".wf-fold")
        page.wait("document.querySelectorAll('.wf-child').length === 7")

    def test_a_new_user(self):
        """In a few clicks, without an address or a word typed: the slowest statement, an N+1 with its code line, an error with its statement, the bytes of a packet."""
        page = self.at()
        page.wait(ROWS + ".length > 3")

        def click(selector, text=""):
            page.wait(f"(e => e && (e.click(), true))([...document.querySelectorAll({selector!r})].find(e => e.textContent.includes({text!r})))", f"{selector} {text}")
        click("#nav a", "Digests")
        page.wait("document.querySelector('tbody tr')?.textContent.includes('SLEEP')")
        click("tbody tr")
        self.text(page, "The slowest", "SLEEP(0.15)")
        click("#nav a", "Findings")
        self.text(page, "7 × author by id", "app/post.rb:17")
        click("tbody tr", "error 1054")
        self.text(page, "Unknown column", "waterfall")
        click(".facts a", "waterfall")
        self.text(page, "Session 1", "update author by id")
        click("#nav a", "Packets")
        click(".tabs a", "#1")
        click("summary", "COM_QUERY")
        page.wait("/53 45 4c 45 43 54|52 45 50 4c|43 52 45 41/.test(document.querySelector('[open] .hex').textContent)")
        self.assertRegex(page.js("document.querySelector('[open] .hex').textContent"), r"000000  03 +command ")
        click(".panel-actions a", "Hex")
        page.wait("document.querySelector('.hex') && !document.querySelector('.hex').textContent.includes('command')")

    def test_sessions(self):
        from rawclient import RawClient
        victim = RawClient(self.proxy.port)
        self.addCleanup(victim.close)
        page = self.at("#/sessions")
        page.wait("document.querySelectorAll('tbody tr').length >= 2")
        number = max(s["conn_id"] for s in self.proxy.json("/sessions")["sessions"])
        kill = f"[aria-label='Kill session {number}']"
        page.click(kill)
        self.text(page, f"Close session {number}?", where="document.querySelector('dialog').innerText")
        page.key("Escape")
        self.assertEqual(max(s["conn_id"] for s in self.proxy.json("/sessions")["sessions"]), number)
        page.click(kill)
        page.click("dialog .danger")
        lab.wait_for(lambda: all(s["conn_id"] != number for s in self.proxy.json("/sessions")["sessions"]), "the session's end")
        page.wait(f"!document.querySelector(\"{kill}\")")

    def test_packets_and_memory(self):
        page = self.at("#/packets/1")
        self.text(page, "COM_QUERY", "server → client")
        page.js("location.hash = '#/memory/journal'")
        self.text(page, "Stage journal", "Does memory rise?", "Held by place in the code")

    def test_no_view_is_wider_than_the_window(self):
        page = self.at(width=360, height=740)
        for view in ("live", "digests", "findings", "transactions", "sessions", "packets/1", "memory", "transactions/session%3A1"):
            page.js(f"location.hash = '#/{view}'")
            page.wait("document.querySelector('main').childElementCount > 0 && document.querySelector('main').textContent.length > 40")
            self.assertTrue(page.js("document.documentElement.scrollWidth <= innerWidth && document.querySelector('main').scrollWidth <= innerWidth"), view)

    def streams(self):
        return self.proxy.json("/counters")["admin_streams"]

    def test_tabs_share_one_stream(self):
        before = self.streams()
        first = self.at()
        first.wait(ROWS + ".length > 3 && document.querySelector('#state').textContent.startsWith('Live')")
        second = self.at()
        second.wait(ROWS + ".length > 3 && document.querySelector('#state').title.includes('another tab')")
        self.assertEqual(self.streams() - before, 1)
        self.client.query("SELECT 'for both'")
        for page in (first, second):
            self.text(page, "for both")
        # When the tab that reads is closed, the other one goes on where it was.
        first.open("about:blank")
        first.wait("location.href === 'about:blank'")
        lab.wait_for(lambda: self.streams() - before == 2, "the stream of the other tab")
        self.client.query("SELECT 'for the other'")
        self.text(second, "for the other")
        self.assertEqual(second.js("""import('/web/source.js').then(({source}) => {
            const numbers = source.ring.records.map(r => Number(r.id.split(':')[1]));
            return numbers.every((n, i) => i === 0 || n === numbers[i - 1] + 1); })"""), True)

    def test_a_stream_too_many(self):
        import socket
        host, port = self.proxy.admin_addr.split(":")
        streams = []

        def one_more():
            stream = socket.create_connection((host, int(port)))
            self.addCleanup(stream.close)
            stream.sendall(b"GET /records/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            answer = b""
            while b"\r\n" not in answer:
                answer += stream.recv(4096)
            if b" 200 " in answer.split(b"\r\n")[0]:
                streams.append(stream)
            else:
                stream.close()
            return len(streams) == 16

        # The proxy may still serve a page of the test before; its place is taken as soon as it is free.
        lab.wait_for(one_more, "sixteen streams")
        page = self.at()
        page.wait("document.querySelector('#state').textContent === 'Refused' && document.querySelector('.empty').innerText.includes('refuses the stream')")
        for stream in streams:
            stream.close()
        page.click("#state")
        page.wait(ROWS + ".length > 3")

    def test_a_hidden_tab_does_not_read(self):
        page = self.at()
        page.wait(ROWS + ".length > 3")
        hiding = self.page(window=False)
        page.wait("document.hidden && document.querySelector('#state').textContent === 'Paused while hidden'")
        self.client.query("SELECT 'while hidden'")
        hiding.open("about:blank")
        page.call("Page.bringToFront")
        self.text(page, "while hidden")


class Restart(PageTest):
    def test_a_proxy_that_starts_again(self):
        port = lab.free_port()
        with lab.Proxy("--admin", f"127.0.0.1:{port}") as proxy:
            client = traffic(proxy.port)
            page = self.page(f"http://127.0.0.1:{port}/")
            page.wait("document.body.innerText.includes('SELECT nmae')")
            client.close()
        page.wait("/Connection lost|Reconnecting/.test(document.getElementById('state').textContent)", "the end of the proxy")
        with lab.Proxy("--admin", f"127.0.0.1:{port}") as proxy:
            client = traffic(proxy.port)
            client.query("SELECT 'after the start'")
            page.wait("document.body.innerText.includes('after the start')")
            page.wait("document.querySelector('#state').textContent.startsWith('Live')")
            self.assertEqual(page.js("""import('/web/source.js').then(({source}) => source.ring.records.filter(r => r.event === 'restart').length)"""), 1)
            client.close()


class Reach(PageTest):
    def test_findings_reach_back_to_the_start(self):
        """Also behind 20,000 records (with --long), and where the record that shows a finding is no longer kept."""
        many = 20001 if lab.LONG else 400
        with lab.Proxy("--log-recent-bytes", "65536") as proxy:
            client = traffic(proxy.port)
            self.addCleanup(client.close)
            lab.wait_for(lambda: proxy.json("/findings")["findings"], "the findings")
            for i in range(many):
                client.query(f"DO {i}")
            lab.wait_for(lambda: f"DO {many - 1}".encode() in proxy.admin("/records?n=1"), "the last record")
            self.assertNotIn(b"author", proxy.admin("/records?n=100000&q=finding"))
            page = self.page(f"http://{proxy.admin_addr}/#/findings")
            row = "[...document.querySelectorAll('tbody tr')].find(r => r.textContent.includes('7 × author by id, after author'))"
            page.wait(row, "the finding")
            self.assertRegex(page.js(row + ".innerText").replace("\n", " "), r"N\+1.*SELECT NAME FROM author WHERE id = \? .*app/post.rb:17\s+7\s+[\d.]+ .s\s")
            page.js("[..." + row + ".querySelectorAll('a')].find(a => a.textContent === 'Digest').click()")
            page.wait("document.body.innerText.includes('The slowest')", "the digest")


# What the files of web/ may take together, as they are in the tree: whoever adds to the page takes something away elsewhere.
WEB_BYTES_MAX = 166_100


class Sources(unittest.TestCase):
    def test_the_page_stays_small(self):
        self.assertLessEqual(sum(os.path.getsize(os.path.join(WEB, name)) for name in os.listdir(WEB) if not name.endswith((".mk", ".c"))), WEB_BYTES_MAX)

    def test_only_text_becomes_text(self):
        forbidden = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setTimeout\(['\"`]|createContextualFragment|DOMParser|"
                               r"\son[a-z]+\s*=\s*[\"']|javascript:|srcdoc|https?://(?!www\.w3\.org/)")
        for name in sorted(os.listdir(WEB)):
            with open(os.path.join(WEB, name), encoding="utf-8") as f:
                for number, line in enumerate(f, 1):
                    self.assertIsNone(forbidden.search(line), f"web/{name}:{number}: {line}")
        with open(os.path.join(WEB, "index.html"), encoding="utf-8") as f:
            self.assertNotRegex(f.read(), r"\sstyle=|<style|<script(?! type=\"module\" src=)")


if __name__ == "__main__":
    unittest.main()
