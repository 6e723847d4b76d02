"""The checkout page on each rail, and with every exception, in a real Chromium."""

import io
import json
import os
import pathlib
import re
import urllib.error
import urllib.request

import pytest
import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

from product import ROOT, eventually
from shop import Shop

SCREENSHOTS = os.environ.get("SCREENSHOTS")


def heading(page):
    return page.locator("#status h2")


def keep(page, name):
    """Takes pictures for the documents, when they are asked for."""
    if SCREENSHOTS:
        folder = pathlib.Path(ROOT, SCREENSHOTS)
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", full_page=True)


def accessible(page):
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def shows(page, text, timeout=30_000):
    expect(heading(page)).to_have_text(text, timeout=timeout)


CHAIN_RAILS = {
    "a coin of TON": ("ton", "ton:testnet:native", "1.5"),
    "a jetton": ("ton", "jetton", "20"),
    "a coin of an EVM chain": ("evm", "evm_coin", "0.05"),
    "a token of an EVM chain": ("evm", "evm_token", "25"),
}


@pytest.mark.parametrize("name", CHAIN_RAILS)
def test_a_payment_on_a_chain_shows_by_itself(shop, visit, name):
    rail, asset, amount = CHAIN_RAILS[name]
    asset = shop.sandbox.addresses.get(asset, asset)
    invoice = shop.invoice(rail, asset, amount, rails=[{"rail": rail, "asset": asset}], return_url="https://shop.example/")
    page = visit(invoice["checkout_url"])
    shows(page, "Waiting for your payment")
    option = invoice["options"][0]
    expect(page.locator(".option")).to_have_attribute("open", "")
    assert page.get_by_role("link", name="Open the wallet").get_attribute("href") == option["link"]
    expect(page.locator("dd code")).to_contain_text([amount, option["address"]])
    [code] = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.locator(".qr").screenshot())))
    assert code.text == option["link"]
    accessible(page)
    if rail == "ton":
        keep(page, "waiting")
    shop.pay(invoice)
    shop.control("mine", blocks=6, network=rail)
    shows(page, "Paid")
    expect(page.locator("#receipt dd").nth(1)).to_contain_text(amount)
    expect(page.locator(".option")).to_have_count(0)
    expect(page.get_by_role("link", name="Back to the shop")).to_have_attribute("href", "https://shop.example/")
    accessible(page)
    if rail == "evm":
        keep(page, "paid")


def test_the_lines_of_a_price_and_what_is_paid_again_are_shown(shop, visit):
    lines = [{"label": "Tea", "amount": "10.00"}, {"label": "Delivery", "amount": "2.50"}]
    invoice = shop.invoice("telegram_fiat", "fiat:EUR", "12.50", line_items=lines)
    assert invoice["line_items"] == [{"label": "Tea", "amount": "10.00"}, {"label": "Delivery", "amount": "2.50"}]
    page = visit(invoice["checkout_url"])
    expect(page.locator(".lines")).to_contain_text("Delivery2.50 EUR")
    accessible(page)
    club = shop.merchant("subscriptions", {"title": "Tea club", "description": "Tea each month", "amount": "100"})
    page = visit(club["checkout_url"], in_telegram(shop, 4244))
    expect(page.locator("header")).to_contain_text("Paid again every 30 days")
    page.get_by_role("link", name="Pay in Telegram").click()
    assert page.evaluate("window.opened") == [club["link"]]
    shop.control("telegram/pay", link=club["link"])
    shows(page, "Paid")
    accessible(page)


@pytest.mark.parametrize("decision", ["pay", "decline"])
def test_a_wallet_is_chosen_opened_and_asked_without_typing(shop, visit, decision):
    invoice = shop.invoice("ton", "ton:testnet:native", "1.5")
    page = visit(invoice["checkout_url"])
    page.get_by_role("button", name="Sandbox Wallet").click()
    link = page.get_by_role("link", name="Open Sandbox Wallet")
    expect(page.locator(".wallet-state")).to_have_text("Open Sandbox Wallet and connect it.")
    [code] = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.locator(".wallets .qr").screenshot())))
    assert code.text == link.get_attribute("href")
    # While the wallet asks for the payment, the page shows the address only on request.
    expect(page.locator("[data-copy]").first).to_be_hidden()
    if decision == "pay":
        keep(page, "wallet")
    page.get_by_text("Or send it yourself:").click()
    expect(page.locator("[data-copy]").first).to_be_visible()
    accessible(page)
    page.reload()
    expect(page.locator(".wallet-state")).to_have_text("Open Sandbox Wallet and connect it.")
    shop.control("wallet", link=link.get_attribute("href"), decision=decision)
    if decision == "pay":
        shows(page, "Paid")
        return
    expect(page.locator(".wallet-state")).to_have_text("You have declined in Sandbox Wallet. Nothing was paid.")
    shows(page, "Waiting for your payment")
    expect(page.locator("[data-copy]").first).to_be_visible()
    accessible(page)


