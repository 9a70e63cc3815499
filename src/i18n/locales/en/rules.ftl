# The rules: who may reach what.

## Views
rules-title = Rules
rules-tab-now = In force
rules-tab-draft = Draft
rules-tab-draft-count = Draft ({ $count })
rules-tab-history = History
rules-tab-reach = Who reaches what
rules-tab-offences = Violations
rules-by-registry = the hub, after the register
rules-by-netd = the watching process

## What is in force
rules-heading-in-force = Change { $no } is in force
rules-heading-waiting = Change { $no } waits for confirmation
rules-heading-none = There are no rules yet
rules-heading-away = What is in force now is not known
rules-heading-problem = The rules are not in force
rules-heading-drift = { $count ->
    [one] The kernel differs from the rules in { $count } place
   *[other] The kernel differs from the rules in { $count } places
}
rules-behind = Rules are behind the registry: what was changed there is not in force.
rules-heading-differs = The rules lag behind the register
rules-since-by = since { $at }, { $who }
rules-away = The watching process does not answer. The rules in the kernel are as they were; below is what the hub knew last. Drafts can be edited; applying works again when the process answers.
rules-problem = Rules cannot be put in force on this machine: { $why }. Mend that; the hub will put them in force by itself.
rules-drift = { $count ->
    [one] Somebody changed the kernel past the hub: { $count } difference. The hub puts the rules back; if the difference stays, find the program that makes it.
   *[other] Somebody changed the kernel past the hub: { $count } differences. The hub puts the rules back; if the differences stay, find the program that makes them.
}
rules-drift-title = Differences of the kernel
rules-drift-what = What
rules-drift-wanted = Should be
rules-drift-found = Is
rules-differs-text = Rights and register ask for other rules than those in force.
rules-differs-tried = This was tried already:
rules-try-again = Try again
rules-change-no = change { $no }
rules-services = Services
rules-services-retired = Out of use
rules-service-add = Add a service
rules-no-services = No services yet
rules-no-services-text = Segments may reach nothing. Add the first service.
rules-column-service = Service
rules-column-who = Who may use it
rules-column-ports = Ports
rules-column-place = Where it runs
rules-who-everyone = all segments
rules-who-nobody = nobody
rules-who-some = { $count ->
    [one] { $count } segment
   *[other] { $count } segments
}
rules-on-hub = on the hub itself
rules-text-link = as text
rules-fact-change = Change
rules-fact-since = Since
rules-fact-author = By whom
rules-fact-why = Why
rules-fact-end = How it ended
rules-fact-ended = When it ended
rules-fact-compared = Kernel compared
rules-compared-before = before this change; the next comparison follows
rules-fact-cause = Source
rules-fact-base = Based on change
rules-fact-behalf = On behalf of
rules-fact-from = From segment
rules-fact-differences = Differences
rules-fact-number = Number
rules-fact-retired = Out of use since
rules-your-draft = Your draft
rules-draft-review = Review the draft
rules-draft-empty-text = Edits gather in a draft and change nothing until you apply it.
rules-drafts-others = Others have drafts too: { $who }.
rules-limits = Limits
rules-limits-default = All segments
rules-limits-own = With limits of their own
rules-limits-shaped = With a limited rate

## Waiting for confirmation
rules-waits = Change { $no } ({ $who }) waits for confirmation until { $time }.
rules-left = Left:
rules-waits-text = It is in force already. Check that everything that is needed works, then confirm. Without confirmation the former rules come back by themselves; so they do when segments that were up are lost.
rules-fact-until = Waits until
rules-fact-then = If not confirmed
rules-fact-confirms = Who confirms
rules-back-to = change { $no } comes back
rules-back-to-nothing = the state without rules comes back
rules-confirms-any = any administrator
rules-confirms-you = you: the change is yours
rules-confirms-author = only { $who }; anybody may take it back
rules-confirm = Confirm
rules-take-back = Take back
rules-confirmed = Change { $no } is confirmed and stays.
rules-withdrawn = Change { $no } was taken back; the former rules are in force again.
rules-applied = Change { $no } is in force.
rules-applied-waits = Change { $no } is in force. Confirm it before { $time }, or the former rules come back.

