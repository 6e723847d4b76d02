"""aiogram's webhook server with a handler that does nothing, for load.py to compare with."""

import sys

from aiogram import Bot, Dispatcher
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

dispatcher = Dispatcher()


@dispatcher.message()
async def nothing(_):
    pass


app = web.Application()
bot = Bot("42:aiogram")
SimpleRequestHandler(dispatcher, bot, handle_in_background=False).register(app, path="/webhook")
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
