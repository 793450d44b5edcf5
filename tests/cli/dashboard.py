"""Asks the server of a running training, then looks at its page in headless Chromium and presses its button:
dashboard.py URL [PICTURE]. Where there is no browser (77) the stop is posted, so that the training ends the same way."""
import base64
import http.client
import json
import sys
import time
import urllib.request

url = sys.argv[1]
port = int(url.rsplit(":", 1)[1])


def check(good, what):
    if not good:
        sys.exit("dashboard.py: " + what)


def request(method, path, headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest(method, path, skip_host=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", "0")
    connection.endheaders()
    return connection.getresponse().status


def run():
    return json.load(urllib.request.urlopen(url + "/run.json"))


def wait_for(condition, what):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.2)
    check(False, "waited in vain for " + what)


# Who may ask.
own = {"Host": f"localhost:{port}"}
check(request("GET", "/run.json", own) == 200, "the page's own request was refused")
check(request("GET", "/run.json", {"Host": f"evil.example:{port}"}) == 403, "another host's name was let in")
check(request("POST", "/stop", own) == 403, "a stop without X-Lamina was obeyed")
check(request("GET", "/stop", own) == 404, "GET /stop was answered")
check(request("GET", "/nothing", own) == 404, "/nothing was answered")
check(request("PUT", "/", own) == 405, "PUT was answered")
wait_for(lambda: len(run()["history"].get("val_accuracy", [])) >= 1, "an epoch")
told = run()
check(told["title"] == "digits" and told["output"] == "net.keras", f"title and output: {told['title']}, {told['output']}")
check(0 < told["share"] < 1 and told["epochs"] == 100, f"the share made is {told['share']} of {told['epochs']} epochs")
check(told["steps_per_second"] > 0 and told["resident_bytes"] > 1e6, "no throughput or memory")
check(all(0 <= a <= 1 for a in told["history"]["val_accuracy"]), "accuracies are not between 0 and 1")
samples = json.load(urllib.request.urlopen(url + "/samples.json"))["samples"]
check(len(samples) == 16, f"{len(samples)} samples")
for sample in samples:
    pixels = base64.b64decode(sample["pixels"])
    check(len(pixels) == 28 * 28 and max(pixels) > 200 and min(pixels) == 0, "a sample is no digit")
check(sum(s["answer"] == s["truth"] for s in samples) >= 12, "after an epoch fewer than 12 of 16 samples are right")


def without_browser(why):
    print(f"dashboard.py: the server is right; its page was not looked at: {why}")
    check(request("POST", "/stop", {**own, "X-Lamina": "1"}) == 200, "the stop was refused")
    sys.exit(77)


try:
    from selenium import webdriver
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
except ImportError as error:
    without_browser(error)

options = Options()
options.binary_location = "/usr/bin/chromium"
for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,1000"):
    options.add_argument(argument)
options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
try:
    browser = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
except WebDriverException as error:
    without_browser(f"no browser starts here: {error}")
try:
    browser.get(url)
    text = lambda name: browser.find_element(By.ID, name).text
    wait_for(lambda: len(run()["history"].get("val_accuracy", [])) >= 2, "two epochs")
    wait_for(lambda: "training" in text("state") or "validating" in text("state"), "the state")
    wait_for(lambda: len(browser.find_elements(By.CSS_SELECTOR, "#charts .card")) == 2, "two charts")
    wait_for(lambda: len(browser.find_elements(By.CSS_SELECTOR, "#charts polyline.val")) == 2, "validation's curves")
    wait_for(lambda: len(browser.find_elements(By.CSS_SELECTOR, "#samples canvas")) == 16, "16 samples")
    check(text("title") == "digits", "the title is " + text("title"))
    names = [e.text for e in browser.find_elements(By.CSS_SELECTOR, "#figures .card span")]
    for name in ("epoch", "step", "time left", "loss", "accuracy", "steps a second", "memory"):
        check(name in names, f"no figure {name} in {names}")
    right = len(browser.find_elements(By.CSS_SELECTOR, "#samples figure.right"))
    check(right >= 12, f"after two epochs {right} of 16 samples are marked as right")
    pixels = browser.execute_script(
        "const c = document.querySelector('#samples canvas');"
        "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        "return [c.width, Math.max(...d.filter((_, i) => i % 4 == 0)), Math.min(...d.filter((_, i) => i % 4 == 0))];")
    check(pixels[0] == 28 and pixels[1] > 200 and pixels[2] == 0, f"the first sample is no digit: {pixels}")
    if len(sys.argv) > 2:
        browser.save_screenshot(sys.argv[2])
    browser.find_element(By.ID, "stop").click()
    wait_for(lambda: "stopped; saved to net.keras" in text("state") or "has ended" in text("state"), "the end")
    bad = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE" and "favicon" not in entry["message"]
           and "ERR_CONNECTION" not in entry["message"]]
    check(not bad, f"the browser complains: {bad}")
finally:
    browser.quit()
print("dashboard.py: ok")