## The draft
rules-draft-heading = { $count ->
    [one] Draft: { $count } edit
   *[other] Draft: { $count } edits
}
rules-draft-heading-takes = { $count ->
    [one] Draft: { $count } edit that takes something away
   *[other] Draft: { $count } edits that take something away
}
rules-draft-heading-faults = { $count ->
    [one] The draft has { $count } fault
   *[other] The draft has { $count } faults
}
rules-draft-heading-empty = The draft is empty
rules-review-changes = What would change
rules-review-nothing = Nothing: the rights are like this already.
rules-takes = Takes away
rules-gives = Adds or changes
rules-plan = The same in rules of the kernel
rules-plan-added = { $count ->
    [one] { $count } rule comes
   *[other] { $count } rules come
}
rules-plan-removed = { $count ->
    [one] { $count } rule goes
   *[other] { $count } rules go
}
rules-plan-same = The rules of the kernel stay as they are.
rules-plan-unknown = It cannot be computed now.
rules-edits = { $count ->
    [one] { $count } edit
   *[other] { $count } edits
}
rules-undo = Take out
rules-edit-undone = The edit is out of the draft.
rules-draft-discard = Discard the draft
rules-draft-discarded = The draft was discarded.
rules-edits-taken = { $count ->
    [one] The edit is in the draft. Review it and apply it.
   *[other] { $count } edits are in the draft. Review it and apply it.
}
rules-apply = Apply
rules-apply-faults = Mend the faults named above first: take an edit out and make it anew.
rules-apply-waits = The change takes something away. It is in force at once, and goes back by itself unless you confirm it.
rules-apply-at-once = The change takes nothing away: it is in force at once and needs no confirmation.
rules-reason = Why
rules-reason-help = Stays in the history and in the journal: who asked, number of the letter.
rules-reason-missing = Say why the rules change: nobody would understand it later.
rules-within = How long to wait for confirmation
rules-within-help = So long you have for checking. Then the former rules come back by themselves.
rules-to-draft = Add to the draft
rules-to-draft-text = Nothing changes until you apply the draft.
rules-edit-add = New service “{ $service }”: { $details }
rules-edit-change = Service “{ $service }” changes: { $details }
rules-edit-retire = Service “{ $service }” goes out of use
rules-edit-back = Service “{ $service }” comes back
rules-edit-grant = { $segment }: grant “{ $service }”
rules-edit-withdraw = { $segment }: withdraw “{ $service }”
rules-edit-limits-all = Limits of all segments: { $limits }
rules-edit-limits-own = { $segment }: limits of its own, { $limits }
rules-edit-limits-none = { $segment }: the limits of all segments again
rules-edit-shape-none = { $segment }: limit the rate no longer
rules-edit-shape-contract = { $segment }: limit the rate to the contract
rules-edit-shape-own = { $segment }: limit the rate, { $rate }

