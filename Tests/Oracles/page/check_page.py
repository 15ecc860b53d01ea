"""Uses the page of a live `unmask serve --http` as people do, in Debian's Chromium without a screen.

check_page.py UNMASK [--pictures FOLDER]: drops an image, moves sliders, paints a mask with the pointer and with keys,
follows a link, classifies, searches an index, goes about its map, and gives a token. What the page draws is compared with Pillow's reading of the same files; the
layout at 360 pixels, keyboard order, names of controls and contrasts (WCAG 2.2, 1.4.3) are measured in the browser, and its
console has to stay empty. Prints how long the first answer took; FOLDER gets pictures of the whole page.
"""

import argparse
import base64
import contextlib
import csv
import io
import json
import pathlib
import secrets
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

import numpy as np
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

ROOT = pathlib.Path(__file__).parents[3]
sys.path.append(str(ROOT / "Tests/Oracles/service"))

from live_server import serving  # noqa: E402  (found through the path above)

MODELS = [ROOT / "models/fashion-mae.safetensors", ROOT / "models/fashion-vit.safetensors"]
SAMPLE = ROOT / "models/samples/ankle-boot.png"
PORT = 17704
HIDDEN = 128

# An element's text against what lies behind it; only what is seen, and is no picture.
CONTRASTS = """
const luminance = (rgb) => {
  const [r, g, b] = rgb.map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = parse(getComputedStyle(at).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour.slice(0, 3);
  }
  return parse(getComputedStyle(document.documentElement).colorScheme.includes("dark") ? "18 18 18" : "255 255 255");
};
const found = [];
for (const element of document.querySelectorAll("body *")) {
  const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!hasText || !element.checkVisibility() || element.matches(":disabled, .unseen, option")) continue;
  const [front, back] = [parse(getComputedStyle(element).color).slice(0, 3), behind(element)].map(luminance);
  const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
  found.push([element.tagName + "#" + element.id, ratio]);
}
return found;
"""

# Controls that a screen reader could not name.
NAMELESS = """
return [...document.querySelectorAll("button, input, select, canvas, meter, summary")]
  .filter((e) => e.checkVisibility() && !e.getAttribute("aria-label") && !e.labels?.length && !e.textContent.trim())
  .map((e) => e.outerHTML.slice(0, 80));
"""


class Page:
    def __init__(self, browser):
        self.browser = browser

    def open(self, address):
        self.browser.get("about:blank")
        self.browser.get(address)

    def find(self, name):
        return self.browser.find_element(By.ID, name)

    def until(self, condition, what):
        try:
            return WebDriverWait(self.browser, 60, poll_frequency=0.02).until(lambda _: condition())
        except Exception as error:
            said = [self.find(name).text for name in ("status", "failure")]
            raise AssertionError(f"{what} did not come; the page says {said}") from error

    def answered(self):
        return self.until(lambda: "answered in" in self.find("status").text and self.find("status").text, "an answer")

    def drop(self, path):
        """As a file manager's drop arrives."""
        self.browser.execute_script(
            "const bytes = Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0));"
            "const data = new DataTransfer();"
            "data.items.add(new File([bytes], arguments[1], { type: arguments[2] }));"
            "document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));",
            base64.b64encode(path.read_bytes()).decode(), path.name, "image/png" if path.suffix == ".png" else "text/plain")

    def picture(self, name):
        """A canvas at the model's own size."""
        canvas = self.browser.find_element(By.CSS_SELECTOR, f"#picture-{name} canvas")
        data = self.browser.execute_script("return arguments[0].toDataURL('image/png')", canvas)
        pixels = np.array(Image.open(io.BytesIO(base64.b64decode(data.split(",")[1]))).convert("RGB"))
        zoom = pixels.shape[0] // 28
        small = pixels[zoom // 2 :: zoom, zoom // 2 :: zoom]
        if name not in ("masked", "similar"):  # a cursor may be on those
            assert (small.repeat(zoom, 0).repeat(zoom, 1) == pixels).all(), f"{name} is not magnified by a whole number"
        return small

    def address(self):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlparse(self.browser.current_url).fragment))

    def changed(self, act, name="merged"):
        """Does something, and waits until a picture is another one."""
        before = self.picture(name).tobytes()
        act()
        self.until(lambda: self.picture(name).tobytes() != before, f"another picture {name!r}")
        self.answered()


