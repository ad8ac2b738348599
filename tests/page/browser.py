"""A headless Chromium, driven over a pipe with the DevTools protocol: no WebSocket, no port, and nothing but the standard library.

The messages are JSON, each followed by a NUL byte, on the descriptors 3 (to the browser) and 4 (from it).
"""
import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

PATIENCE_S = float(os.environ.get("PATIENCE_S", "30"))


class PageError(AssertionError):
    """A script of the page failed, or what a test evaluates did."""


def chromium():
    """The program; None if it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    def __init__(self, *args):
        self.folder = tempfile.mkdtemp(prefix="querytap-browser-")
        to_read, self.to_write = os.pipe()
        self.from_read, from_write = os.pipe()

        def descriptors():
            # The pipes' numbers may be 3 and 4 themselves, the other way around.
            a, b = os.dup(to_read), os.dup(from_write)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            [chromium(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--mute-audio",
             "--disable-extensions", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-default-browser-check",
             "--disable-features=Translate,OptimizationHints,MediaRouter", "--hide-scrollbars=false", f"--user-data-dir={self.folder}",
             "--remote-debugging-pipe", *args, "about:blank"],
            close_fds=False, preexec_fn=descriptors, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=dict(os.environ, HOME=self.folder), start_new_session=True)
        os.close(to_read)
        os.close(from_write)
        self.number = 0
        self.answers = {}
        self.handlers = []
        self.changed = threading.Condition()
        self.gone = False
        threading.Thread(target=self.receive, daemon=True).start()

    def receive(self):
        rest = b""
        while True:
            try:
                data = os.read(self.from_read, 1 << 20)
            except OSError:
                data = b""
            if not data:
                break
            *messages, rest = (rest + data).split(b"\0")
            for message in messages:
                message = json.loads(message)
                with self.changed:
                    if "id" in message:
                        self.answers[message["id"]] = message
                    else:
                        for handler in self.handlers:
                            handler(message)
                    self.changed.notify_all()
        with self.changed:
            self.gone = True
            self.changed.notify_all()

    def call(self, method, session=None, **params):
        with self.changed:
            self.number += 1
            number = self.number
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to_write, data):]
        end = time.monotonic() + PATIENCE_S
        with self.changed:
            while number not in self.answers:
                if self.gone or not self.changed.wait(end - time.monotonic()):
                    raise AssertionError(f"the browser does not answer {method}")
            answer = self.answers.pop(number)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def page(self, width=1280, height=800, dark=False, scale=1, window=True):
        """A tab, in a window of its own or (window=False) in one that hides the tab before."""
        return Page(self, width, height, dark, scale, window)

    def close(self):
        try:
            self.call("Browser.close")
            self.process.wait(10)
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.to_write)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# What a key sends: (key, code, virtual key code)
NAMED = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowDown": 40, "ArrowUp": 38, "PageDown": 34, "PageUp": 33, "Home": 36, "End": 35, " ": 32, "Backspace": 8}


class Page:
    """A tab."""

    def __init__(self, browser, width, height, dark, scale, window):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank", newWindow=window)["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        self.errors = []
        browser.handlers.append(self.on_event)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.size(width, height, scale)
        self.theme(dark)

    def on_event(self, message):
        if message.get("sessionId") != self.session:
            return
        method, params = message["method"], message["params"]
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error" and params["entry"]["source"] in ("security", "javascript", "violation"):
            self.errors.append(params["entry"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.errors.append("a dialog opened: " + params["message"])

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def size(self, width, height, scale=1):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False)

    def theme(self, dark):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                                                          {"name": "prefers-reduced-motion", "value": "reduce"}])

    def open(self, url):
        self.call("Page.navigate", url=url)

    def js(self, expression, awaits=True):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=awaits, userGesture=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise PageError(details.get("exception", {}).get("description") or details["text"])
        return result["result"].get("value")

    def wait(self, expression, what=None, seconds=PATIENCE_S):
        """Wait until the expression is true, and return its value."""
        end = time.monotonic() + seconds
        failure = ""
        while True:
            try:
                value = self.js(f"(v => v instanceof Node || v)({expression})")
            except PageError as error:
                value, failure = None, f" ({error})"
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"waited {seconds} s in vain for {what or expression}{failure}; errors of the page: {self.errors}")
            time.sleep(0.03)

    def key(self, key, **modifiers):
        bits = (1 if modifiers.get("alt") else 0) | (2 if modifiers.get("ctrl") else 0) | (8 if modifiers.get("shift") else 0)
        params = {"key": key, "modifiers": bits}
        if key in NAMED:
            params.update(code=key, windowsVirtualKeyCode=NAMED[key])
            if key == "Enter":
                params["text"] = "\r"
        else:
            params.update(text=key, windowsVirtualKeyCode=ord(key.upper()))
        self.call("Input.dispatchKeyEvent", type="keyDown", **params)
        params.pop("text", None)
        self.call("Input.dispatchKeyEvent", type="keyUp", **params)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def click(self, selector, nth=0):
        box = self.wait(f"""(() => {{ const e = document.querySelectorAll({json.dumps(selector)})[{nth}]; if (!e) return null;
            e.scrollIntoView({{block: 'nearest'}}); const b = e.getBoundingClientRect(); return b.width > 0 && {{x: b.x + b.width / 2, y: b.y + b.height / 2}}; }})()""",
                        f"the element {selector}")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box["x"], y=box["y"], button="left", clickCount=1)

    def screenshot(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))

    def close(self):
        with self.browser.changed:
            self.browser.handlers.remove(self.on_event)
        self.browser.call("Target.closeTarget", targetId=self.target)