def test_inside_telegram_a_wallet_opens_at_a_tap(shop, visit):
    invoice = shop.invoice("ton", "ton:testnet:native", "1.5")

    def telegram(page):
        in_telegram(shop, 4243)(page)
        page.add_init_script("window.Telegram.WebApp.openLink = (link) => { window.opened = link; };")

    page = visit(invoice["checkout_url"], telegram)
    shows(page, "Waiting for your payment")
    expect(page.locator("html")).to_have_attribute("data-scheme", "dark")
    page.get_by_role("button", name="Sandbox Wallet").click()
    # Polled from outside: Playwright's own waiting evaluates text in the page, which the page's policy forbids.
    opened = eventually(lambda: page.evaluate("window.opened"))
    assert page.get_by_role("link", name="Open Sandbox Wallet").get_attribute("href") == opened


def test_what_is_seen_before_it_is_final_is_told_with_its_progress(shop, visit):
    # Timed blocks would confirm the payment before a busy machine shows it.
    shop.make_blocks_every(0)
    try:
        invoice = shop.invoice("evm", shop.sandbox["evm_coin"], "0.05")
        page = visit(invoice["checkout_url"])
        shop.pay(invoice)
        shop.control("mine", blocks=1, network="evm")
        shows(page, "Your payment is being confirmed")
        expect(page.locator("#status progress")).to_be_visible()
        expect(page.locator("#status")).to_contain_text("0.05 ETH-SANDBOX")
        # Nothing on the page asks for the money a second time.
        expect(page.locator("#status")).to_contain_text("please do not pay again")
        expect(page.locator(".option, .qr, [data-copy], #options a, #options button")).to_have_count(0)
        expect(page.locator("body")).not_to_contain_text(invoice["options"][0]["address"])
        keep(page, "confirming")
        accessible(page)
        shop.control("mine", blocks=6, network="evm")
        shows(page, "Paid")
    finally:
        shop.make_blocks_every(1_000)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_money_of_another_asset_is_told_as_that_and_the_invoice_stays_open(shop, visit, language):
    jetton = shop.sandbox.addresses["jetton"]
    invoice = shop.invoice("ton", jetton, "20", rails=[{"rail": "ton", "asset": jetton}])
    [option] = invoice["options"]
    page = visit(f"{invoice['checkout_url']}?lang={language}")
    words = {
        "en": ("That was another currency", "not lost: the seller has been told", "Returned to you", "Paid"),
        "ru": ("Это другая валюта", "не потеряны: продавец извещён", "Деньги возвращены", "Оплачено"),
    }[language]
    # The customer sends coins, with the right comment, where a jetton is due.
    coins = {**option, "link": option["link"].replace("&jetton=", "&j=")}
    assert shop.control("pay", option=coins, user="alice", units="700000000")["taken"]
    shop.control("mine", blocks=2)
    shows(page, words[0])
    expect(page.locator("#status")).to_contain_text(words[1])
    expect(page.locator("#status")).to_contain_text("0.7 GRAM" if language == "en" else "0,7 GRAM")
    expect(page.locator(".option")).to_have_count(1)
    expect(page.locator("dd code")).to_contain_text(["20", option["address"]])
    accessible(page)
    keep(page, f"wrong-asset-{language}")
    shop.pay(invoice)
    shop.control("mine", blocks=3)
    shows(page, words[3])
    expect(page.locator("#status")).to_contain_text(words[1])


