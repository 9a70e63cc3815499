"""A question for a name through SOCKS 5 by PySocks, a client that others wrote.

Usage: lookup.py PROXY PORT SERVER
"""
import socket, sys
import socks

QUESTION = b"\x45\x54\x01\0\0\x01\0\0\0\0\0\0\x04mail\x07kenzhar\x07example\0\0\x01\0\x01"
media = socks.socksocket(socket.AF_INET, socket.SOCK_DGRAM)
media.set_proxy(socks.SOCKS5, sys.argv[1], int(sys.argv[2]))
media.settimeout(5)
media.sendto(QUESTION, (sys.argv[3], 53))
octets, whose = media.recvfrom(2048)
assert octets[:2] == QUESTION[:2] and octets[2] & 0x80
print(whose[0], whose[1])
