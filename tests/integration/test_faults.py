"""Each allocation of a session fails once: no crash, no hang, no leak; the client sees its result or a closed connection."""
import json
import unittest

import lab
from rawclient import Gone, RawClient, Refused

FAULTS = 2000
STEP = 1 if lab.LONG else 7


def session(port):
    """Text and prepared statements; returns what the client saw."""
    try:
        c = RawClient(port, timeout=lab.PATIENCE_S)
        seen = [c.query("SELECT 1"), c.query("SELECT seq FROM seq_1_to_100")]
        s = c.prepare("SELECT ?, ?")
        seen += [c.execute(s, 7, b"text"), c.execute(s, 8, b"more")]
        c.close_statement(s)
        seen.append(c.query("DO 1"))
        c.quit()
        return seen
    except (Gone, Refused) as error:
        return error


def settled_stages(proxy):
    """Blocks by stage, without the event loops' own caches (see lab.CACHES)."""
    return {stage: n for stage, n in proxy.stages().items() if stage not in lab.CACHES}


WHOLE = [1, 100, 1, 1, None]


class Faults(unittest.TestCase):
    def test_each_allocation(self):
        with lab.Proxy("--profile-fault-injection", "--workers", "1", "--profile-sample-bytes", "1",
                       expect_opaque=True) as proxy:
            self.assertEqual(session(proxy.port), WHOLE)
            proxy.post("/fault?nth=1000000000")
            self.assertEqual(session(proxy.port), WHOLE)
            proxy.settled()
            per_session = proxy.json("/fault")["seen"]
            before = settled_stages(proxy)
            closed = 0
            for nth in range(1, FAULTS + 1, STEP):
                proxy.post(f"/fault?nth={nth}")
                # the nth allocation may be that of a later session: go on until it has failed
                for _ in range(nth // max(per_session - 8, 1) + 2):
                    seen = session(proxy.port)
                    if isinstance(seen, Exception):
                        closed += 1
                    else:
                        self.assertEqual(seen, WHOLE, f"fault {nth}")
                    if proxy.json("/fault")["seen"] >= nth:
                        break
            proxy.post("/fault?nth=0")
            fired = proxy.json("/fault")["fired"]
            self.assertEqual(session(proxy.port), WHOLE)
            proxy.settled()
            lab.wait_for(lambda: settled_stages(proxy) == before, f"the stages to return: {before}, {proxy.stages()}")
        print(f"# {per_session} allocations a session; {fired} faults, {closed} sessions closed by them")
        self.assertGreaterEqual(fired, len(range(1, FAULTS + 1, STEP)))
        self.assertGreater(closed, 0)


if __name__ == "__main__":
    unittest.main()