def test_a_chain_is_named_in_words_wherever_its_address_is_shown(shop, visit):
    for asset, amount in [("evm_coin", "0.05"), ("evm_token", "25")]:
        asset = shop.sandbox.addresses.get(asset) or shop.sandbox[asset]
        invoice = shop.invoice("evm", asset, amount, rails=[{"rail": "evm", "asset": asset}])
        page = visit(invoice["checkout_url"])
        expect(page.locator("summary .name")).to_contain_text("Sandbox Chain")
        expect(page.locator(".network")).to_contain_text("Sandbox Chain")
        expect(page.locator("dd").filter(has_text="Send on Sandbox Chain only")).to_be_visible()
        accessible(page)
    keep(page, "network")


TELEGRAM = """
window.Telegram = { WebApp: {
  initData: %s, colorScheme: "dark", themeParams: { bg_color: "#101820", text_color: "#f0f0f0" },
  ready() {}, expand() {}, onEvent() {},
  openInvoice(link, done) { window.opened = (window.opened || []).concat(link); window.done = done; },
} };
"""


def in_telegram(shop, user):
    script = TELEGRAM % json.dumps(shop.init_data(user))
    return lambda page: page.add_init_script(script)


@pytest.mark.parametrize("rail, asset, amount", [("telegram_stars", "telegram:XTR", "250"), ("telegram_fiat", "fiat:EUR", "12.50")])
@pytest.mark.parametrize("claim", ["failed", "paid"])
def test_telegram_invoices_open_in_the_mini_app_and_only_the_server_is_believed(shop, visit, rail, asset, amount, claim):
    invoice = shop.invoice(rail, asset, amount, goods="digital" if rail == "telegram_stars" else "physical")
    page = visit(invoice["checkout_url"], in_telegram(shop, 4242))
    button = page.get_by_role("link", name="Pay in Telegram")
    button.click()
    # A second tap while the sheet is open opens nothing.
    button.dispatch_event("click")
    assert page.evaluate("window.opened") == [invoice["options"][0]["link"]]
    # The client may claim anything.
    page.evaluate(f"window.done('{claim}')")
    page.wait_for_timeout(1_500)
    shows(page, "Waiting for your payment")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 24, 32)"
    assert shop.control("telegram/pay", link=invoice["options"][0]["link"])["outcome"] == "paid"
    shows(page, "Paid")
    accessible(page)


def test_an_invoice_for_one_customer_shows_ways_to_pay_to_that_one_only(shop, visit):
    invoice = shop.invoice("telegram_stars", "telegram:XTR", "10", goods="digital", payer=77)
    stranger = visit(invoice["checkout_url"])
    shows(stranger, "This invoice is for one customer")
    expect(stranger.locator(".option")).to_have_count(0)
    other = visit(invoice["checkout_url"], in_telegram(shop, 78))
    other.wait_for_timeout(1_000)
    shows(other, "This invoice is for one customer")
    customer = visit(invoice["checkout_url"], in_telegram(shop, 77))
    shows(customer, "Waiting for your payment")
    expect(customer.locator(".option")).to_have_count(1)


def test_init_data_that_nobody_signed_opens_nothing(shop):
    invoice = shop.invoice()
    for text in ["", "user=1", shop.init_data(1).replace("hash=", "hash=0")]:
        request = urllib.request.Request(
            invoice["checkout_url"] + "/session", json.dumps({"init_data": text}).encode(), method="POST"
        )
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(request)
        assert refusal.value.code == 401
        assert json.load(refusal.value)["code"] == "unauthorized"


def test_exceptions_are_told_as_they_are(shop, visit):
    short = shop.invoice()
    page = visit(short["checkout_url"])
    shop.pay(short, units="500000000")
    shop.control("mine")
    shows(page, "1 GRAM is missing")
    # The rest of a part is sent by hand, because a link would name the whole amount.
    expect(page.locator(".qr")).to_have_count(0)
    expect(page.locator("dd code").first).to_have_text("1")
    accessible(page)
    keep(page, "short")
    shop.pay(short, units="1200000000")
    shop.control("mine")
    shows(page, "Paid, and more than was due")

    cancelled = shop.invoice()
    page = visit(cancelled["checkout_url"])
    shop.merchant(f"invoices/{cancelled['id']}/cancel", {})
    shows(page, "The seller has called this off")
    expect(page.locator(".option")).to_have_count(0)

    returned = shop.invoice()
    page = visit(returned["checkout_url"])
    shop.pay(returned)
    shop.control("mine")
    shows(page, "Paid")
    [payment] = shop.merchant(f"payments?invoice={returned['id']}")["data"]
    shop.merchant("refunds", {"payment": payment["id"]})
    for _ in range(20):
        shop.control("mine", blocks=2)
        if heading(page).inner_text() == "Returned to you":
            break
        page.wait_for_timeout(500)
    shows(page, "Returned to you")
    accessible(page)