def by_patches(picture, patch=4):
    """[patch, pixel]"""
    rows, columns = picture.shape[0] // patch, picture.shape[1] // patch
    return picture.reshape(rows, patch, columns, patch, -1).swapaxes(1, 2).reshape(rows * columns, -1)


def check_pictures(page, kept=None):
    """The pictures belong together, and to the file as Pillow reads it."""
    own = np.array(Image.open(SAMPLE).convert("RGB"))
    original, masked, rebuilt, merged = map(page.picture, ("original", "masked", "reconstruction", "merged"))
    assert (original == own).all(), "the original is not the file"
    hidden = (by_patches(masked) == HIDDEN).all(1)
    if kept is not None:
        assert set(np.flatnonzero(~hidden)) == set(kept), (np.flatnonzero(~hidden), kept)
    assert (by_patches(masked)[~hidden] == by_patches(original)[~hidden]).all()
    assert (by_patches(merged)[~hidden] == by_patches(original)[~hidden]).all()
    assert (by_patches(merged)[hidden] == by_patches(rebuilt)[hidden]).all()
    return int(hidden.sum())


def check_look(page, address):
    page.open(address)
    page.until(lambda: page.find("about").text, "what the model is")
    assert page.find("model").get_attribute("value") == "fashion-mae", "the one with a decoder comes first"
    page.drop(SAMPLE)
    said = page.answered()
    print(f"the first answer: {said}")
    assert check_pictures(page) == 49 - int(49 * (1 - 0.75)), "three quarters are hidden at first"
    page.until(lambda: page.find("picture-features").is_displayed(), "features")
    check_features(page, address)
    for name in ("original", "masked", "reconstruction", "merged", "errors", "features"):
        caption = page.find(f"picture-{name}").find_element(By.TAG_NAME, "figcaption").text
        assert len(caption) > 30, f"{name} is not explained: {caption!r}"

    page.changed(lambda: page.find("another").click())
    assert page.address()["seed"] == "1"
    slider = page.find("ratio")
    page.changed(lambda: slider.send_keys(Keys.ARROW_LEFT))
    assert page.address()["ratio"] == "0.7" and check_pictures(page) == 49 - int(49 * (1 - 0.7))
    page.changed(lambda: Select(page.find("pattern")).select_by_value("grid"))
    check_pictures(page)
    # Captions, statistics and commands are of this question.
    commands = page.find("commands").text
    assert "curl -s" in commands and "pattern=grid" in commands and "unmask.Client()" in commands


def check_features(page, address):
    """NumPy's principal components of the same features, but for the ends that are called red, green and blue."""
    question = urllib.request.Request(
        address + "v1/embed?pooling=tokens&model=fashion-mae", SAMPLE.read_bytes(), {"accept": "application/octet-stream"})
    tokens = np.frombuffer(urllib.request.urlopen(question).read(), "<f4").reshape(49, -1).astype(np.float64)
    tokens -= tokens.mean(0)
    scores = tokens @ np.linalg.svd(tokens, full_matrices=False)[2][:3].T
    expected = 255 * (scores - scores.min(0)) / np.ptp(scores, axis=0)
    found = by_patches(page.picture("features")).reshape(49, 16, 3)[:, 0]
    for channel in range(3):
        far = [np.abs(found[:, channel] - end).max() for end in (expected[:, channel], 255 - expected[:, channel])]
        assert min(far) < 3, (channel, far)


