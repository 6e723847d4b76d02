// The checkout page. The server says what was seen of a payment; whatever a wallet or a client answers only makes the page ask.
(() => {
  "use strict";
  const root = document.getElementById("checkout");
  if (!root) return;
  if (!root.dataset.invoice) { inTelegram(nameCustomer); return; }
  const base = "/pay/" + root.dataset.invoice;
  const clockOffset = Number(root.dataset.now) * 1000 - Date.now();
  const closing = new Set(["refunded", "cancelled"]);
  let telegram = null;
  let isRefreshing = false;
  let isStale = false;

  // The parts that the server renders anew; parts that have not changed keep focus and open details.
  async function refresh() {
    if (isRefreshing) { isStale = true; return; }
    isRefreshing = true;
    try {
      const answer = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (!answer.ok) throw new Error("HTTP " + answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("checkout");
      if (fresh) {
        for (const id of ["status", "options", "receipt"]) replace(id, page);
        for (const name of ["revision", "stage", "expires"]) root.dataset[name] = fresh.dataset[name];
      }
      say("");
    } catch { say(root.dataset.offline); }
    isRefreshing = false;
    if (isStale) { isStale = false; refresh(); }
  }

  function replace(id, page) {
    const [old, fresh] = [document.getElementById(id), page.getElementById(id)];
    const shape = (part) => part.innerHTML.replace(/ open(="")?|<span (id="countdown"|data-until="\d+")>[^<]*<\/span>/g, "");
    if (!old || !fresh || (shape(old) === shape(fresh) && old.className === fresh.className)) return;
    const opened = new Set([...old.querySelectorAll("details[open]")].map((each) => each.dataset.option));
    old.className = fresh.className;
    old.replaceChildren(...fresh.childNodes);
    if (opened.size) for (const each of old.querySelectorAll("details")) each.open = opened.has(each.dataset.option);
  }

  function say(text) {
    const line = document.getElementById("connection");
    line.textContent = text;
    line.hidden = !text;
  }

  // Live by server-sent events; while they do not come, by polling.
  let polling = null;
  function poll() { if (!polling) polling = setInterval(refresh, 4000); }
  function stopPolling() { clearInterval(polling); polling = null; }
  function listen() {
    if (!window.EventSource) return poll();
    const events = new EventSource(base + "/events");
    events.onopen = () => { stopPolling(); };
    events.onmessage = (event) => {
      stopPolling();
      if (event.data !== root.dataset.revision) refresh();
      if (closing.has(root.dataset.stage)) events.close();
    };
    events.onerror = () => poll();
  }

  // Shows the time that is left until a moment, and returns it in seconds.
  function count(field, until) {
    const left = Math.max(0, Math.ceil(Number(until) - (Date.now() + clockOffset) / 1000));
    const two = (number) => String(number).padStart(2, "0");
    const hours = Math.floor(left / 3600);
    field.textContent = (hours ? hours + ":" : "") + two(Math.floor(left / 60) % 60) + ":" + two(left % 60);
    return left;
  }

  function tick() {
    const field = document.getElementById("countdown");
    if (field && count(field, root.dataset.expires) === 0) refresh();
    let isOver = false;
    for (const each of document.querySelectorAll("[data-until]")) isOver = count(each, each.dataset.until) === 0 || isOver;
    if (isOver && !document.hidden) renew();
  }

  // Asks for quotes at the current rate; while there is none, at most every ten seconds.
  let renewedAt = 0;
  async function renew() {
    if (Date.now() - renewedAt < 10000) return;
    renewedAt = Date.now();
    try { await fetch(base + "/renew", { method: "POST" }); } catch { poll(); }
    refresh();
  }

  document.addEventListener("click", async (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const label = copy.textContent;
      try { await navigator.clipboard.writeText(copy.dataset.copy); } catch { select(copy); return; }
      copy.textContent = root.dataset.copied;
      setTimeout(() => { copy.textContent = label; }, 1500);
      return;
    }
    const link = event.target.closest("[data-telegram-invoice]");
    if (link && telegram) {
      event.preventDefault();
      // A second tap while Telegram shows its sheet does nothing.
      if (link.getAttribute("aria-disabled") === "true") return;
      link.setAttribute("aria-disabled", "true");
      const free = () => link.removeAttribute("aria-disabled");
      telegram.openInvoice(link.dataset.telegramInvoice, () => { free(); refresh(); });
      // A sheet that was closed without a result must not keep the button disabled.
      setTimeout(free, 20000);
    }
  });

  // A session with a wallet: its link is opened at once where a tap may do that.
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("[data-wallets]");
    if (!form) return;
    event.preventDefault();
    const wish = new URLSearchParams(new FormData(form, event.submitter));
    try {
      const answer = await fetch(form.action, { method: "POST", headers: { Accept: "application/json" }, body: wish });
      if (answer.ok) openWallet((await answer.json()).link);
    } catch { poll(); }
    refresh();
  });

  function openWallet(link) {
    const isInside = link.startsWith("https://t.me/") || link.startsWith("tg:");
    if (telegram && isInside && telegram.openTelegramLink) telegram.openTelegramLink(link);
    else if (telegram && telegram.openLink) telegram.openLink(link);
    else if (matchMedia("(pointer: coarse)").matches) window.open(link, "_blank", "noopener");
  }

  // Without permission to write to the clipboard, the text is selected, to be copied by hand.
  function select(copy) {
    const range = document.createRange();
    range.selectNodeContents(copy.parentElement.querySelector("code"));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }

  // The way to pay that a customer chose comes first the next time; one that was only open does not count as chosen.
  document.addEventListener("click", (event) => {
    const option = event.target.closest(".option");
    const used = event.target.closest("summary, a, button");
    // A click on the summary of an open one closes it.
    if (option && used && !(used.matches("summary") && option.open)) {
      document.cookie = "pay_rail=" + option.dataset.rail + "; Path=/pay; Max-Age=31536000; SameSite=Lax";
    }
  }, true);

  // Inside Telegram: its theme, its invoices, and who the customer is.
  function theme() {
    const names = { bg_color: "background", text_color: "text", hint_color: "hint", link_color: "link",
      button_color: "button", button_text_color: "button-text", secondary_bg_color: "panel" };
    if (/^(light|dark)$/.test(telegram.colorScheme || "")) document.documentElement.dataset.scheme = telegram.colorScheme;
    for (const [from, to] of Object.entries(names)) {
      const color = telegram.themeParams && telegram.themeParams[from];
      if (/^#[0-9a-f]{6}$/i.test(color || "")) document.documentElement.style.setProperty("--tg-" + to, color);
    }
  }

  async function enterTelegram() {
    telegram = window.Telegram && window.Telegram.WebApp;
    if (!telegram || !telegram.initData) { telegram = null; return; }
    theme();
    if (telegram.onEvent) telegram.onEvent("themeChanged", theme);
    telegram.ready();
    telegram.expand();
    try {
      const answer = await fetch(base + "/session", {
        method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ init_data: telegram.initData }),
      });
      if (answer.ok) refresh();
    } catch { poll(); }
  }

  // Inside Telegram a customer who buys by a link is identified, and led to the invoice that is already open.
  function nameCustomer() {
    const form = document.querySelector('form[action^="/buy/"]');
    const app = window.Telegram && window.Telegram.WebApp;
    if (!form || !app || !app.initData) return;
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "init_data", value: app.initData });
    form.append(field);
  }

  function inTelegram(enter) {
    if (window.Telegram) return enter();
    if (!/[#&]tgWebAppData=/.test(location.hash)) return;
    const script = document.createElement("script");
    script.src = "https://telegram.org/js/telegram-web-app.js";
    script.onload = enter;
    document.head.append(script);
  }

  inTelegram(enterTelegram);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  addEventListener("pageshow", (event) => { if (event.persisted) refresh(); });
  setInterval(tick, 1000);
  tick();
  listen();
})();
