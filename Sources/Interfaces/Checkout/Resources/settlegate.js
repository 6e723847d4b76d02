// Opens a checkout from a merchant's own page. Needs nothing else; the types are in settlegate.d.ts.
(() => {
  "use strict";
  const final = new Set(["paid", "over", "late", "closed_short", "expired", "cancelled", "refunded"]);

  // Asks the gateway where an invoice stands until it is final; what a wallet or Telegram answers decides nothing.
  function watch(checkoutUrl, onStatus, interval = 3000) {
    const url = new URL(checkoutUrl, location.href);
    url.pathname += "/status";
    url.search = "";
    let last = "";
    let isStopped = false;
    async function look() {
      while (!isStopped) {
        try {
          const answer = await fetch(url, { cache: "no-store" });
          if (answer.status === 404) throw new TypeError("there is no such invoice");
          if (answer.ok) {
            const status = await answer.json();
            if (status.revision !== last) { last = status.revision; onStatus(status); }
            if (final.has(status.stage)) return;
          }
        } catch (error) {
          if (error instanceof TypeError && /no such invoice/.test(error.message)) throw error;
        }
        await new Promise((resume) => setTimeout(resume, interval));
      }
    }
    const done = look();
    return { stop() { isStopped = true; }, done };
  }

  // Pays in place where Telegram can: an invoice link opens over the Mini App. Everything else goes to the checkout page.
  function open(options) {
    const { checkoutUrl, invoiceLink, onStatus = () => {} } = options || {};
    if (!checkoutUrl) throw new TypeError("Settlegate.open needs checkoutUrl, the checkout_url of an invoice");
    const telegram = window.Telegram && window.Telegram.WebApp;
    const watching = watch(checkoutUrl, onStatus);
    if (invoiceLink && telegram && telegram.openInvoice) telegram.openInvoice(invoiceLink, () => {});
    else location.assign(checkoutUrl);
    return watching;
  }

  window.Settlegate = Object.freeze({ open, watch });
})();
