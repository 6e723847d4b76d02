"""A real Chromium on the checkout page of a running sandbox."""

import pytest
from playwright.sync_api import sync_playwright

from shop import Shop

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def shop(sandbox):
    return Shop(sandbox)


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Opens pages, each in a browser context of its own; at the end no console may hold an error."""
    contexts, complaints = [], []

    def open_page(url, before=None, allowing=(), **options):
        options = {"viewport": PHONE, "locale": "en-US", **options}
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        def complain(text):
            if not any(each in text for each in allowing):
                complaints.append(text)
        page.on("console", lambda message: complain(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complain(str(error)))
        page.add_init_script(
            "document.addEventListener('securitypolicyviolation', (e) => console.error('CSP ' + e.violatedDirective));"
        )
        if before:
            before(page)
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
