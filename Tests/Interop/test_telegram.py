"""aiogram and python-telegram-bot, unchanged, drive the sandbox's Telegram through a whole payment by Stars."""

import asyncio

import pytest
import telegram
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import LabeledPrice, ShippingOption


async def pay(sandbox, link, user="alice"):
    return await asyncio.to_thread(sandbox.control, "telegram/pay", link=link, user=user)


async def updates_of(bot, offset):
    for _ in range(200):
        updates = await bot.get_updates(offset=offset, timeout=1)
        if updates:
            return updates
    raise AssertionError("no update came")


@pytest.mark.parametrize("environment", ["", "test/"])
def test_aiogram_takes_a_payment_and_returns_it(sandbox, environment):
    token = f"77{len(environment)}:aiogram"
    sandbox.control("bots", **{"token": token, "provider_token": "provider"})

    async def run():
        server = TelegramAPIServer(
            base=sandbox["telegram"] + "/bot{token}/" + environment + "{method}", file=sandbox["telegram"] + "/file"
        )
        bot = Bot(token, session=AiohttpSession(api=server))
        try:
            assert (await bot.get_me()).is_bot
            link = await bot.create_invoice_link(
                title="Tea", description="Tea", payload="order-1", currency="XTR",
                prices=[LabeledPrice(label="Tea", amount=250)],
            )
            paying = asyncio.create_task(pay(sandbox, link))
            [update] = await updates_of(bot, 0)
            query = update.pre_checkout_query
            assert (query.currency, query.total_amount, query.invoice_payload) == ("XTR", 250, "order-1")
            assert await bot.answer_pre_checkout_query(query.id, ok=True)
            assert (await paying)["outcome"] == "paid"
            [update] = await updates_of(bot, update.update_id + 1)
            payment = update.message.successful_payment
            assert payment.total_amount == 250 and payment.invoice_payload == "order-1"
            user, charge = update.message.from_user.id, payment.telegram_payment_charge_id

            [transaction] = (await bot.get_star_transactions()).transactions
            assert transaction.id == charge and transaction.amount == 250 and transaction.source.user.id == user
            assert (await bot.get_my_star_balance()).amount == 250
            assert await bot.refund_star_payment(user, charge)
            with pytest.raises(TelegramBadRequest, match="CHARGE_ALREADY_REFUNDED"):
                await bot.refund_star_payment(user, charge)
            incoming, outgoing = (await bot.get_star_transactions()).transactions
            assert incoming.id == outgoing.id == charge and outgoing.receiver.user.id == user
            [update] = await updates_of(bot, update.update_id + 1)
            assert update.message.refunded_payment.telegram_payment_charge_id == charge
            with pytest.raises(TelegramBadRequest, match="STARS_INVOICE_INVALID"):
                await bot.create_invoice_link(
                    title="Tea", description="Tea", payload="p", currency="XTR", provider_token="provider",
                    prices=[LabeledPrice(label="Tea", amount=1)],
                )
        finally:
            await bot.session.close()

    asyncio.run(run())


def test_python_telegram_bot_refuses_a_payment_and_takes_another(sandbox):
    token = "888:ptb"
    sandbox.control("bots", **{"token": token, "provider_token": "provider"})

    async def run():
        async with telegram.Bot(token, base_url=sandbox["telegram"] + "/bot") as bot:
            link = await bot.create_invoice_link(
                title="Tea", description="Tea", payload="order-2", provider_token="provider", currency="EUR",
                prices=[telegram.LabeledPrice("Tea", 1250)], max_tip_amount=500, suggested_tip_amounts=[100, 200],
            )
            paying = asyncio.create_task(pay(sandbox, link, "bob"))
            [update] = await updates_of(bot, 0)
            await bot.answer_pre_checkout_query(update.pre_checkout_query.id, ok=False, error_message="Sold out")
            assert await paying == {"outcome": "declined", "message": "Sold out"}

            paying = asyncio.create_task(pay(sandbox, link, "bob"))
            [update] = await updates_of(bot, update.update_id + 1)
            await bot.answer_pre_checkout_query(update.pre_checkout_query.id, ok=True)
            assert (await paying)["outcome"] == "paid"
            [update] = await updates_of(bot, update.update_id + 1)
            assert update.message.successful_payment.total_amount == 1250
            with pytest.raises(telegram.error.BadRequest, match="query is too old|Query is too old"):
                await bot.answer_pre_checkout_query("1", ok=True)
            with pytest.raises(telegram.error.BadRequest, match="(?i)payment_provider_invalid"):
                await bot.create_invoice_link(
                    title="Tea", description="Tea", payload="p", provider_token="wrong", currency="EUR",
                    prices=[telegram.LabeledPrice("Tea", 1250)],
                )

    asyncio.run(run())