def heads(unmask, folder):
    """Heads of the autoencoder that answer of every place, as options of the server."""
    for part in ("images", "masks"):
        (folder / part).mkdir()
    for path in sorted(SAMPLE.parent.glob("*.png")):
        image = Image.open(path).convert("L")
        image.save(folder / "images" / path.name)
        image.point(lambda shade: int(shade > 60)).save(folder / "masks" / path.name)
    (folder / "classes.txt").write_text("ground\ncloth\n")
    options = []
    for kind, data in [("segment", folder), ("anomaly", folder / "images")]:
        file = folder / f"{kind}.head"
        subprocess.run([unmask, "fit", kind, "--model", MODELS[0], "--data", data, "-o", file], check=True, capture_output=True)
        options += ["--head", f"{kind}={file}"]
    return options


def check_places(page, address):
    """Masks lie over the image in their colours, and what is strange in red, as the heads answer."""
    def asked(method, accept):
        return urllib.request.urlopen(urllib.request.Request(
            address + f"v1/{method}?model=fashion-mae", SAMPLE.read_bytes(), {"accept": accept})).read()

    mask = np.array(Image.open(io.BytesIO(asked("segment", "image/png"))))
    own = page.picture("original").astype(float)
    share = 140 / 255
    expected = np.where((mask == 1)[..., None], own * (1 - share) + np.array([128, 0, 0]) * share, own)
    assert np.abs(page.picture("segments") - expected).max() <= 2 and 0 < (mask == 1).mean() < 1
    said = page.find("picture-segments").text
    assert f"cloth {100 * (mask == 1).mean():.1f} %" in said and "By segment" in said, said
    answer = json.loads(asked("score", "application/json"))
    said = page.find("picture-strange").text
    assert ("anomalous:" if answer["results"][0]["anomalous"] else "like good images") in said, said
    assert f"{answer['threshold']:.3g}" in said, (said, answer["threshold"])
    commands = page.find("commands").text
    assert "client.segment(" in commands and "v1/score?" in commands, commands


