"""A mail server (aiosmtpd) that keeps what it takes: one JSON document a letter in FOLDER.

relay.py FOLDER [CERTIFICATE KEY], with the socket to listen on as its input. The recipient says what
it does: REPLIES and TEXT_REPLIES, and `mute@` is taken and not answered. A sender `stranger@` is
refused.
"""

import asyncio
import email
import email.policy
import json
import pathlib
import socket
import ssl
import sys
import uuid

from aiosmtpd.smtp import SMTP

folder = pathlib.Path(sys.argv[1])

REPLIES = {
    "refused": "550 5.1.1 no such person here",
    "gone": "553 no such name",
    "later": "451 4.7.1 greylisted, come back",
    "full": "552 5.2.2 mailbox full",
    "policy": "554 5.7.1 relay access denied",
    "relaying": "550 5.7.1 relaying denied",
    "login": "530 5.7.0 authentication required",
    "sender": "550 5.1.8 sender address rejected",
}
TEXT_REPLIES = {"text": "554 5.6.0 not such a text"}


def reply_to(addresses, replies):
    return next((replies[name] for name in (one.split("@")[0] for one in addresses) if name in replies), None)


class Keeper:
    async def handle_MAIL(self, server, session, envelope, address, options):
        if address.startswith("stranger@"):
            return "550 5.1.0 we do not know you"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if refusal := reply_to([address], REPLIES):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if refusal := reply_to(envelope.rcpt_tos, TEXT_REPLIES):
            return refusal
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        kept = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name: str(value) for name, value in letter.items()},
            "defects": [str(one) for one in letter.defects]
            + [str(one) for value in letter.values() for one in value.defects],
            "raw_subject": next(
                line for line in envelope.content.decode("ascii").splitlines() if line.startswith("Subject:")
            ),
            "text": letter.get_content(),
            "tls": session.ssl is not None,
        }
        part = folder / f"{uuid.uuid4()}.part"
        part.write_text(json.dumps(kept))
        part.rename(part.with_suffix(".json"))
        if any(one.startswith("mute@") for one in envelope.rcpt_tos):
            await asyncio.sleep(3600)
        return "250 2.0.0 kept"


async def main():
    context = None
    if len(sys.argv) > 2:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
    loop = asyncio.get_running_loop()
    make = lambda: SMTP(Keeper(), hostname="judge", tls_context=context, require_starttls=bool(context))
    server = await loop.create_server(make, sock=socket.socket(fileno=0))
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())