def test_who_comes_back_a_day_later_is_told_not_to_pay(start_sandbox, visit):
    shop = Shop(start_sandbox())
    untouched, late = shop.invoice(), shop.invoice()
    page = visit(late["checkout_url"])
    shop.control("advance", seconds=4_000)
    shop.control("mine", blocks=3)
    shows(page, "The time is over")
    expect(page.locator(".option")).to_have_count(0)
    page = visit(untouched["checkout_url"])
    shows(page, "The time is over")
    shop.pay(late)
    shop.control("mine", blocks=3)
    page = visit(late["checkout_url"])
    shows(page, "Your payment came too late")
    accessible(page)


def test_a_price_says_how_long_it_holds_and_is_renewed_by_itself(start_sandbox, visit):
    shop = Shop(start_sandbox())
    invoice = shop.invoice(asset="fiat:EUR", amount="5.00", goods="physical")
    page = visit(invoice["checkout_url"])
    held = page.locator("[data-until]")
    expect(held).to_have_text(re.compile(r"^1[45]:[0-5][0-9]$"))
    before = shop.merchant(f"invoices/{invoice['id']}")["options"][0]["quote"]["valid_until"]
    shop.control("advance", seconds=901)
    page.reload()

    def renewed():
        return shop.merchant(f"invoices/{invoice['id']}")["options"][0]["quote"]["valid_until"] > before

    eventually(renewed)
    expect(held).to_have_text(re.compile(r"^1[45]:[0-5][0-9]$"))
    shop.pay(invoice)
    shop.control("mine", blocks=2)
    shows(page, "Paid")


def test_the_way_that_is_likely_to_work_comes_first_and_what_was_used_before_even_earlier(shop, visit):
    def invoice():
        rails = [{"rail": "ton"}, {"rail": "telegram_fiat"}]
        return shop.invoice(asset="fiat:EUR", amount="5.00", goods="physical", rails=rails)

    def rails(page):
        return [option.get_attribute("data-rail") for option in page.locator(".option").all()]

    # On the web a Telegram invoice leads elsewhere; inside Telegram it is a tap away.
    web = visit(invoice()["checkout_url"])
    assert rails(web) == ["ton", "telegram_fiat"]
    # An option that was open before the page knew that it is inside Telegram does not count as chosen.
    inside = visit(invoice()["checkout_url"], in_telegram(shop, 6161))
    eventually(lambda: rails(inside) == ["telegram_fiat", "ton"])
    expect(inside.locator(".badge")).to_have_count(0)
    # The option chosen in this browser comes first, without the badge "Used before".
    web.locator("[data-rail=telegram_fiat] summary").click()
    web.goto(invoice()["checkout_url"])
    assert rails(web) == ["telegram_fiat", "ton"]
    expect(web.locator(".badge")).to_have_count(0)
    # An identified customer sees the rail of an earlier payment first, on every device.
    paid = invoice()
    [link] = [option["link"] for option in paid["options"] if option["rail"] == "telegram_fiat"]
    assert shop.control("telegram/pay", link=link, user="regular")["outcome"] == "paid"
    customer = eventually(lambda: [p["payer"] for p in shop.merchant("payments")["data"] if p["invoice"] == paid["id"]])
    again = visit(invoice()["checkout_url"], in_telegram(shop, int(customer[0])))
    expect(again.locator(".option").first.locator(".badge")).to_have_text("Used before")
    assert rails(again) == ["telegram_fiat", "ton"]


def test_without_events_the_page_asks(shop, visit):
    invoice = shop.invoice()
    page = visit(
        invoice["checkout_url"],
        lambda page: page.route("**/events", lambda route: route.abort()),
        allowing=["ERR_FAILED"],
    )
    shop.pay(invoice)
    shop.control("mine")
    shows(page, "Paid")


