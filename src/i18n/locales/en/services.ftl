services-title = Services
services-state-up = up
services-state-down = down
services-state-unknown = unknown
services-state-unchecked = not checked
services-count-up = { $count ->
    [one] { $count } up
   *[other] { $count } up
}
services-count-down = { $count ->
    [one] { $count } down
   *[other] { $count } down
}
services-count-unknown = { $count ->
    [one] { $count } unknown
   *[other] { $count } unknown
}
services-heading-up = All services that are checked are up
services-heading-down = { $count ->
    [one] { $count } service is down
   *[other] { $count } services are down
}
services-heading-unknown = { $count ->
    [one] Nothing is known of { $count } service
   *[other] Nothing is known of { $count } services
}
services-heading-unchecked = No service is checked
services-column-state = State
services-column-address = Addresses and ports
services-column-check = Check
services-column-took = Response time, ms
services-column-failed = Last failure
services-partly = { $down } of { $all } do not answer: the others are enough.
services-owner = Owner
services-owner-institution = Institution that owns it
services-owner-other = none of the registry
services-owner-name = Person or unit that owns it
services-owner-help = Whom to call when the service is down.
services-owner-phone = Phone
services-owner-email = E-mail
services-about-ru = What it is for, in Russian
services-about-kk = What it is for, in Kazakh
services-about-en = What it is for, in English
services-checks = Checks
services-checks-help = One a line: tcp; http/8080 /health status=200-299 text="ready" every=30; dns name=mail.example.kz. Without a port the first one of the service is asked. Usually every 30 s, an answer within 2 s, down after 3 failures (fall=3), up again after 2 answers (rise=2). Check a service with TLS by tcp.
services-no-checks = The service has no checks, and the hub does not know whether it is up. Add a check to what is written about it: tcp, for example.
services-not-yet = The service was not checked yet: it will be within seconds.
services-history = History
services-history-none = Nothing has changed yet
services-history-text = Here it will say when the service went down and when it came back. Entries are kept for 90 days.
services-who-segments = Segments by the rules
services-who-people = People by certificate
services-routes-none = The closed part does not lead to this service.
services-routes-count = { $count ->
    [one] and { $count } way by certificate
   *[other] and { $count } ways by certificate
}
services-route-open = open to everybody, no certificate needed
services-route-right = needs the right { $right }
services-person = May a person reach it
services-person-ask = Ask
services-person-none = Nobody has such a name.
services-person-administrator = the network administrator
services-person-may = { $name } may reach { $route }.
services-person-may-not = { $name } may not reach { $route }: the right { $missing } is missing. It can be given by: { $ask }.
services-why-refused = The server refused the connection: nothing listens on this port. Start the service, or correct its port here.
services-why-timed-out = No answer in time: the server is off or overloaded, or a packet filter drops what the hub sends.
services-why-no-host = The server does not answer in its network. Look whether it is on and connected, and whether its address is right.
services-why-no-way = The hub has no way to this address, so nothing is known of the service. Look at the hub's links and routes.
services-why-broken-off = The connection was broken off before the answer was whole. Look at the service's log.
services-why-fault = Status { $code }: the service runs and reports a fault of its own. Look at its log.
services-why-status = Status { $code }: the service answers, but not what the check expects. Compare the path and status of the check.
services-why-no-text = The answer has not got the expected text: the service shows something else, or the text of the check is out of date.
services-why-not-http = The answer is not HTTP/1.1: another service stands on the port, or TLS. Check it by tcp then.
services-why-dns = The name server answered { $code }. Look at its log and at whom it serves.
services-why-no-name = The name server knows no address of this name. Look at its zone, or at the name of the check.
services-why-not-dns = This is no answer to a question for a name: another service stands on the port.
services-why-dark = Network { $network } behind the hub is dark, so nothing is known of the service.
services-why-ours = The hub itself could not check ({ $error }), so nothing is known of the service.
services-why-other = The check failed: { $error }.
services-why-later = A later version of the hub wrote down why.
services-fault-text = Too long, or with a control character: at most 1000 letters of description, 200 for each word about the owner.
services-fault-owner = There is no institution { $id } in the registry: choose another one, or name the owner in words.
services-fault-line = Line { $no }: { $fault }
services-fault-kind = “{ $word }”: begin with tcp, http or dns, with a port where needed: http/8080.
services-fault-word = “{ $word }” is not understood: there are /path, status=, text=, name=, every=, timeout=, fall=, rise=.
services-fault-number = “{ $word }”: a whole number is needed.
services-fault-status = “{ $word }” is no status code: write 200 or 200-399.
services-fault-many = Service “{ $service }” has more than { $most } checks: leave some out.
services-fault-every = every: 1 to 3600 seconds.
services-fault-timeout = timeout: 1 to 30 seconds, and not more than every.
services-fault-row = fall and rise: 1 to 20.
services-fault-path = “{ $word }” is no path: begin with /, without spaces, at most 200 letters.
services-fault-body = text: at most 200 letters, without control characters.
services-fault-name = “{ $word }” is no name: write, for example, name=mail.example.kz.
services-fault-part = a check { $kind } has no { $part }: leave it out.
services-fault-port = the service has no port for a check { $kind }: write one, as in { $kind }/8080.
