"""A mail server (aiosmtpd) that keeps what it takes: one JSON document a letter in FOLDER.

relay.py FOLDER PORT [CERTIFICATE KEY]. The recipient says what it does: `refused@` is refused for
good, `later@` for now, `mute@` is taken and not answered.
"""

import asyncio
import email
import email.policy
import json
import pathlib
import ssl
import sys
import uuid

from aiosmtpd.smtp import SMTP

folder, port = pathlib.Path(sys.argv[1]), int(sys.argv[2])


class Keeper:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused@"):
            return "550 5.1.1 no such person here"
        if address.startswith("later@"):
            return "451 4.7.1 greylisted, come back"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
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
    if len(sys.argv) > 3:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
    loop = asyncio.get_running_loop()
    make = lambda: SMTP(Keeper(), hostname="judge", tls_context=context, require_starttls=bool(context))
    server = await loop.create_server(make, "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())