## Differences in words
rules-change-granted = { $count ->
    [one] { $list } gets “{ $service }”
   *[other] { $count } segments get “{ $service }”: { $list }
}
rules-change-withdrawn = { $count ->
    [one] { $list } loses “{ $service }”
   *[other] { $count } segments lose “{ $service }”: { $list }
}
rules-change-new = { $count ->
    [one] New segment: { $list }
   *[other] { $count } new segments: { $list }
}
rules-change-gone = { $count ->
    [one] Segment gone: { $list }
   *[other] { $count } segments gone: { $list }
}
rules-change-moved = { $segment }: port { $to } of the hub instead of { $from }
rules-change-prefix-added = { $segment } has { $prefix } as well
rules-change-prefix-removed = { $segment } no longer has { $prefix }
rules-change-bound = { $segment } is bound to the router { $router }
rules-change-unbound = { $segment } is no longer bound to a router
rules-change-limits-all = Limits of all segments: { $limits }; before: { $was }
rules-change-limits-own = { $segment }: limits of its own, { $limits }
rules-change-limits-none = { $segment }: the limits of all segments again
rules-change-rate = { $segment }: the rate is limited, { $rate }
rules-change-rate-none = { $segment }: the rate is no longer limited
rules-change-service-added = New service “{ $service }”
rules-change-service-removed = Service “{ $service }” goes
rules-change-ports = Service “{ $service }”: ports { $to } instead of { $from }
rules-change-servers = Service “{ $service }” runs: { $to }; before: { $from }
rules-change-opened = Service “{ $service }” is opened to all segments
rules-change-closed = Service “{ $service }” is closed to all but granted segments
rules-change-network = The hub's network “{ $name }” is configured otherwise

## Limits and rates
rules-limit-connections = { $count ->
    [one] { $count } connection
   *[other] { $count } connections
}
rules-limit-new = { $count ->
    [one] { $count } new connection a second
   *[other] { $count } new connections a second
}
rules-limit-packets = { $count ->
    [one] { $count } packet a second
   *[other] { $count } packets a second
}
rules-limit-none = no limits
rules-limits-heading = Limits of all segments
rules-limits-text = They hold for each segment that has none of its own. An empty field: no limit.
rules-limits-single = Different from the default
rules-limits-single-text = Limits and rates of its own are set on the segment's page: “Access and limits”, change.
rules-limits-all-alike = All segments have the same limits.
rules-limits-connections = Open connections
rules-limits-new = New connections a second
rules-limits-packets = Packets a second
rules-limits-like-all = As for all segments
rules-limits-of-its-own = Its own
rules-limits-its-own = its own: { $limits }
rules-number-wrong = A whole number from 1 to { $most } is needed here, such as 2000.
rules-shaping = Rate
rules-shape-none = Not limited
rules-shape-contract = by contract
rules-shape-by-contract = By contract
rules-shape-own = Its own
rules-rate-free = not limited
rules-rate-down = To the segment, kbit/s
rules-rate-up = From the segment, kbit/s

## A service
rules-service-heading-all = { $name }: open to all segments
rules-service-heading-some = { $count ->
    [one] { $name }: { $count } segment may use it
   *[other] { $name }: { $count } segments may use it
}
rules-service-heading-nobody = { $name }: nobody may use it yet
rules-service-heading-new = { $name }: in the draft only
rules-service-heading-retired = { $name }: out of use
rules-service-drafted = Your draft has this service otherwise; what is shown is the draft's.
rules-service-new = New service
rules-service-retire = Take out of use
rules-service-back = Bring back into use
rules-service-id-help = Lower-case Latin letters, digits and hyphens: mail. It cannot be changed later.
rules-service-id-wrong = Write the identifier in lower-case Latin letters, digits and hyphens, beginning with a letter: mail.
rules-service-name-help = One language is enough.
rules-service-addresses = Addresses of its servers
rules-service-addresses-help = One a line.
rules-service-addresses-when = unless the service runs on the hub itself
rules-service-address-wrong = These are no addresses: { $what }. Write, for example, 10.1.0.10.
rules-service-address-missing = Give at least one server's address, or choose “on the hub itself”.
rules-service-ports-help = One a line: tcp/25, udp/50000-50099, icmp.
rules-service-port-wrong = These are no ports: { $what }. Write tcp/25, udp/50000-50099 or icmp; port numbers go from 1 to 65535.
rules-service-port-missing = Give at least one port: tcp/25.
rules-place-behind = in the services' network behind the hub
rules-place-behind-help = On servers whose addresses stand below.
rules-place-hub-help = On every address of the hub.
rules-open-everyone = open to all segments
rules-open-granted = granted segments only
rules-grants-which = Which
rules-grants-may = Granted
rules-grants-may-not = Not granted
rules-grants-now = Own grant
rules-grants-will = gets it
rules-grants-will-not = loses it
rules-grants-all = { $count ->
    [one] All found: { $count } segment
   *[other] All found: { $count } segments
}
rules-grant = Grant
rules-withdraw = Withdraw
rules-grants-open = The service is open to all. The grants below begin to count when it is closed.
rules-grants-retired = The service is out of use. Its grants are kept and count again when it comes back.
rules-grants-none = Nothing was found
rules-grants-none-text = Change what is searched for.
rules-grants-nobody = No segment is chosen: tick at least one.
rules-grants-same = It is like this already: there is nothing for the draft.

