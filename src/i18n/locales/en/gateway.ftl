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
gateway-broken = { $host } broke off before it answered. Try again.
gateway-wrong = The hub did not understand the request. Look at the address and at the settings of the proxy.
gateway-foot = This was answered by the network’s hub, not by the site.