def index(unmask, folder):
    """Sixteen of each sample, moved and darkened, in an index; options of the server."""
    pictures = folder / "pictures"
    pictures.mkdir()
    for path in sorted(SAMPLE.parent.glob("*.png")):
        image = np.array(Image.open(path).convert("L")).astype(float)
        for number in range(16):
            moved = np.roll(image, (number % 4 - 2, number // 4 - 2), (0, 1)) * (1 - number / 32)
            Image.fromarray(moved.astype(np.uint8)).save(pictures / f"{path.stem}-{number:02}.png")
    subprocess.run(
        [unmask, "index", "build", pictures, "-o", folder / "index", "--model", MODELS[0], "--pooling", "mean"],
        check=True, capture_output=True)
    return ["--index", f"samples={folder / 'index'}", "--allow-path", pictures]


def asked(address, path, body=None):
    return json.loads(urllib.request.urlopen(urllib.request.Request(address + path, body)).read())


def shown(page):
    """[similarity as it is written, name] of each neighbour in the list."""
    return page.browser.execute_script(
        "return [...document.querySelectorAll('#found li')].filter((e) => !e.hidden)"
        ".map((e) => [e.querySelector('b').textContent, e.querySelector('button > span:last-child').textContent])")


def check_search(page, address):
    """Neighbours as the server gives them; their pictures are their files; what is chosen changes what is seen."""
    found = asked(address, "v1/search?model=fashion-mae&k=1000", SAMPLE.read_bytes())["results"][0]["neighbours"]
    assert len(found) == 160
    page.until(lambda: len(shown(page)) >= 48, "neighbours")
    names = [pathlib.Path(one["paths"][0]).name for one in found]
    assert shown(page) == [[f"{one['similarity']:.3f}", name] for one, name in zip(found, names)][: len(shown(page))]
    assert "160 of 160" in page.find("found-said").text, page.find("found-said").text
    first = page.browser.find_element(By.CSS_SELECTOR, "#found img")
    page.browser.execute_script("arguments[0].scrollIntoView()", first)
    page.until(lambda: first.get_property("naturalWidth") == 28, "a picture")
    data = page.browser.execute_script(
        "const c = document.createElement('canvas'); c.width = c.height = 28; c.getContext('2d').drawImage(arguments[0], 0, 0);"
        "return c.toDataURL('image/png')", first)
    drawn = np.array(Image.open(io.BytesIO(base64.b64decode(data.split(",")[1]))).convert("RGB"))
    assert (drawn == np.array(Image.open(found[0]["paths"][0]).convert("RGB"))).all(), "another picture"
    # The list grows while one goes down, to its end.
    down = "document.getElementById('found-end').scrollIntoView()"
    page.until(lambda: page.browser.execute_script(down) or len(shown(page)) == 160, "the whole list")
    assert [name for _, name in shown(page)] == names
    # The threshold counts all that was found, also what is not in the list yet.
    middle = found[60]["similarity"]
    page.browser.execute_script(
        "const e = document.getElementById('least'); e.value = arguments[0]; e.dispatchEvent(new Event('input'))", middle)
    least = float(page.find("least").get_property("value"))
    expected = sum(one["similarity"] >= least for one in found)
    assert f"{expected} of 160" in page.find("found-said").text and len(shown(page)) == expected
    # Near-duplicates, as the server leaves them out.
    page.find("distinct").click()
    fewer = asked(address, "v1/search?model=fashion-mae&k=1000&distinct=0.98", SAMPLE.read_bytes())["results"][0]
    page.until(lambda: f"{fewer['hidden']} near-duplicates" in page.find("found-said").text, "fewer neighbours")
    page.until(lambda: len(shown(page)) >= min(48, len(fewer["neighbours"])), "the list of those that are left")
    expected = [pathlib.Path(one["paths"][0]).name for one in fewer["neighbours"]]
    assert 0 < fewer["hidden"] < 160 and [name for _, name in shown(page)] == expected[: len(shown(page))]
    page.find("distinct").click()
    page.until(lambda: len(shown(page)) >= 48, "all neighbours again")
    # From a neighbour on, by keys.
    page.browser.execute_script("document.querySelector('#found button').focus()")
    ActionChains(page.browser).send_keys(Keys.END, Keys.HOME, *[Keys.ARROW_RIGHT] * 3, Keys.ENTER).perform()
    row = found[3]["row"]
    page.until(lambda: f"row {row} " in page.find("from").text and shown(page), "a search from a row")
    again = asked(address, "v1/search", json.dumps({"rows": [row], "k": 1000}).encode())["results"][0]["neighbours"]
    page.until(lambda: shown(page)[:1] == [["1.000", names[3]]], "the row itself first")
    assert [name for _, name in shown(page)] == [pathlib.Path(one["paths"][0]).name for one in again][: len(shown(page))]
    assert page.address()["row"] == str(row) and page.address()["index"] == "samples"
    commands = page.browser.execute_script("return document.getElementById('search-commands').textContent")
    assert f'"rows":[{row}]' in commands and f"client.search(rows=[{row}]" in commands, commands
    page.find("own-image").click()
    page.until(lambda: shown(page)[:1] == [[f"{found[0]['similarity']:.3f}", names[0]]], "the image's neighbours again")
    assert "row" not in page.address()


def check_similar(page, address):
    """NumPy's cosines of the same features."""
    question = urllib.request.Request(
        address + "v1/embed?pooling=tokens&model=fashion-mae", SAMPLE.read_bytes(), {"accept": "application/octet-stream"})
    tokens = np.frombuffer(urllib.request.urlopen(question).read(), "<f4").reshape(49, -1).astype(np.float64)
    tokens /= np.linalg.norm(tokens, axis=1, keepdims=True)
    canvas = page.browser.find_element(By.CSS_SELECTOR, "#picture-similar canvas")
    side = canvas.rect["width"] / 7
    ActionChains(page.browser).move_to_element_with_offset(canvas, int(-2 * side), int(-side)).perform()
    page.until(lambda: "Row 3, column 2" in page.find("picture-similar").text, "a patch that is pointed at")
    others = np.delete(tokens @ tokens[2 * 7 + 1], 2 * 7 + 1)
    said = page.find("picture-similar").text
    assert f"{others.min():.3f}" in said and f"{others.max():.3f}" in said, (said, others.min(), others.max())
    page.browser.execute_script("arguments[0].focus()", canvas)
    ActionChains(page.browser).send_keys(Keys.ARROW_RIGHT).perform()
    page.until(lambda: "Row 3, column 3" in page.find("picture-similar").text, "the patch beside it")
    # Colours go with the numbers: the most similar patch is yellow, the least is dark.
    cosines = tokens @ tokens[2 * 7 + 2]
    cosines[2 * 7 + 2] = np.nan
    middle = by_patches(page.picture("similar")).reshape(49, 16, 3)[:, 5]
    assert tuple(middle[np.nanargmax(cosines)]) == (253, 231, 37) and tuple(middle[np.nanargmin(cosines)]) == (68, 1, 84)


def check_map(page, address):
    """Points as NumPy has them, chosen by a lasso and by keys; labels become a table."""
    found = asked(address, "v1/indexes/samples/map")
    vectors = index_vectors(page.index)
    centred = vectors - vectors.mean(0)
    _, values, directions = np.linalg.svd(centred, full_matrices=False)
    for axis, name in enumerate("xy"):
        places = centred @ directions[axis]
        assert min(np.abs(places - sign * np.array(found[name])).max() for sign in (1, -1)) < 1e-4 * np.abs(places).max()
    assert np.allclose(found["shares"], (values**2 / (values**2).sum())[:2], atol=1e-5)
    page.find("map-draw").click()
    page.until(lambda: "160 of 160 vectors" in page.find("map-said").text, "the map")
    plane = page.find("plane")
    page.browser.execute_script("arguments[0].scrollIntoView({block: 'center'}); arguments[0].focus()", plane)
    ActionChains(page.browser).send_keys(Keys.ARROW_RIGHT).perform()
    page.until(lambda: f"Row 0: {found['paths'][0]}" in page.find("map-at").text, "the first point")
    picture = page.browser.find_element(By.CSS_SELECTOR, "#map-point img")
    page.until(lambda: picture.get_property("naturalWidth") == 28, "the picture of a point")
    ActionChains(page.browser).send_keys(" ").perform()
    assert "1 chosen" in page.find("chosen-said").text
    page.find("label").send_keys("one", Keys.ENTER)
    assert "0 chosen. Labels: one 1." in page.find("chosen-said").text
    # A lasso around everything but the margins.
    lasso(page, -1, 1)
    assert "160 chosen" in page.find("chosen-said").text, page.find("chosen-said").text
    page.find("label").send_keys("all, and more", Keys.ENTER)
    assert "Labels: all, and more 160." in page.find("chosen-said").text
    page.browser.execute_script(
        "window.kept = []; const made = URL.createObjectURL;"
        "URL.createObjectURL = (blob) => { if (blob.type === 'text/plain') blob.text().then((t) => window.kept.push(t));"
        "return made.call(URL, blob); }")
    page.find("labels-download").click()
    table = page.until(lambda: page.browser.execute_script("return window.kept[0]"), "a table of labels")
    rows = list(csv.reader(io.StringIO(table)))
    assert rows[0] == ["path", "label"] and [row[0] for row in rows[1:]] == found["paths"]
    assert {row[1] for row in rows[1:]} == {"all, and more"}
    # A point leads to what is like it.
    page.browser.execute_script("arguments[0].focus()", plane)
    ActionChains(page.browser).send_keys(Keys.ARROW_LEFT, Keys.ENTER).perform()
    page.until(lambda: page.find("from").text.startswith("From row") and shown(page), "a search from a point")
    page.find("own-image").click()
    page.until(lambda: page.find("from").text.startswith("From ankle"), "the image's neighbours")


def lasso(page, left, right):
    """Chooses what lies between two shares of half the map's width, counted from its middle."""
    Select(page.find("map-tool")).select_by_value("lasso")
    plane = page.find("plane")
    page.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", plane)
    width, height = plane.rect["width"] / 2 - 2, plane.rect["height"] / 2 - 2
    corners = [(left, -1), (right, -1), (right, 1), (left, 1)]
    places = [(int(across * width), int(down * height)) for across, down in corners]
    actions = ActionChains(page.browser).move_to_element_with_offset(plane, *places[0]).click_and_hold()
    for place in places[1:]:
        actions.move_to_element_with_offset(plane, *place)
    actions.release().perform()


def check_fit(page):
    """Labels of the map become a head, which is tried at once; who may call may administer where a token is asked for."""
    page.find("map-draw").click()
    page.until(lambda: "160 of 160 vectors" in page.find("map-said").text, "the map")
    for name, left, right in (("left", -1, -0.05), ("right", 0.05, 1)):
        lasso(page, left, right)
        page.find("label").send_keys(name, Keys.ENTER)
    page.find("head-name").clear()
    page.find("head-name").send_keys("halves")
    page.find("labels-fit").click()
    page.until(lambda: "Head halves is fitted on" in page.find("map-said").text, "a head")
    page.until(lambda: "halves (linear), 2 classes" in page.find("head").text, "the head among the others")
    page.answered()
    assert {row.text.split()[0] for row in page.find("scores").find_elements(By.CSS_SELECTOR, "tbody tr")} == {"left", "right"}


def index_vectors(folder):
    manifest = json.loads((folder / "index.json").read_text())["manifest"]
    return np.fromfile(folder / "000000.f32", "<f4").reshape(-1, manifest["dimension"]).astype(np.float64)


def check_painting(page):
    canvas = page.browser.find_element(By.CSS_SELECTOR, "#picture-masked canvas")
    side = canvas.rect["width"] / 7
    at = lambda column, row: (int((column - 3) * side), int((row - 3) * side))
    first = {int(i) for i in np.flatnonzero(~(by_patches(page.picture("masked")) == HIDDEN).all(1))}
    assert {0, 1} - first == {1}, "of a grid's first two patches one is hidden"

    def stroke():
        actions = ActionChains(page.browser).move_to_element_with_offset(canvas, *at(1, 0)).click_and_hold()
        actions.move_to_element_with_offset(canvas, *at(1, 1)).release().perform()

    page.changed(stroke)
    kept = first | {1, 8}
    assert page.address()["pattern"] == "painted" and set(map(int, page.address()["keep"].split(","))) == kept
    check_pictures(page, kept)

    def keys():
        page.browser.execute_script("arguments[0].focus()", canvas)
        ActionChains(page.browser).send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, " ").perform()

    page.changed(keys)
    assert "column 2: hidden" in page.find("said-patch").text, page.find("said-patch").text
    page.browser.execute_script("document.activeElement.blur()")
    check_pictures(page, kept - {1})
    # A link has the mask, and not the image.
    link = page.browser.current_url
    assert len(link) < 500
    page.open(link)
    page.until(lambda: page.find("about").text, "what the model is")
    page.drop(SAMPLE)
    page.answered()
    check_pictures(page, kept - {1})


def check_classes(page):
    Select(page.find("model")).select_by_value("fashion-vit")
    page.until(lambda: page.find("classes").is_displayed(), "classes")
    page.answered()
    rows = [[cell.text for cell in row.find_elements(By.TAG_NAME, "td")]
            for row in page.find("scores").find_elements(By.CSS_SELECTOR, "tbody tr")]
    assert len(rows) == 5 and rows[0][0] == "Ankle boot", rows
    shares = [float(row[1].removesuffix(" %")) for row in rows]
    assert shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 100.3, shares
    assert page.find("no-decoder").is_displayed(), "that it cannot rebuild is said"


def check_faults(page):
    page.drop(ROOT / "README.md")
    page.until(lambda: "not an image" in page.find("failure").text, "a refusal of text")
    with tempfile.TemporaryDirectory() as folder:
        torn = pathlib.Path(folder, "torn.png")
        torn.write_bytes(SAMPLE.read_bytes()[:100])
        page.drop(torn)
        page.until(lambda: page.find("failure").is_displayed() and "PNG" in page.find("failure").text, "a refusal of a torn file")
    page.drop(SAMPLE)
    page.answered()
    assert not page.find("failure").is_displayed()


def check_forms(page, pictures):
    """Dark and light, wide and narrow."""
    Select(page.find("model")).select_by_value("fashion-mae")
    page.answered()
    page.find("server").find_element(By.TAG_NAME, "summary").click()
    page.until(lambda: "done" in page.find("numbers").text, "the server's numbers")
    for scheme in ("light", "dark"):
        page.browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        for width in (1200, 360):
            page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", dict(
                width=width, height=900, deviceScaleFactor=1, mobile=False))
            contrasts = page.browser.execute_script(CONTRASTS)
            assert len(contrasts) > 30
            weak = [(name, round(ratio, 2)) for name, ratio in contrasts if ratio < 4.5]
            assert not weak, f"{scheme}: {weak}"
            assert page.browser.execute_script("return document.scrollingElement.scrollWidth") <= width, (scheme, width)
            if pictures:
                shot = page.browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
                pictures.mkdir(parents=True, exist_ok=True)
                (pictures / f"{scheme}-{width}.png").write_bytes(base64.b64decode(shot["data"]))
    assert not page.browser.execute_script(NAMELESS)