## A segment
rules-segment-title = Access and limits
rules-segment-heading = { $name }: access and limits
rules-segment-may = Services it may use
rules-now-may = in force now

## History
rules-history-title = History of the rules
rules-history-heading = Who changed the rules, and why
rules-history-empty = The first change appears here as soon as rules are in force.
rules-version-heading = Change { $no }: { $state }
rules-version-changes = What it changed
rules-version-between = From change { $from } to change { $to }
rules-version-first = This is the first change: there is nothing to compare it with.
rules-version-same = The rules are the same.
rules-compare-with = Compare with change
rules-compare = Compare
rules-restore = Restore these rights
rules-restore-text = Edits that lead to these rights go into your draft, to be reviewed and applied.
rules-restored = The rights of change { $no } are in the draft. Review it and apply it.
rules-restored-partly = The rights of change { $no } are in the draft, but for { $count } that belong to retired segments.
rules-cause-first = the hub's first start
rules-cause-draft = an administrator's draft
rules-cause-registry = the register changed
rules-cause-found = found in the kernel
rules-end-sent = handed over, no answer yet
rules-end-waiting = waits for confirmation until { $time }
rules-end-in-force = took effect, needed no confirmation
rules-end-confirmed = confirmed: { $who }
rules-end-refused = did not take effect: { $why }
rules-end-time-out = went back by itself, nobody confirmed it in time
rules-end-withdrawn = taken back: { $who }
rules-end-veto = went back by itself, links were lost: { $list }
rules-end-restarted = went back by itself, the hub restarted before it was confirmed
rules-end-unknown = went back, why is not known

## The text of the rules
rules-text-title = Rules of the kernel
rules-text-heading = { $count ->
    [one] Rules of the kernel: { $count } line
   *[other] Rules of the kernel: { $count } lines
}
rules-text-plain = plain text
rules-text-rest = The rest is in the plain text:

## Who reaches what
rules-reach-isolated = No segment reaches another
rules-reach-leaks = { $count ->
    [one] { $count } pair of segments is not isolated
   *[other] { $count } pairs of segments are not isolated
}
rules-reach-unproved = The rules of the kernel cannot be checked now
rules-reach-pairs = { $found } of { $pairs } pairs
rules-reach-text = Computed from the rules that the kernel has now, and held against the rights.
rules-reach-by-rights = { $why } Below is what should be by the rights; the kernel has not proved it.
rules-reach-pair = { $from } reaches the segment { $to }: it must not. Look at the text of the rules and at the history.
rules-reach-outside = { $segment } reaches the outside directly, past the gateway: it must not.
rules-reach-spoofs = { $segment } can send under foreign addresses: it must not.
rules-reach-matrix = Segments and services
rules-reach-odd = Only with deviations
rules-reach-column-outside = Outside, directly
rules-reach-column-neighbours = Other segments
rules-reach-column-spoofs = Foreign senders
rules-yes = yes
rules-no = no
rules-extra = must not
rules-missing = does not work
rules-legend-yes = reaches it and may
rules-legend-no = no: may not and does not
rules-legend-extra = reaches it and may not
rules-legend-missing = may and does not reach it
rules-ask = May a segment reach it?
rules-ask-what = What: a service or a segment
rules-ask-button = Find out
rules-ask-yes = Yes: { $segment } reaches “{ $what }”, and may.
rules-ask-no = No: { $segment } does not reach “{ $what }”, and must not.
rules-ask-extra = { $segment } reaches “{ $what }” although it must not.
rules-ask-missing = { $segment } may use “{ $what }” but does not reach it. See whether the rules lag behind the rights.
rules-ask-apart = No: { $segment } does not reach { $what }, and must not.
rules-ask-no-segment = There is no segment “{ $what }”: write its identifier or a part of its name.
rules-ask-nothing = There is no service and no segment “{ $what }”: write an identifier or a part of a name.

