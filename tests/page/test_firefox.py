"""The page in Firefox: each view, a filter and its error, deep links, keys. With --long only."""
import json
import unittest

import lab
from firefox import Firefox, firefox
from pagelab import traffic

ROWS = "[...document.querySelectorAll('.vlist-rows .row:not([hidden])')]"


@unittest.skipUnless(lab.LONG, "only with --long")
@unittest.skipIf(firefox() is None, "Firefox is not installed (firefox-esr)")
class InFirefox(unittest.TestCase):
    def test_the_page(self):
        page = Firefox()
        self.addCleanup(page.close)
        with lab.Proxy("--log-rows", "2", "--log-slow-ms", "10") as proxy:
            client = traffic(proxy.port)
            self.addCleanup(client.close)
            line = lab.wait_for(lambda: proxy.admin("/records?n=1&ids=1&format=json&q=cmd:execute"), "the records")
            page.open(f"http://{proxy.admin_addr}/")
            page.wait(ROWS + ".some(r => r.textContent.includes('SELECT nmae'))")
            client.query("SELECT 'a new one'")
            page.wait("document.body.innerText.includes('a new one')")
            for key, view, text in zip("1234567", ("live", "digests", "findings", "transactions", "sessions", "packets", "memory"),
                                       ("SELECT", "Median", "7 × author by id", "begin, update author by id", "Kill", "Choose a session", "Held by place")):
                page.key(key)
                page.wait(f"location.hash.startsWith('#/{view}') && document.querySelector('main').innerText.includes('{text}')", f"the view {view}")
            # A deep link, its packets, and the way back.
            page.js(f"location.hash = '#/statement/{json.loads(line)['id'].replace(':', '%3A')}'")
            page.wait("document.querySelector('.statement-page') && document.body.innerText.includes('All statements of this shape')")
            page.js("[...document.querySelectorAll('button')].find(b => b.textContent === 'Show the packets').click()")
            page.wait("document.querySelector('.packets .hex')")
            page.js("history.back()")
            page.wait("location.hash.startsWith('#/memory')")
            # Keys in the list; a wrong filter, and a right one.
            page.key("1")
            page.wait(ROWS + ".length > 3")
            page.key("k")
            page.key("Enter")
            page.js("document.querySelector('.vlist').focus()")
            page.key("Enter")
            page.wait("!document.querySelector('.panel').hidden && /[?&]r=/.test(location.hash)")
            page.key("Escape")
            page.wait("document.querySelector('.panel').hidden")
            page.key("/")
            page.type("usr:root")
            page.key("Enter")
            page.wait("document.querySelector('.filter-problem').innerText.includes(\"did you mean 'user'\")")
            page.js("document.querySelector('.filter-problem .button').click()")
            page.wait("location.hash.includes('user%3Aroot') && document.querySelector('.filter-problem').hidden && " + ROWS + ".length > 3")
            page.wait("document.documentElement.scrollWidth <= innerWidth")
            self.assertEqual(page.errors(), [])


if __name__ == "__main__":
    unittest.main()
