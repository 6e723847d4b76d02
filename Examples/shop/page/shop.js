// The shop's page: shows what is sold, orders it, and shows what the shop's own server knows of the order.
(() => {
  "use strict";
  const status = document.getElementById("status");
  const words = { waiting: "Waiting for your payment", delivered: "Paid: it is on its way", over: "Nothing was paid in time", "taken back": "Your payment was taken back" };

  async function ask(path, body) {
    const answer = await fetch(path, body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const value = await answer.json();
    if (!answer.ok) throw new Error(value.error);
    return value;
  }

  async function show(order) {
    for (;;) {
      const { state } = await ask("/orders/" + encodeURIComponent(order));
      status.textContent = words[state] || state;
      if (state !== "waiting") return;
      await new Promise((resume) => setTimeout(resume, 1500));
    }
  }

  async function buy(product, button) {
    button.disabled = true;
    try {
      const { order, checkout_url: checkoutUrl, invoice_link: invoiceLink } = await ask("/orders", { product });
      Settlegate.open({ checkoutUrl, invoiceLink: invoiceLink || undefined });
      if (invoiceLink && window.Telegram) show(order);
    } catch (error) { status.textContent = error.message; }
    button.disabled = false;
  }

  async function list() {
    for (const product of await ask("/products")) {
      const [line, name, button] = ["li", "span", "button"].map((each) => document.createElement(each));
      name.textContent = product.title + ": " + product.description;
      button.textContent = "Buy for " + product.price;
      button.onclick = () => buy(product.id, button);
      line.append(name, button);
      document.getElementById("products").append(line);
    }
  }

  const order = new URLSearchParams(location.search).get("order");
  if (order) show(order).catch((error) => { status.textContent = error.message; });
  list().catch((error) => { status.textContent = error.message; });
})();
