"""A headless Chromium with a profile of its own, that calls nobody but the pages it is sent to."""

import base64
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--metrics-recording-only",
    "--password-store=basic",
    "--lang=en",
    # A picture is laid out without them, and cut off at the width with them.
    "--hide-scrollbars",
)
AXE_RUN = """
// Over a gradient it can't tell the contrast, and says nothing: ours is a faint glow on one colour.
const [options, done] = arguments, glow = document.body.style
glow.backgroundImage = 'none'
axe.run(document, options).then(found => { glow.backgroundImage = ''; done(found) })
"""

PHONE = (390, 844)
DESKTOP = (1280, 800)


class Chromium:
    """What a person does with a browser: open, look, type, press."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, url: str) -> None:
        """Go to an address and wait until the page is there, redirects followed."""
        self.driver.get(url)

    @property
    def url(self) -> str:
        """Return the address that the browser shows."""
        return self.driver.current_url

    @property
    def text(self) -> str:
        """Return what the page says."""
        return self.find("body").text

    def has(self, element_id: str) -> bool:
        """Whether the page holds an element of that id."""
        return bool(self.driver.find_elements(By.ID, element_id))

    def find(self, selector: str) -> WebElement:
        """Return the first element for a CSS selector; waits for a page under way."""
        return WebDriverWait(self.driver, 20).until(
            lambda driver: driver.find_element(By.CSS_SELECTOR, selector)
        )

    def type(self, element_id: str, text: str) -> None:
        """Fill in a field."""
        field = self.find(f"#{element_id}")
        field.clear()
        field.send_keys(text)

    def press(self, selector: str) -> None:
        """Press a button or a link that leads to another page, and wait for that page."""
        with self.leaving():
            self.find(selector).click()

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """Do what leads to another page, and wait for that page, redirects followed."""
        # Whoever opens an address while a form is on its way takes the form back.
        self.driver.execute_script("window.isLeft = true")
        yield
        WebDriverWait(self.driver, 60).until(_has_arrived)

    def start_anew(self) -> None:
        """Be a browser that was never used: no cookie, no page to go back to, nothing kept of any page."""
        for command in ("Network.clearBrowserCookies", "Network.clearBrowserCache"):
            self._command(command, {})
        old = self.driver.window_handles
        self.driver.switch_to.new_window("tab")
        new = self.driver.current_window_handle
        for handle in old:
            self.driver.switch_to.window(handle)
            self.driver.close()
        self.driver.switch_to.window(new)
        self.console_errors()

    def keys(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def console_errors(self) -> list[str]:
        """Return what the browser complained of since it was last asked: refused styles, broken pages.

        A page that answers with an error status is no complaint: some are meant to.
        """
        said = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        return [message for message in said if "the server responded with a status of 4" not in message]

    def resize(self, width: int, height: int, *, dark: bool = False) -> None:
        """Show pages as a screen of that size does; a window can't be made as narrow as a phone."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._command("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._command("Emulation.setEmulatedMedia", {"features": [scheme]})
        # Colours that fade over would be caught halfway.
        self.driver.execute_script("document.getAnimations().forEach(fading => fading.finish())")

    def speak(self, language: str) -> None:
        """Ask for pages in another language from now on."""
        agent = self.driver.execute_script("return navigator.userAgent")
        self._command("Network.setUserAgentOverride", {"userAgent": agent, "acceptLanguage": language})

    def overflows(self) -> bool:
        """Whether the page is wider than the screen, so that one has to scroll sideways."""
        return bool(
            self.driver.execute_script(
                "return document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )
        )

    def violations(self, axe: Path, *, only: Collection[str] = ()) -> list[str]:
        """Return what axe-core, the script in that file, objects to; by `only` some of its rules."""
        if not self.driver.execute_script("return Boolean(window.axe)"):
            self.driver.execute_script(axe.read_text())
        options: dict[str, Any] = {"resultTypes": ["violations"]}
        if only:
            options["runOnly"] = list(only)
        found = self.driver.execute_async_script(AXE_RUN, options)
        return [
            f"{one['id']} at {node['target']}: {node['html'][:200]}"
            for one in found["violations"]
            for node in one["nodes"]
        ]

    def screenshot(self, file: Path) -> None:
        """Write a picture of the whole page."""
        answer = self._command("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True})
        file.write_bytes(base64.b64decode(answer["data"]))

    def _command(self, name: str, arguments: dict[str, Any]) -> Any:
        return self.driver.execute_cdp_cmd(name, arguments)


@contextmanager
def a_chromium(profile: Path) -> Iterator[Chromium]:
    """Run a browser with an empty profile in `profile` while the block runs."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={DESKTOP[0]},{DESKTOP[1]}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    driver.set_page_load_timeout(60)
    try:
        yield Chromium(driver)
    finally:
        driver.quit()


def _has_arrived(driver: webdriver.Chrome) -> bool:
    try:
        return bool(driver.execute_script("return !window.isLeft && document.readyState == 'complete'"))
    except WebDriverException:  # between two pages there is none that could answer
        return False