def check_keys(page):
    """Everything that can be done is reached by the tabulator."""
    reached = set()
    page.find("map-draw").click()
    page.until(lambda: page.find("map-shown").is_displayed(), "the map")
    page.browser.execute_script("document.activeElement.blur()")
    for _ in range(60):
        ActionChains(page.browser).send_keys(Keys.TAB).perform()
        reached.add(page.browser.execute_script(
            "const e = document.activeElement; return e.id || e.closest('[id]')?.id"))
    wanted = {"model", "choose", "photograph", "example", "ratio", "pattern", "seed", "another", "picture-masked", "picture-similar", "server",
              "index", "least", "distinct", "distinct-from", "found", "map-draw", "map-tool", "map-nearer", "map-farther", "map-whole",
              "plane", "label", "head-name"}
    assert wanted <= reached, wanted - reached


def check_token(page, unmask, options_of_index):
    token = secrets.token_urlsafe(33)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "token")
        file.write_text(token + "\n")
        file.chmod(0o600)
        options = ["--token-file", str(file), "--insecure-listen", *options_of_index]
        with serving(unmask, MODELS, f"0.0.0.0:{PORT + 1}", *options):
            page.open(f"http://127.0.0.1:{PORT + 1}/")
            page.until(lambda: page.find("access").is_displayed(), "the question for a token")
            page.find("token").send_keys(token, Keys.ENTER)
            page.until(lambda: page.find("about").text, "what the model is")
            page.find("example").click()
            page.answered()
            check_fit(page)
    # That it was asked for at first is no fault of the page's.
    return [entry for entry in page.browser.get_log("browser") if "401" not in entry["message"]]


