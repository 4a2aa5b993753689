"""The page of a generation in a headless Chromium, as a person has it: search, copy, without JavaScript, on a phone, with hostile names."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from atheria_pack.mirror.entry import Entry
from atheria_pack.mirror.generation import Manifest
from atheria_pack.mirror.layout import generation_folder
from atheria_pack.mirror.page.page import PageFacts, write_page
from atheria_pack.mirror.places.folder import FolderPlace
from atheria_pack.mirror.records import RecordTable
from atheria_pack.mirror.serve import mirror_server
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM, DRIVER = shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not CHROMIUM or not DRIVER, reason="chromium and chromedriver are not installed; Debian has them as packages")

PLATFORMS = ("linux-64", "linux-aarch64", "osx-arm64", "win-64")
EVIL = "</h4></summary><script>window.pwned=1</script><img src=x onerror=window.pwned=1><svg onload=window.pwned=1>'\"`${1}"
PHONE = (360, 740)


def entry(name: str, build: str = "h0_0", subdir: str = "linux-64", version: str = "1.0", **record: Any) -> Entry:
    file_name = f"{name}-{version}-{build}.conda"
    record = {"name": name, "version": version, "build": build, "size": 1500, "sha256": "ab" * 32, "license": "MIT", **record}
    return Entry(subdir, file_name, "packages.conda", file_name, record)


def entries() -> Iterator[Entry]:
    for platform in PLATFORMS:
        for accel in ("cuda129", "cuda130", "rocm", "cpu", "openblas"):
            for python in ("310", "311", "312", "313"):
                yield entry("engine-core", f"{accel}_py{python}_h01234567_0", platform, depends=["numpy >=2.1,<3", "python_abi 3.12.* *_cp312"])
    yield entry("zlib", version="1.3.1", license="Zlib", constrains=["zlib-ng <1"])
    yield entry("a-name-that-is-as-long-as-" + "names-may-be-" * 8, version="2026.11.21.post1+local.version.of.some.length", build="h" + "0" * 60)
    # the file's name is checked where it comes in; what a record says is not
    record = {"name": EVIL, "version": EVIL, "build": f"cpu_{EVIL}", "license": EVIL, "depends": [EVIL], "sha256": EVIL}
    yield Entry("linux-64", "evil-1-0.conda", "packages.conda", "evil-1-0.conda", record, why=(EVIL,))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A mirror with the page, over HTTP; the packages themselves are not there."""
    folder = tmp_path_factory.mktemp("page")
    place = FolderPlace(folder / "mirror", "mirror")
    with RecordTable() as table:
        table.add(entries())
        write_page(table, folder / "staged", PageFacts(title="Cluster channel", sources=["https://up.example/all"]))
    with place.writing():
        place.put(f"{generation_folder(1)}/index.html", folder / "staged" / "index.html")
        manifest = Manifest(1, "cd" * 32, 1_790_000_000, "0" * 64, 1, 1, {"linux-64": 1})
        place.write(f"{generation_folder(1)}/manifest.json", manifest.to_bytes())
        place.switch(1)
    with mirror_server(place, "127.0.0.1", 0, lambda _: None) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.port}"
        server.shutdown()
        thread.join()


Browse = Callable[..., webdriver.Chrome]


@pytest.fixture(scope="module")
def browse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browse]:
    """Gives a function: a browser with an empty profile, with or without JavaScript."""
    with ExitStack() as running:

        def start(*extra: str) -> webdriver.Chrome:
            options = webdriver.ChromeOptions()
            options.binary_location = CHROMIUM or ""
            for flag in (
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path_factory.mktemp('profile')}", *extra,
            ):  # fmt: skip
                options.add_argument(flag)
            options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
            browser = webdriver.Chrome(options=options, service=Service(DRIVER))
            running.callback(browser.quit)
            return browser

        yield start


@pytest.fixture(scope="module")
def with_script(browse: Browse) -> webdriver.Chrome:
    return browse()


@pytest.fixture
def browser(with_script: webdriver.Chrome, address: str) -> webdriver.Chrome:
    """The page, fresh, in a window of a desk."""
    size(with_script, 1280, 900)
    with_script.get("about:blank")
    with_script.get(f"{address}/")
    return with_script


@pytest.fixture(scope="module")
def plain(browse: Browse, address: str) -> webdriver.Chrome:
    """The page without JavaScript."""
    browser = browse("--blink-settings=scriptEnabled=false")
    browser.get(f"{address}/")
    return browser