def test_a_page_without_script_shows_the_same_after_a_reload(shop, visit):
    invoice = shop.invoice()
    page = visit(invoice["checkout_url"], java_script_enabled=False)
    shows(page, "Waiting for your payment")
    expect(page.locator(".qr")).to_be_visible()
    shop.pay(invoice)
    shop.control("mine")
    for _ in range(30):
        page.reload()
        if heading(page).inner_text() == "Paid":
            break
        page.wait_for_timeout(500)
    shows(page, "Paid")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_fits_and_can_be_read_in_both_schemes_and_languages(shop, visit, scheme, width):
    invoice = shop.invoice(rails=[{"rail": "ton"}], description="Ein sehr langes Wort: " + "x" * 120)
    page = visit(
        invoice["checkout_url"], viewport={"width": width, "height": 800}, color_scheme=scheme, locale="ru-RU"
    )
    shows(page, "Ждём вашу оплату")
    expect(page.locator(".amount")).to_have_text("1,5 GRAM")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    accessible(page)
    page.get_by_role("link", name="English").click()
    shows(page, "Waiting for your payment")
    accessible(page)


def test_the_keyboard_is_enough(shop, visit):
    invoice = shop.invoice(place="web", rails=[{"rail": "ton", "asset": "ton:testnet:native"}])
    page = visit(invoice["checkout_url"], permissions=["clipboard-read", "clipboard-write"])
    # The option, the wallet, the transfer link, and the copied amount.
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == "sandbox-wallet"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.copy") == "1.5"
    page.keyboard.press("Enter")
    expect(page.locator("[data-copy]").first).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "1.5"


def test_on_a_slow_network_and_a_weak_phone_it_is_soon_of_use(shop, visit):
    invoice = shop.invoice()

    def slow(page):
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", {
            "offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 20_000,
        })
        session.send("Emulation.setCPUThrottlingRate", {"rate": 4})

    page = visit(invoice["checkout_url"], slow)
    shows(page, "Waiting for your payment")
    sizes = page.evaluate("performance.getEntries().filter((e) => e.transferSize).map((e) => e.transferSize)")
    # Page, style, script and the QR code: less than one picture of a product.
    assert sum(sizes) < 40_000, sizes


def test_an_unknown_invoice_says_so(shop, visit):
    page = visit(
        shop.sandbox["gateway"] + "/pay/inv_01m8d1h3z2e00ay044t4tv1qfz", allowing=["404"]
    )
    shows(page, "There is no such invoice")
    accessible(page)


def test_the_script_for_merchants_watches_an_invoice(shop, visit):
    invoice = shop.invoice()
    # The merchant's page is another site.
    page = visit(shop.sandbox["telegram"] + "/none", allowing=["404"])
    page.add_script_tag(url=shop.sandbox["gateway"] + "/settlegate.js")
    page.evaluate(
        "(url) => { window.stages = []; window.watching = Settlegate.watch(url, (s) => stages.push(s.stage), 300); }",
        invoice["checkout_url"],
    )
    shop.pay(invoice)
    shop.control("mine")
    page.evaluate("watching.done")
    stages = page.evaluate("stages")
    assert (stages[0], stages[-1]) == ("waiting", "paid")


def test_a_payment_link_sells_to_everybody_until_nothing_is_left(start_sandbox, visit):
    shop = Shop(start_sandbox())
    link = shop.merchant("payment_links", {
        "title": "Tea pot", "description": "A pot of tea", "goods": "physical", "amount": "1.5",
        "asset": "ton:testnet:native", "rails": [{"rail": "ton"}], "stock": 1,
    })
    page = visit(link["url"])
    accessible(page)
    keep(page, "payment-link")
    page.get_by_role("button", name="Buy").click()
    shows(page, "Waiting for your payment")
    identifier = page.url.rsplit("/", 1)[1]
    shop.pay(shop.merchant(f"invoices/{identifier}"))
    shop.control("mine", blocks=2)
    shows(page, "Paid")
    page.goto(link["url"])
    shows(page, "Not for sale")
    expect(page.get_by_role("button", name="Buy")).to_have_count(0)
