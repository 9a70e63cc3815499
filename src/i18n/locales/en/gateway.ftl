# What the gateway answers to who is not let through.
gateway-refused = You cannot get out to { $host }
gateway-rule = The rule “{ $rule }” does not allow it.
gateway-no-rule = No rule allows it.
gateway-inner = This address is inside the network: the gateway leads outside only.
gateway-special = This address is no host’s outside.
gateway-stranger = Your address belongs to no segment of the network.
gateway-until = The answer changes on { $moment }.
gateway-ask = If your work needs it, ask: { $whom }.
gateway-administrator = the network’s administrator
gateway-no-name = The name { $host } has no address. Look whether it is spelt right.
gateway-no-resolver = The address of { $host } cannot be found out now: the name server does not answer. Try again in a minute.
gateway-unreachable = { $host } does not answer. It may be switched off or busy: try again later.
gateway-crowded = { $most ->
    [one] Your segment may have { $most } connection open at once, and has it. Try again when it has ended.
   *[other] Your segment may have { $most } connections open at once, and has them. Try again when some have ended.
}
gateway-quota-day = Your segment may move { $bytes } a day (“{ $limit }”), and has.
gateway-quota-week = Your segment may move { $bytes } a week (“{ $limit }”), and has.
gateway-quota-month = Your segment may move { $bytes } a month (“{ $limit }”), and has.
gateway-full = Too many connections are open. Try again in a minute.
gateway-broken = { $host } broke off before it answered. Try again.
gateway-wrong = The hub did not understand the request. Look at the address and at the settings of the proxy.
gateway-foot = This was answered by the network’s hub, not by the site.

# The page of the way out.
out-title = The way out
out-heading = { $count ->
    [one] { $count } rule of the way out
   *[other] { $count } rules of the way out
}
out-heading-none = Nobody gets out
out-empty = There is no rule. Write the first one: who may reach what, on which ports, in which hours.
out-now = In force
out-version = Version
out-versions = Versions
out-no-versions = There is none yet.
out-open = Open connections
out-relays = Relays: services on the own address of the hub
out-relay = Relay
out-ports = Ports
out-target = Server
out-relay-open = Open
out-state = State
out-relay-on = listens
out-relay-fault = not served: { $why }
out-udp = Of them by UDP
out-udp-told = SOCKS { $socks }, relays { $relays }
out-no-relays = There is none: no service is reached through the hub alone.
out-dropped = Datagrams dropped
out-drop-stranger = from strangers
out-drop-malformed = malformed
out-drop-fragment = in parts
out-drop-refused = refused by rules
out-drop-no-name = names without an address
out-drop-crowded = too many open
out-drop-unasked = answers nobody asked for
out-drop-unsent = not sent
out-drop-too-much = over the limit
out-rules = Rules, the first that fits decides
out-rule = Rule
out-does = Does
out-for = For
out-to = Leads to
out-hours = In the hours
out-allows = allows
out-refuses = refuses
out-off = is off
out-everybody = everybody
out-anywhere = anywhere outside
out-always = always
out-change = Change the rules
out-change-heading = Change the rules of the way out
out-text = Rules
out-text-help = JSON: groups, lists, rules, limits, relays. They hold at once, for open connections too; only those that lose their right are cut.
out-apply = Put in force
out-applied = Version { $version } is in force. Connections cut: { $cut }.
out-changed = Somebody changed the rules meanwhile: version { $version } is in force. Open the page anew, and change that one.
out-unreadable = This is no set of rules: { $why }
out-would = Would it get out?
out-segment = Segment or address
out-person = Person, as the certificate has him
out-host = To (host:port)
out-moment = At (2026-11-30T09:00)
out-help = A segment and a host tell what would be, and which rule says so; without a moment, now.
out-no-segment = There is no such segment.
out-no-host = Write a host and a port: example.kz:443.
out-no-moment = Write a moment so: 2026-11-30T09:00.
out-no-address = The name has no address, or the name server does not answer.
out-yes = Yes, by the rule “{ $rule }”.
out-no = No.
out-addresses = Addresses
out-passed = Rules before
out-unfit-who = is for others
out-unfit-to = leads elsewhere
out-unfit-port = is for other ports
out-unfit-hours = is for other hours
out-unfit-way = is for those who use a proxy
out-way = How
out-by-proxy = Through a proxy
out-by-itself = Without one

# The form of one rule of the way out.
out-rule-new = A new rule of the way out
out-rule-title = Rule
out-rule-add = Add a rule
out-as-text = All as text
out-rule-id = Identifier
out-rule-id-wrong = Write Latin small letters, digits and hyphens, such as school-sites.
out-rule-id-taken = This identifier is taken: choose another one.
out-rule-no-name = The rule has no name: give it one in at least one language.
out-rule-place = Its place
out-rule-place-help = The rules are asked from 1 on, and the first that fits decides.
out-rule-segments = Segments
out-rule-segments-help = Identifiers, each on a line of its own. With none of the three the rule is for everybody.
out-rule-groups = Groups of segments
out-rule-persons = Persons
out-rule-persons-help = Identifiers as the certificate has them, each on a line of its own.
out-rule-domains = Domains
out-rule-domains-help = example.kz with all under it, =example.kz alone; each on a line of its own. With none of the three the rule leads anywhere outside.
out-rule-lists = Lists of domains
out-rule-addresses = Addresses
out-rule-addresses-help = 198.51.100.0/24 or 2001:db8::/32, each on a line of its own.
out-rule-ports = Ports
out-rule-ports-help = tcp/443, udp/5000-5100; with none all but mail (25).
out-rule-hours-help = mon-fri 09:00-18:00, each on a line of its own; with none always.
out-rule-ask = Whom to ask
out-rule-ask-help = Who is refused reads it; left empty it is the network’s administrator.
out-rule-ask-ru = In Russian
out-rule-ask-kk = In Kazakh
out-rule-ask-en = In English
out-rule-off = Leave it out of use for now
out-rule-remove = Remove the rule
out-rule-unread = This cannot be understood: { $what }
out-rule-no-segment = There is no such segment: { $what }
out-rule-transparent = Also for those who know of no proxy
gateway-request = Ask for access

out-requests = Requests of people who were refused
out-requests-none = Nobody has asked.
out-request-number = Number
out-request-who = Who asks
out-request-what = What for

# Volumes of segments, on the page of the way out.
out-volumes = Volumes of segments
out-volume-limit = Limit
out-volume-used = Used
out-volume-left = Until
out-volume-of = { $used } of { $bytes }, { $percent }%

# The page that says who goes where.
goes-title = Who goes where
goes-heading = { $bytes } passed the gateway
goes-heading-none = Nothing passed the gateway in this time
goes-from = From
goes-until = To, that day too
goes-segments = Segments
goes-hosts = Hosts
goes-host = Host
goes-persons = Persons
goes-person = Person
goes-rules = Rules
goes-refused = Refused
goes-tunnels = Connections
goes-asks = Times
goes-up = From segments
goes-down = To segments
goes-unknown = not known
goes-others = others
goes-none = There is none in this time.
goes-hidden = Hosts and persons are shown to those who may change the rules.
goes-noted = That you look at hosts and persons is entered in the journal.