## Offences
offences-heading-none = No violations in progress
offences-heading = { $count ->
    [one] { $count } violation in progress
   *[other] { $count } violations in progress
}
offences-open = In progress only
offences-none = No violations
offences-none-text = A segment appears here when it sends more than its limits allow, tries addresses and ports, forges sender addresses, or calls its neighbours.
offences-column-kind = What
offences-column-since = Since
offences-column-until = Until
offences-column-packets = Packets dropped
offences-column-action = What the hub did
offences-column-examples = Examples
offences-interface = port { $name } of the hub
offences-examples = { $count ->
    [one] { $count } example
   *[other] { $count } examples
}
offence-flood = More than its limits
offence-scan = Tries addresses and ports
offence-spoof = Forged senders
offence-neighbour = Calls to neighbours
offence-flood-action = the excess was dropped, the rest passed
offence-scan-action = dropped
offence-spoof-action = dropped
offence-neighbour-action = dropped

## Faults of a draft
rules-fault-of-edit = Edit { $no }: { $fault }
rules-fault-no-segment = There is no segment { $id }: look up its identifier in the register.
rules-fault-retired-segment = { $segment } is retired: bring it back in the register first.
rules-fault-no-service = There is no service { $id }: look up its identifier in the list of services.
rules-fault-retired-service = Service “{ $service }” is out of use: bring it back first.
rules-fault-service-exists = There is a service { $id } already: change that one, or choose another identifier.
rules-fault-not-retired = Service “{ $service }” is in use as it is.
rules-fault-service-changed = Service “{ $service }” was changed meanwhile: open it again and repeat your edit.
rules-fault-no-number = Service “{ $service }” cannot be added: all 28 numbers are taken, and a number belongs to its service permanently. Change a service that is no longer needed.
rules-fault-name-missing = The service has no name: give it one in at least one language.
rules-fault-name-unfit = The name is longer than 200 letters or holds a control character: correct it.
rules-fault-too-much = Service “{ $service }” has more than 64 ports or addresses: split it into two.
rules-fault-no-rate = { $segment }: the rate is given in no direction; give at least one, or do not limit it.
rules-policy-overlap = Networks overlap: { $a } ({ $one }) and { $b } ({ $two }). Correct one of them in the register.
rules-policy-in-network = Networks overlap: { $a } ({ $segment }) and { $b } of the hub's network “{ $network }”. Correct one of them.
rules-policy-networks = Networks of the hub overlap: { $a } (“{ $one }”) and { $b } (“{ $two }”). Correct hub.toml.
rules-policy-wide = { $prefix } ({ $segment }) stands for half the world: give the segment's own networks, /8 or longer.
rules-policy-special = { $prefix } ({ $segment }): no segment can have this network; give its own.
rules-policy-bits = { $prefix } ({ $segment }) has bits behind its length: write { $right }.
rules-policy-number = Number { $no } is given twice: { $one } and { $two }. Numbers are given once.
rules-policy-number-large = { $segment } has number { $no }, above 1073741823, and packets cannot be marked with it: take the segment out of use.
rules-policy-many = Service “{ $service }” has number { $no }, above 28: take one that is not needed out of use.
rules-policy-no-service = { $segment } may use service { $no }, which is not there. Withdraw the grant or bring the service back.
rules-policy-port = Services “{ $one }” and “{ $two }” both answer on { $port } of { $at }. Correct one of them.
rules-policy-no-ports = Service “{ $service }” has no ports: give at least one.
rules-policy-no-addresses = Service “{ $service }” has no addresses: give at least one.
rules-policy-hub-address = Service “{ $service }” runs on the hub and has the address { $address }: leave its addresses out.
rules-policy-stray = The address { $address } of service “{ $service }” is in no network for services: correct it, or declare the network in hub.toml.
rules-policy-in-segment = The address { $address } of service “{ $service }” belongs to { $prefix } ({ $segment }). Correct one of them.
rules-policy-interface = The hub's port { $interface } leads to { $segment } and to the hub's network “{ $network }”. Correct one of them.
rules-policy-interface-shared = The hub's port { $interface } leads to two networks: “{ $one }” and “{ $two }”. Correct hub.toml.
rules-policy-loopback = { $segment } is on the port by which the hub speaks with itself: give the port that leads to it.