def size(browser: webdriver.Chrome, width: int, height: int) -> None:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})


def shown(browser: webdriver.Chrome) -> list[str]:
    return [part.get_attribute("id") or "" for part in browser.find_elements(By.CSS_SELECTOR, ".package") if part.is_displayed()]


def wait(browser: webdriver.Chrome, until: Callable[[webdriver.Chrome], Any]) -> Any:
    return WebDriverWait(browser, 10, 0.05).until(until)


def test_search(browser: webdriver.Chrome) -> None:
    everything = shown(browser)
    assert len(everything) == 4
    field = browser.find_element(By.ID, "q")
    field.send_keys("CUDA130 linux-aarch64")
    wait(browser, lambda _: shown(browser) == ["p-engine-core"])
    assert browser.find_element(By.ID, "found").text == "1 package of 4"
    assert [part.text for part in browser.find_elements(By.CSS_SELECTOR, ".letter > h3") if part.is_displayed()] == ["E"]
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("no such thing", Keys.ENTER)
    wait(browser, lambda _: shown(browser) == [])
    assert browser.find_element(By.ID, "found").text == "0 packages of 4"
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(Keys.DELETE)
    wait(browser, lambda _: shown(browser) == everything)


def test_a_search_can_be_linked_to(browser: webdriver.Chrome, address: str) -> None:
    browser.get(f"{address}/?q=zlib")
    assert shown(browser) == ["p-zlib"]
    browser.get(f"{address}/#p-zlib")
    assert browser.find_element(By.ID, "p-zlib").get_attribute("open")


def opened(browser: webdriver.Chrome, name: str) -> Any:
    part = browser.find_element(By.ID, f"p-{name}")
    part.find_element(By.TAG_NAME, "summary").click()
    return part


def pasted(browser: webdriver.Chrome) -> str:
    """What is in the clipboard, by pasting it."""
    field = browser.find_element(By.ID, "q")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(Keys.CONTROL, "v")
    text = str(field.get_property("value"))
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(Keys.DELETE)
    wait(browser, lambda _: len(shown(browser)) == 4)
    return text


@pytest.mark.parametrize("refuses", [False, True])
def test_copy(browser: webdriver.Chrome, address: str, refuses: bool) -> None:
    """Also where the browser has no clipboard for scripts, as for http:// addresses of other machines."""
    if refuses:
        browser.execute_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    else:
        browser.execute_cdp_cmd("Browser.grantPermissions", {"permissions": ["clipboardReadWrite"], "origin": address})
    part = opened(browser, "engine-core")
    buttons = wait(browser, lambda _: part.find_elements(By.TAG_NAME, "button"))
    commands = {button.get_attribute("aria-label").rpartition(" ")[2]: button for button in buttons}
    assert set(commands) == {"conda", "mamba", "pixi", "cuda130", "cuda129", "rocm", "cpu", "openblas"}
    commands["conda"].send_keys(Keys.ENTER)  # by keyboard
    expected = f"conda install --override-channels --channel {address} engine-core"
    wait(browser, lambda _: browser.find_element(By.ID, "said").get_property("textContent") == f"Copied: {expected}")
    assert pasted(browser) == expected
    commands["cuda129"].click()
    wait(browser, lambda _: commands["cuda129"].text == "Copied")
    assert pasted(browser) == "'engine-core=*=cuda129_*'"


def test_what_the_manifest_says_is_shown(browser: webdriver.Chrome) -> None:
    wait(browser, lambda _: browser.find_element(By.ID, "fact-generation").is_displayed())
    told = (part.text for part in browser.find_elements(By.CSS_SELECTOR, ".facts > div") if part.is_displayed())
    facts = dict(text.split("\n", 1) for text in told)
    assert facts["Generation"] == "1" and facts["Published"] == "2026-09-21 14:13:20 UTC" and facts["Parent"] == f"sha256 {'cd' * 32}"
    assert facts["Taken from"] == "https://up.example/all" and "Content of generation" not in facts


def test_nothing_is_wrong_and_nothing_is_loaded_from_elsewhere(browser: webdriver.Chrome, address: str) -> None:
    opened(browser, "engine-core")
    loaded = browser.execute_script("return performance.getEntriesByType('resource').map((one) => one.name)")
    assert [one for one in loaded if not one.startswith(f"{address}/")] == []
    complaints = [line["message"] for line in browser.get_log("browser") if "favicon.ico" not in line["message"]]
    assert complaints == []


