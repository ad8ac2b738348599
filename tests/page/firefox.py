"""A headless Firefox, driven by its own protocol, Marionette: messages of JSON over TCP, each behind its length and a colon."""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

from browser import PATIENCE_S
import lab

KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "ArrowDown": "\ue015", "ArrowUp": "\ue013", "Home": "\ue011", "End": "\ue010"}


def firefox():
    """The program; None if it is not installed."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class Firefox:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="querytap-firefox-")
        self.port = lab.free_port()
        with open(os.path.join(self.folder, "user.js"), "w", encoding="utf-8") as f:
            f.write(f'user_pref("marionette.port", {self.port});\nuser_pref("datareporting.policy.dataSubmissionEnabled", false);\n'
                    'user_pref("app.update.disabledForTesting", true);\nuser_pref("browser.shell.checkDefaultBrowser", false);\n')
        self.process = subprocess.Popen([firefox(), "--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", self.folder, "about:blank"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ, HOME=self.folder, MOZ_CRASHREPORTER_DISABLE="1"))
        self.number = 0
        self.socket = lab.wait_for(self.connect, "Firefox", 4 * PATIENCE_S)
        self.receive()  # who it is
        self.call("WebDriver:NewSession", capabilities={})
        self.call("WebDriver:SetTimeouts", script=int(PATIENCE_S * 1000), pageLoad=int(PATIENCE_S * 1000))

    def connect(self):
        try:
            return socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)
        except ConnectionRefusedError:
            return None

    def receive(self):
        length = b""
        while not length.endswith(b":"):
            length += self.socket.recv(1)
        data = b""
        while len(data) < int(length[:-1]):
            data += self.socket.recv(int(length[:-1]) - len(data))
        return json.loads(data)

    def call(self, name, **params):
        self.number += 1
        data = json.dumps([0, self.number, name, params]).encode()
        self.socket.sendall(str(len(data)).encode() + b":" + data)
        _, number, error, result = self.receive()
        assert number == self.number
        if error:
            raise AssertionError(f"{name}: {error['message']}")
        return result

    def open(self, url):
        self.call("WebDriver:Navigate", url=url)

    def js(self, expression):
        return self.call("WebDriver:ExecuteScript", script=f"return (async () => ({expression}))()", args=[])["value"]

    def wait(self, expression, what=None):
        end = time.monotonic() + PATIENCE_S
        while not self.js(f"Boolean({expression})"):
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {what or expression}; errors: {self.errors()}")
            time.sleep(0.03)

    def key(self, key):
        value = KEYS.get(key, key)
        self.call("WebDriver:PerformActions", actions=[{"type": "key", "id": "keyboard", "actions": [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]}])

    def type(self, text):
        for character in text:
            self.key(character)

    def errors(self):
        """What the console has of errors in scripts, and of what a policy has refused, of pages of this machine."""
        self.call("Marionette:SetContext", value="chrome")
        try:
            return self.js("Services.console.getMessageArray().filter(m => m instanceof Ci.nsIScriptError && !(m.flags & Ci.nsIScriptError.warningFlag) && m.sourceName.startsWith('http://127.0.0.1')).map(String)")
        finally:
            self.call("Marionette:SetContext", value="content")

    def close(self):
        try:
            self.call("Marionette:Quit", flags=["eForceQuit"])
            self.process.wait(10)
        except (AssertionError, OSError, ValueError, subprocess.TimeoutExpired):
            self.process.kill()
        self.process.wait()
        self.socket.close()
        shutil.rmtree(self.folder, ignore_errors=True)
