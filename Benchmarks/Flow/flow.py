"""What waits for what, measured on the release build: `make bench-flow`. Prints a table, and the rows of docs/flow.md with
`--markdown`; `--only NAME` measures one situation, `--minutes N` says how long the mixed load takes."""

import argparse
import asyncio
import json
import random
import statistics
import time
import uuid

from shop import COIN, ORDERS, World

ROWS = []


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def row(situation, what, *figures):
    """One line of the table: situation, what was measured, figures."""
    ROWS.append((situation, what, *figures))
    print(f"{situation}: {what}: {', '.join(figures)}", flush=True)


def spread(values):
    return f"{statistics.median(values):.2f} s", f"{quantile(values, 0.99):.2f} s"


async def buy(world, name, user="alice"):
    """One payment: the invoice's identifier, and when paying began."""
    invoice = await world.open(name)
    return invoice["id"], await world.pay(invoice, user)


async def outcomes(world, paid, seconds=120):
    """How long each payment took from being paid until settled, and until told."""
    missing = await world.server.told([("invoice.settled", invoice) for invoice, _ in paid], seconds)
    if missing:
        raise SystemExit(f"{len(missing)} of {len(paid)} payments were not told within {seconds} s")
    settled, told = [], []
    for invoice, began in paid:
        heard, made = world.server.events["invoice.settled", invoice]
        settled.append(made - began)
        told.append(heard - began)
    return settled, told


async def payments(world, names, count, pause=0.25):
    """Pays one after the other on each rail: the two times of each."""
    times = {}
    for name in names:
        paid = []
        for number in range(count):
            paid.append(await buy(world, name, f"user{number % 8}"))
            await asyncio.sleep(pause * random.random())
        times[name] = await outcomes(world, paid)
    return times


def show(situation, times):
    for name, (settled, told) in times.items():
        row(situation, f"{name}, paid until settled", *spread(settled))
        row(situation, f"{name}, paid until told", *spread(told))


async def all_well(options):
    """All is well, and the nodes are at hand."""
    async with World() as world:
        before = {name: way.requests for name, way in world.ways.items()}
        times = await payments(world, ORDERS, options.payments)
        show("all is well", times)
        for name, way in world.ways.items():
            row("all is well", f"requests to the nodes of {name}", f"{way.requests - before[name]}")


async def hanging(options):
    """One rail's nodes accept requests and answer none."""
    rails = {"ton": ["TON"], "evm": ["EVM"], "telegram": ["Stars", "card"]}
    async with World() as world:
        for away, own in rails.items():
            others = [name for name in ORDERS if name not in own]
            well = await payments(world, others, options.payments)
            # Payments by Telegram need its server for each invoice: those are made before it hangs.
            world.ways[away].hangs = True
            await asyncio.sleep(2)
            ill = await payments(world, others, options.payments)
            world.ways[away].hangs = False
            for name in others:
                for place, what in enumerate(("settled", "told")):
                    (a, b), (c, d) = (well[name][place], ill[name][place]), (None, None)
                    c, d = quantile(a, 0.99), quantile(b, 0.99)
                    row(
                        f"nodes of {away} hang", f"{name}, paid until {what}", *spread(b),
                        f"p99 {d / c:.2f} times that without",
                    )
            await world.ready()


async def many_invoices(options):
    """Many open TON invoices with wallets of their own, and a node that is far away."""
    async with World(deposit="derived") as world:
        began = time.monotonic()
        left = options.invoices

        async def merchant():
            nonlocal left
            while left > 0:
                left -= 1
                await world.open("TON")

        await asyncio.gather(*(merchant() for _ in range(16)))
        took = time.monotonic() - began
        situation = f"{options.invoices:,} open TON invoices, node at 100 ms"
        row(situation, "opened in", f"{took:.0f} s")
        world.ways["ton"].delay = 0.1
        await asyncio.sleep(10)
        before, start = world.ways["ton"].requests, time.monotonic()
        await asyncio.sleep(20)
        passes = time.monotonic() - start
        row(situation, "requests a pass without payments", f"{(world.ways['ton'].requests - before) / passes:.1f}")
        before, start = world.ways["ton"].requests, time.monotonic()
        times = await payments(world, ["TON", "Stars"], options.payments)
        passes = time.monotonic() - start
        show(situation, times)
        count = world.ways["ton"].requests - before
        row(situation, "requests a second with payments", f"{count / passes:.1f}")


async def payouts(options):
    """A hundred payouts at once from one wallet."""
    for network, asset, amount, price, wallet in [
        ("evm", None, "0.1", "15", "EVM coin, 3 confirmations"), ("ton", COIN, "0.1", "15", "TON coin, wallet v5r1"),
    ]:
        async with World() as world:
            asset = asset or world.places["evm_coin"]
            rail, place = ("evm", "web") if network == "evm" else ("ton", "telegram")
            invoice = await world.ask("invoices", {
                "title": "Tea", "description": "Tea", "goods": "physical", "place": place, "amount": price,
                "asset": asset, "rails": [{"rail": rail, "asset": asset}],
            })
            await world.pay(invoice)
            if await world.server.told([("invoice.settled", invoice["id"])], 60):
                raise SystemExit("the invoice that pays for the payouts was not settled")
            # Coins on the address of an option are gathered first.
            await asyncio.sleep(15 if network == "evm" else 0)
            head, began = await world.head(network), time.time()

            async def pay_out(number):
                to = f"0x{uuid.uuid4().hex}{number:08x}" if network == "evm" else f"0:{uuid.uuid4().hex * 2}"
                made = await world.ask("payouts", {"asset": asset, "amount": amount, "destination": to})
                return made["id"]

            made = await asyncio.gather(*(pay_out(number) for number in range(options.payouts)))
            asked, last = time.time() - began, head
            while await world.server.told([("payout.completed", payout) for payout in made], 0):
                last = await world.head(network)
                if time.time() - began > 300:
                    raise SystemExit("the payouts were not completed within five minutes")
                await asyncio.sleep(0.02)
            situation = f"{options.payouts} payouts in {wallet}"
            row(
                situation, "asked for until all are complete", f"{last - head} blocks", f"{time.time() - began:.1f} s",
                f"of which {asked:.1f} s to ask",
            )