CUSTOMER = {
    "name": "Zoë Quint", "phone_number": "4915112345678", "email": "zoe@example.org",
    "shipping_address": {
        "country_code": "DE", "state": "", "city": "Berlin", "street_line1": "Wellenweg 7", "street_line2": "",
        "post_code": "10117",
    },
}


def test_both_clients_read_what_a_customer_tells(sandbox):
    """`order_info` and `shipping_option_id` in the query and in the payment, only what was asked for."""

    async def take(bot, link, user, options=()):
        paying = asyncio.create_task(asyncio.to_thread(
            sandbox.control, "telegram/pay", link=link, user=user, order_info=CUSTOMER
        ))
        found, offset = {}, 0
        while "payment" not in found:
            [update] = await updates_of(bot, offset)
            offset = update.update_id + 1
            if update.shipping_query:
                assert update.shipping_query.shipping_address.street_line1 == "Wellenweg 7"
                await bot.answer_shipping_query(update.shipping_query.id, ok=True, shipping_options=options)
            elif update.pre_checkout_query:
                found["query"] = update.pre_checkout_query
                await bot.answer_pre_checkout_query(update.pre_checkout_query.id, ok=True)
            else:
                found["payment"] = update.message.successful_payment
        assert (await paying)["outcome"] == "paid"
        assert not await bot.get_updates(offset=offset, timeout=0)
        return found["query"], found["payment"]

    async def by_aiogram(token):
        bot = Bot(token, session=AiohttpSession(api=TelegramAPIServer(
            base=sandbox["telegram"] + "/bot{token}/{method}", file=sandbox["telegram"] + "/file"
        )))
        try:
            link = await bot.create_invoice_link(
                title="Tea", description="Tea", payload="o", currency="EUR", provider_token="provider",
                prices=[LabeledPrice(label="Tea", amount=900)], need_name=True, need_email=True,
                need_phone_number=True, need_shipping_address=True,
            )
            for told in await take(bot, link, "zoe"):
                order = told.order_info
                assert (order.name, order.email, order.phone_number) == ("Zoë Quint", "zoe@example.org", "4915112345678")
                assert order.shipping_address.model_dump() == CUSTOMER["shipping_address"]
                assert told.shipping_option_id is None
            plain = await bot.create_invoice_link(
                title="Tea", description="Tea", payload="o", currency="EUR", provider_token="provider",
                prices=[LabeledPrice(label="Tea", amount=900)], need_email=True,
            )
            for told in await take(bot, plain, "zoe"):
                assert told.order_info.email == "zoe@example.org"
                assert told.order_info.name is None and told.order_info.shipping_address is None
            shipped = await bot.create_invoice_link(
                title="Tea", description="Tea", payload="o", currency="EUR", provider_token="provider",
                prices=[LabeledPrice(label="Tea", amount=900)], is_flexible=True,
            )
            mail = ShippingOption(id="mail", title="Mail", prices=[LabeledPrice(label="Mail", amount=300)])
            for told in await take(bot, shipped, "zoe", [mail]):
                assert told.shipping_option_id == "mail" and told.total_amount == 1200
                assert told.order_info.shipping_address.city == "Berlin" and told.order_info.name is None
        finally:
            await bot.session.close()

    async def by_ptb(token):
        async with telegram.Bot(token, base_url=sandbox["telegram"] + "/bot") as bot:
            link = await bot.create_invoice_link(
                title="Tea", description="Tea", payload="o", provider_token="provider", currency="EUR",
                prices=[telegram.LabeledPrice("Tea", 900)], need_name=True, need_shipping_address=True,
            )
            for told in await take(bot, link, "zoe"):
                assert told.order_info.name == "Zoë Quint" and told.order_info.email is None
                assert told.order_info.shipping_address.to_dict() == CUSTOMER["shipping_address"]

    for number, by in enumerate([by_aiogram, by_ptb]):
        sandbox.control("bots", **{"token": f"99{number}:told", "provider_token": "provider"})
        asyncio.run(by(f"99{number}:told"))
