#!/usr/bin/env python3
"""The page of 'gingham eval --html' in a real browser: curves, hover values, the scale, the slider, no console error.

    report_page.py GINGHAM IMAGES [SCREENSHOTS]      exits with 77 when there is no chromedriver

Speaks the WebDriver protocol itself, so that nothing but Debian's chromium-driver is needed. With a third argument,
screenshots of the light and the dark page are left in that folder.
"""
import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request


class Browser:
    def __init__(self, folder):
        self.driver = subprocess.Popen(["chromedriver", "--port=0", "--log-level=WARNING"], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True, env=dict(os.environ, HOME=folder))
        for line in self.driver.stdout:
            port = re.search(r"successfully on port (\d+)", line)
            if port:
                break
        self.url = "http://127.0.0.1:%s/session" % port.group(1)
        options = {"args": ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1240,2200",
                            "--user-data-dir=" + folder]}
        capabilities = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self.url += "/" + self.post("", {"capabilities": {"alwaysMatch": capabilities}})["sessionId"]

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request, timeout=120))["value"]

    def run(self, script):
        return self.post("/execute/sync", {"script": script, "args": []})

    def media(self, scheme):
        self.post("/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]}})

    def screenshot(self, path):
        image = json.load(urllib.request.urlopen(self.url + "/screenshot"))["value"]
        pathlib.Path(path).write_bytes(base64.b64decode(image))

    def close(self):
        urllib.request.urlopen(urllib.request.Request(self.url, method="DELETE"))
        self.driver.terminate()
        self.driver.wait()


def check_sides(browser, data):
    """What is beside each other has as many bytes, within 2 %; the original can be chosen too."""
    choose = """
        const figure = document.querySelectorAll('figure')[%d], [left, right] = figure.querySelectorAll('select');
        left.value = '%s'; right.value = %d;
        right.dispatchEvent(new Event('change'));
        return [...figure.querySelectorAll('img')].map(i => i.src).concat(figure.querySelector('.rates').textContent);"""
    for i, pair in enumerate(data["pairs"]):
        crops = pair["crops"]
        names = [c["name"] for c in crops]
        peer = names.index("webp")
        match = crops[peer]["match"]
        ours, theirs = crops[match], crops[peer]
        assert ours["name"] == "gingham" and ours.get("again", False) == (match > 1)
        assert abs(theirs["bytes"] / ours["bytes"] - 1) <= 0.02, (theirs["bytes"], ours["bytes"])
        left, right, text = browser.run(choose % (i, "gingham", peer))
        assert left == ours["png"] and right == theirs["png"] and "%.4f bpp" % theirs["bpp"] in text
        assert "% more bytes" in text
        left, right, text = browser.run(choose % (i, "original", 1))
        assert left == crops[0]["png"] and right == crops[1]["png"] and text.startswith("original")
        options = browser.run("return [...document.querySelectorAll('figure')[%d].querySelectorAll('select')[1].options]"
                              ".map(o => o.text)" % i)
        assert options == ["gingham", "webp"], options
    assert any("again" in c for pair in data["pairs"] for c in pair["crops"]), "a coarse peer should need a match"


def check_bd_by_picture(browser, data):
    cells = """
        const choice = document.getElementById('bdmetric');
        choice.value = '%s';
        choice.dispatchEvent(new Event('change'));
        return [...document.querySelectorAll('#bdpictures tr')].map(r => [...r.children].map(c => c.textContent));"""
    for key in ("bd_psnr", "bd_msssim"):
        peer = data["series"][1]
        rows = browser.run(cells % key)
        assert [row[0] for row in rows] == ["picture"] + data["pictures"] + ["mean of these", "of the means"]
        assert rows[-1][1] == "%+.1f" % peer[key]
        for row, value in zip(rows[1:], peer[key + "_pictures"]):
            assert row[1] == "%+.1f" % value


def stand_in(folder, gingham):
    """A peer for every machine: this codec under the name of WebP's, in coarse steps."""
    bin = pathlib.Path(folder) / "bin"
    bin.mkdir()
    encode = 'q=${5%%.*}; exec "%s" encode --quiet -q $((q / 10 * 10)) "$6" "$8"' % gingham
    for name, command in (("cwebp", '[ "$1" = -version ] && { echo 9.9; exit; }\n' + encode),
                          ("dwebp", 'exec "%s" decode --quiet "$2" "$5"' % gingham)):
        (bin / name).write_text("#!/bin/sh\n%s\n" % command)
        (bin / name).chmod(0o755)
    return dict(os.environ, PATH="%s:%s" % (bin, os.environ["PATH"]))


def check(browser, page):
    data = json.loads(re.search(r'id="data">(.*?)</script>', page.read_text(), re.S).group(1))
    ours = data["series"][0]
    browser.post("/url", {"url": page.as_uri()})

    # One path a chart for each curve that is shown, and a dot for each point of ours, which hovering explains.
    assert browser.run("return document.querySelectorAll('svg[data-key] path').length") == 2 * (2 + 6)
    for key in ("psnr", "msssim"):
        hover = """
            const dot = document.querySelectorAll('svg[data-key=%s] circle[data-name=gingham]')[%d];
            dot.dispatchEvent(new PointerEvent('pointerenter', {clientX: 200, clientY: 200}));
            const tip = document.getElementById('tip');
            return [dot.parentNode.querySelectorAll('[data-name=gingham]').length, tip.style.display, tip.textContent];"""
        for i, bpp in enumerate(ours["bpp"]):
            n, display, text = browser.run(hover % (key, i))
            assert n == len(ours["bpp"]) and display == "block"
            wanted = "gingham, q %s\n%.4f bpp, %.3f dB" % (ours["quality"][i], bpp, ours[key][i])
            assert text == wanted, (text, wanted)

    assert browser.run("return document.querySelectorAll('#speedchart circle').length") == 4

    # The linear scale moves the dots; hiding a curve removes its path.
    place = "return document.querySelector('circle[data-name=gingham]').getAttribute('cx')"
    before = browser.run(place)
    browser.run("document.querySelector('[value=linear]').click()")
    assert browser.run(place) != before
    browser.run("document.querySelector('#legend input').click()")
    assert browser.run("return document.querySelectorAll('[data-name=gingham]').length") == 0
    browser.run("document.querySelector('#legend input').click(); document.querySelector('[value=log]').click()")
    assert browser.run(place) == before

    # The slider moves the edge between the two pictures, which are loaded.
    clip = """
        const figure = document.querySelector('figure'), slider = figure.querySelector('input');
        slider.value = %d;
        slider.dispatchEvent(new Event('input'));
        const [a, b] = figure.querySelectorAll('img');
        return [a.naturalWidth, b.naturalWidth, b.getBoundingClientRect().width, b.style.clipPath];"""
    for value in (0, 25, 100):
        wide_a, wide_b, shown, path = browser.run(clip % value)
        assert wide_a == wide_b > 0 and shown == 512 and re.search(r"\b%d%%?\)$" % value, path), (shown, path)
    browser.run(clip % 50)

    check_sides(browser, data)
    check_bd_by_picture(browser, data)
    rows = browser.run("return document.querySelectorAll('#pictures tr').length")
    assert rows == 1 + len(data["pictures"])
    assert browser.run("return document.querySelectorAll('#bd tr').length") == 1 + 2 + len(data["published"])
    errors = [entry for entry in browser.post("/se/log", {"type": "browser"}) if entry["level"] != "INFO"]
    assert not errors, errors


def main():
    if not shutil.which("chromedriver"):
        sys.exit(77)
    gingham, images, screenshots = (sys.argv + [None])[1:4]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        page = pathlib.Path(folder) / "page.html"
        subprocess.run([gingham, "eval", images + "/crop-256x192.png", images + "/kodim20.png", "--codec",
                        "gingham,webp", "--points", "4", "--html", str(page), "--compare-published", "--quiet"],
                       check=True, env=stand_in(folder, gingham))
        browser = Browser(folder)
        try:
            check(browser, page)
            for scheme in ("light", "dark"):
                browser.media(scheme)
                if screenshots:
                    browser.screenshot("%s/report-%s.png" % (screenshots, scheme))
            dark = browser.run("return getComputedStyle(document.body).backgroundColor")
            assert dark == "rgb(22, 24, 27)", dark
        finally:
            browser.close()


main()