async def webhooks(options):
    """A burst of Stars payments, an endpoint at 100 ms, and endpoints of other merchants that hang."""
    async with World(endpoint_delay=0.1) as world:
        for number in range(options.hanging // 20):
            other = await world.ask("merchants", {"name": f"Other {number}"}, key=world.operator)
            for each in range(20):
                await world.ask(
                    "webhook_endpoints", {"url": f"{world.server.url}hang/{number}/{each}"}, key=other["api_key"]
                )
            # Something to tell them.
            for _ in range(2):
                await world.ask("invoices", {
                    "title": "Tea", "description": "Tea", "goods": "physical", "amount": "1.5", "asset": COIN,
                    "rails": [{"rail": "ton", "asset": COIN}],
                }, key=other["api_key"])
        await asyncio.sleep(5)
        invoices = []
        gate = asyncio.Semaphore(32)

        async def prepare():
            async with gate:
                invoices.append(await world.open("Stars"))

        await asyncio.gather(*(prepare() for _ in range(options.burst)))

        async def tap(number, invoice):
            async with gate:
                return invoice["id"], await world.pay(invoice, f"user{number % 64}")

        began = time.time()
        paid = await asyncio.gather(*(tap(*each) for each in enumerate(invoices)))
        last = time.time()
        settled, told = await outcomes(world, paid)
        heard = max(world.server.events["invoice.settled", invoice][0] for invoice, _ in paid)
        situation = f"{options.burst:,} Stars payments at once, endpoint at 100 ms, {options.hanging} endpoints hang"
        row(situation, "paid within", f"{last - began:.1f} s")
        row(situation, "paid until settled", *spread(settled))
        row(situation, "all told after the last was paid", f"{max(0, heard - last):.1f} s")


async def mixed(options):
    """All rails at a steady rate while nodes hang, fail and lag at random; then the books are compared."""
    async with World() as world:
        paid, failed, figures, end = [], 0, [], time.monotonic() + options.minutes * 60
        running = set()

        async def customer(name, number):
            nonlocal failed
            try:
                paid.append((name, *await buy(world, name, f"user{number % 256}")))
            except (RuntimeError, OSError, asyncio.TimeoutError):
                # A shop without its rail: no invoice could be opened, or the customer was told to try again.
                failed += 1

        async def faults():
            while True:
                way = random.choice(list(world.ways.values()))
                fault = random.choice(["hangs", "failing", "delay"])
                setattr(way, fault, {"hangs": True, "failing": 0.3, "delay": 0.5}[fault])
                await asyncio.sleep(random.uniform(2, 8))
                way.hangs, way.failing, way.delay = False, 0, 0
                await asyncio.sleep(random.uniform(4, 16))

        fault, number = asyncio.create_task(faults()), 0
        began, next_look = time.monotonic(), 0
        while time.monotonic() < end:
            name = random.choice(list(ORDERS))
            task = asyncio.create_task(customer(name, number))
            running.add(task)
            task.add_done_callback(running.discard)
            number += 1
            if time.monotonic() > next_look:
                figures.append(world.memory())
                next_look = time.monotonic() + options.minutes * 6
            await asyncio.sleep(max(0, began + number / options.rate - time.monotonic()))
        fault.cancel()
        for way in world.ways.values():
            way.hangs, way.failing, way.delay = False, 0, 0
        await asyncio.gather(*running)
        situation = f"{options.minutes:g} minutes of {options.rate} payments a second with faults at random"
        settled, told = await outcomes(world, [(invoice, at) for _, invoice, at in paid], 300)
        row(situation, "paid", f"{len(paid):,}", f"{failed} refused")
        row(situation, "paid until settled", *spread(settled))
        row(situation, "paid until told", *spread(told))
        memory = ", ".join(f"{memory} MiB and {files} files" for memory, files in figures)
        row(situation, "memory and open files along the way", memory)
        report = await asyncio.to_thread(world.report)
        row(situation, "the report", "clean" if report["is_clean"] else json.dumps(report)[:2_000])
        if world.server.twice:
            row(situation, "told again", f"{world.server.twice}")


SITUATIONS = {
    "well": all_well, "hanging": hanging, "invoices": many_invoices, "payouts": payouts, "webhooks": webhooks,
    "mixed": mixed,
}


async def main():
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--only", choices=SITUATIONS, action="append")
    reader.add_argument("--payments", type=int, default=50, help="payments on each rail")
    reader.add_argument("--invoices", type=int, default=10_000)
    reader.add_argument("--payouts", type=int, default=100)
    reader.add_argument("--burst", type=int, default=1_000)
    reader.add_argument("--hanging", type=int, default=500)
    reader.add_argument("--rate", type=float, default=50)
    reader.add_argument("--minutes", type=float, default=2)
    reader.add_argument("--markdown", action="store_true")
    options = reader.parse_args()
    for name in options.only or SITUATIONS:
        await SITUATIONS[name](options)
    if options.markdown:
        print("\n| situation | measured | |\n|---|---|---|")
        for situation, what, *figures in ROWS:
            print(f"| {situation} | {what} | {', '.join(figures)} |")


asyncio.run(main())