def test_the_outline_for_who_hears_the_page(browser: webdriver.Chrome) -> None:
    levels = [int(part.tag_name[1]) for part in browser.find_elements(By.CSS_SELECTOR, "h1, h2, h3, h4, h5")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
    tree = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    roles = {(node.get("role", {}).get("value"), node.get("name", {}).get("value")) for node in tree if not node.get("ignored")}
    assert {("searchbox", "Search packages"), ("navigation", "Packages by first letter"), ("main", ""), ("contentinfo", "")} <= roles


def test_by_keyboard_alone(browser: webdriver.Chrome) -> None:
    """Tab reaches the skip link first, and a package opens by Enter."""
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    first = browser.switch_to.active_element
    assert first.text == "Skip to the packages" and first.is_displayed()
    summary = browser.find_element(By.CSS_SELECTOR, "#p-zlib > summary")
    summary.send_keys(Keys.ENTER)
    assert browser.find_element(By.ID, "p-zlib").get_attribute("open")


def test_without_javascript_everything_can_be_read(plain: webdriver.Chrome) -> None:
    assert not plain.find_element(By.ID, "search").is_displayed()
    assert "<channel> stands for the address" in plain.find_element(By.CSS_SELECTOR, ".plain").text
    assert len(shown(plain)) == 4
    part = opened(plain, "zlib")
    assert "conda install --override-channels --channel <channel> zlib" in part.text and not part.find_elements(By.TAG_NAME, "button")
    part.find_element(By.CSS_SELECTOR, ".builds summary").click()
    assert "zlib-ng <1" in part.text and "ab" * 32 in part.text
    plain.find_element(By.LINK_TEXT, "Z").click()
    assert plain.current_url.endswith("#letter-z")
    assert plain.find_element(By.LINK_TEXT, "manifest.json").get_attribute("href").endswith("/.mirror/current/manifest.json")


def everything_open(browser: webdriver.Chrome) -> None:
    browser.execute_script("for (const part of document.querySelectorAll('details')) part.open = true;")


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("is_dark", [False, True])
def test_nothing_is_wider_than_the_screen(browser: webdriver.Chrome, width: int, is_dark: bool) -> None:
    size(browser, width, 740)
    scheme = "dark" if is_dark else "light"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    everything_open(browser)
    widest = browser.execute_script("return Math.max(...Array.from(document.querySelectorAll('body *'), (one) => one.getBoundingClientRect().right))")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width and widest <= width
    red = browser.execute_script("return getComputedStyle(document.body).backgroundColor").partition("(")[2].partition(",")[0]
    assert (int(red) < 60) is is_dark


def test_a_thumb_can_hit_what_can_be_hit(browser: webdriver.Chrome) -> None:
    size(browser, *PHONE)
    everything_open(browser)
    wait(browser, lambda _: len(browser.find_elements(By.CSS_SELECTOR, "#p-zlib button")) == 3)
    for part in browser.find_elements(By.CSS_SELECTOR, "button, nav a, #q, .package > summary"):
        assert part.rect["height"] >= 32, part.text


@pytest.mark.parametrize("script", [True, False])
def test_hostile_names_are_text(script: bool, browser: webdriver.Chrome, plain: webdriver.Chrome) -> None:
    seen = browser if script else plain
    if script:
        everything_open(browser)
        assert browser.execute_script("return window.pwned") is None
        assert EVIL in browser.execute_script("return document.body.textContent")
    assert not seen.find_elements(By.CSS_SELECTOR, "img, svg, body script ~ script, [onerror], [onload]")
    assert [part.text for part in seen.find_elements(By.CSS_SELECTOR, ".package > summary > h4")][-1] != ""
    assert EVIL in [part.get_property("textContent") for part in seen.find_elements(By.CSS_SELECTOR, ".package > summary > h4")]


def test_its_policy_stops_what_would_get_in(browser: webdriver.Chrome) -> None:
    browser.execute_script("const one = document.createElement('script'); one.textContent = 'window.pwned = 1'; document.body.append(one);")
    handler = "const one = document.createElement('img'); one.setAttribute('onerror', 'window.pwned = 1'); one.src = 'x'; document.body.append(one);"
    browser.execute_script(handler)
    browser.execute_async_script("setTimeout(arguments[0], 200)")
    assert browser.execute_script("return window.pwned") is None
    browser.get_log("browser")  # the refusals