## What to think of
rules-warn-own-dashboard = { $segment }: you work from here, and these pages are lost from here.
rules-warn-own-service = { $segment }: you work from here, and the hub's service “{ $service }” is lost from here.
rules-warn-own-segment = { $segment }: you work from here, and the way from here to the hub changes.
rules-warn-own-network = Network “{ $network }”, from which you work, changes.
rules-warn-nobody = After this nobody reaches these pages: keep a management network, or open them to a segment.
rules-warn-cut-off = { $count ->
    [one] { $count } segment loses “{ $service }”: { $list }.
   *[other] { $count } segments lose “{ $service }”: { $list }.
}
rules-warn-gone = { $count ->
    [one] { $count } segment loses everything, the register does not have it: { $list }.
   *[other] { $count } segments lose everything, the register does not have them: { $list }.
}
rules-warn-retired-grants = { $segment } is retired and still has grants: { $services }.
rules-warn-no-contract = { $segment }: the rate is limited to the contract, whose rates the register does not know.

## Refusals
rules-error-empty = The draft is empty: make an edit first.
rules-error-not-empty = { $count ->
    [one] The draft holds { $count } edit: apply or discard it first.
   *[other] The draft holds { $count } edits: apply or discard it first.
}
rules-error-no-edit = The draft no longer has this edit: look at it again.
rules-error-nothing = The draft changes nothing: the rights are like this already.
rules-error-waits = Change { $no } ({ $who }) waits for confirmation until { $time }: wait for its end, or have it confirmed or taken back.
rules-error-changed = Rights or register changed while you looked. Look at the draft again, then apply it.
rules-error-not-yours = Change { $no } was made by another administrator ({ $who }), who alone may confirm it; you may take it back.
rules-error-not-waiting = Change { $no } does not wait for confirmation: see in the history how it ended.
rules-error-within = This is no time to wait for confirmation: choose from 10 seconds to 30 minutes.
rules-error-refused = Change { $no } did not take effect: { $why }
rules-error-unsure = Change { $no } was handed over, but no answer came. Whether it is in force is shown here as soon as the watching process answers.
rules-error-netd = The watching process refused: { $why }
rules-error-silent = The watching process does not answer. See “Health” and try again.
rules-error-agree = Rights, register and rules agree: there is nothing to try.
rules-error-cut-off = The change was cut off. See whether it was made; if not, repeat it.

## Journal
subject-rules = Rules
subject-interface = Port of the hub
action-rules-apply = rules changed
action-rules-confirm = change of rules confirmed
action-rules-revert = former rules came back
action-rules-refuse = change of rules did not take effect
action-rules-drift = rules in the kernel changed past the hub
action-rules-lost = the kernel had no rules
action-rules-found = unknown rules found in the kernel
action-offence-flood = more than its limits
action-offence-scan = tried addresses and ports
action-offence-spoof = forged senders
action-offence-neighbour = called neighbouring segments