def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    # Without the sandbox, which root cannot have.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1200,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("unmask")
    parser.add_argument("--pictures", type=pathlib.Path)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder, other = (pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
        of_index = index(options.unmask, other)
        stack.enter_context(
            serving(options.unmask, MODELS, f"127.0.0.1:{PORT}", *heads(options.unmask, folder), *of_index))
        driver = browser()
        try:
            page = Page(driver)
            page.index = other / "index"
            print("Chromium", driver.capabilities["browserVersion"])
            check_look(page, f"http://127.0.0.1:{PORT}/")
            check_places(page, f"http://127.0.0.1:{PORT}/")
            check_similar(page, f"http://127.0.0.1:{PORT}/")
            check_search(page, f"http://127.0.0.1:{PORT}/")
            check_map(page, f"http://127.0.0.1:{PORT}/")
            check_painting(page)
            check_classes(page)
            faults = driver.get_log("browser")
            check_faults(page)
            driver.get_log("browser")  # of the refusals that were asked for
            check_forms(page, options.pictures)
            check_keys(page)
            faults += driver.get_log("browser") + check_token(page, options.unmask, of_index)
            faults = [entry for entry in faults if entry["level"] != "DEBUG"]
            assert not faults, faults
        finally:
            driver.quit()
    print("the page does what it says")


if __name__ == "__main__":
    main()
