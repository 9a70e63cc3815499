# The administrator's pages. Keys begin with the name of the page.

## Words of several pages
db-show = Show
db-lasts = goes on
db-segment = Segment
db-state = State
db-since = Since
db-for = For
db-rtt-ms = Delay, ms
db-loss-percent = Lost of the last minute's probes, %
db-last-hour = Last hour
db-district = District
db-provider = Provider
db-institution = Institution
db-from = From
db-to = To
db-when = When
db-more = and { $count } more

## Overview
overview-title = Overview
overview-down = { $count ->
    [one] { $count } segment without a link
   *[other] { $count } segments without a link
}
overview-degraded = { $count ->
    [one] { $count } segment unstable
   *[other] { $count } segments unstable
}
overview-unknown = { $count ->
    [one] Nothing known of { $count } segment
   *[other] Nothing known of { $count } segments
}
overview-unheard = { $count ->
    [one] { $count } segment has never answered yet
   *[other] { $count } segments have never answered yet
}
overview-maintenance = { $count ->
    [one] All segments up, planned works in { $count } segment
   *[other] All segments up, planned works in { $count } segments
}
overview-all-up = All segments are up
overview-empty = No segments yet
overview-empty-text = Add the first segment or load a list from a CSV file: watching begins at once, without a restart.
overview-blind = Nothing is known of any segment
overview-stale = Watching has stopped
overview-of = { $count ->
   *[other] of { $count }
}
overview-warning-stale = The watching process has been silent for { $length }. What is shown below was true before that; the present state of the segments is unknown.
overview-warning-dark = The trunk “{ $name }” does not answer: the hub cannot see the segments behind it. Check cable and power of the hub’s port.
overview-segments = Segments
overview-more-segments = { $count ->
    [one] and { $count } more segment in the register
   *[other] and { $count } more segments in the register
}
overview-outages-now = Outages now
overview-no-outages = No outages.
overview-last-outage = The last one ended: { $name }, { $when }, lasted { $length }.
overview-more-outages = { $count ->
    [one] and { $count } more outage
   *[other] and { $count } more outages
}
overview-changed = What changed
overview-nothing-changed = Nothing changed in the last day.
overview-change-up = stable again
overview-change-up-after = link restored, was out for { $length }
overview-change-retired = retired, was out for { $length }
overview-change-down = lost its link
overview-change-first-down = gives no answer
overview-change-degraded = became unstable
overview-change-maintenance = planned works began
overview-change-unknown = nothing known any more

## Segment
segment-heading-up = { $name }: up
segment-heading-degraded = { $name }: loses { $loss }%
segment-heading-flapping = { $name }: unstable link
segment-unstable-breaks = The link was lost { $count } times within ten minutes. It counts as unstable until it has held for five minutes.
segment-unstable-loss = More probes are lost than on a sound link. It counts as unstable until about a hundred in a row are answered.
segment-heading-down = { $name }: no link
segment-heading-maintenance = { $name }: planned works
segment-heading-unknown = { $name }: nothing known
segment-heading-unheard = { $name }: has never answered yet
segment-unheard = has never answered yet
segment-unheard-text = Nothing has come since the segment was added. The hub goes on asking; when nothing comes for five minutes, the segment counts as without a link.
segment-obstacle-text = Probes cannot leave: { $obstacle }. Once that is mended, the hub asks by itself.
obstacle-no-port = the hub has no port { $interface }
obstacle-no-route = the hub has no way to { $address }
obstacle-forbidden = the hub’s own rules forbid probes to { $address }
segment-heading-retired = { $name }: retired
segment-now = Now
segment-period = Period
segment-period-hour = Hour
segment-period-day = Day
segment-period-month = Month
segment-period-year = Year
segment-hour-title = Last hour
segment-day-title = Last day
segment-month-title = Last 30 days
segment-year-title = Last year
segment-rtt-chart = Delay, ms
segment-rtt-spread = smallest to 95%, ms
segment-rtt-chart-text = Half of the answers are faster than { $p50 } ms, 95% faster than { $p95 } ms, the slowest took { $max } ms.
segment-loss-chart-text = { $lost } of { $sent } probes lost, { $percent }%.
segment-loss-outside-text = Apart from outages and times when the hub could not see, { $lost } of { $sent } probes were lost, { $percent }%.
segment-median = median
segment-p95 = 95%
segment-distribution = How the delay is spread
segment-availability = Availability
segment-availability-text = Up { $percent }% of the time.
segment-availability-unknown = Nothing was watched for another { $length }; that time does not count.
segment-no-data = Nothing was measured in this time
segment-no-data-hint = Choose another period or wait: measurements appear a minute after a segment is added.
segment-facts = Facts
segment-fact-id = Identifier
segment-fact-prefixes = Networks
segment-fact-probe = Probed address
segment-fact-method = Probed by
segment-fact-pace = How often
segment-fact-interface = Port of the hub
segment-fact-channel = Channel
segment-fact-rates = Contracted rate
segment-fact-rates-text = { $down } to the segment, { $up } from it
segment-fact-contract = Contract
segment-fact-parent = Provider point
segment-fact-router = Router
segment-fact-duty = On duty
segment-fact-head = Head
segment-fact-postal = Postal address
segment-fact-notes = Notes
segment-method-icmp = ICMP echo
segment-method-tcp = TCP connection, port { $port }
segment-pace-normal = once a second
segment-pace-critical = 5 times a second
segment-pace-down = { $pace }; 10 times a second while there is no link
segment-outages = Outages
segment-no-outages = There were no outages.
segment-journal = Journal of the segment
segment-no-journal = No entries yet.
segment-ping = Check now
segment-ping-text = The hub sends extra probes and shows every answer.
segment-ping-count = How many probes
segment-ping-start = Send probes
segment-ping-result = Answers to the probes
segment-ping-waiting = Answers will appear here.
segment-ping-line = { $number }: answered in { $rtt } ms
segment-ping-lost = { $number }: no answer
segment-ping-unsent = { $number }: the hub cannot send: { $what }
segment-ping-error = { $number }: { $from } reports: { $what }
segment-ping-summary = Sent { $sent }, answered { $answered }, lost { $lost } ({ $percent }%).
segment-ping-times = Smallest delay { $min } ms, mean { $mean } ms, largest { $max } ms.
segment-ping-retired = The segment is retired: the hub does not probe it, its history is kept.
segment-ping-netd-away = The watching process does not answer, so no probes can be sent. Wait a few seconds and try again.
segment-edit = Edit
segment-maintenance = Planned works
segment-maintenance-on = Planned works are under way, they end: { $until }.
segment-maintenance-off-text = Measuring goes on during the works, but an outage is not counted as unplanned.
segment-maintenance-until = They end
segment-maintenance-start = Begin works
segment-maintenance-stop = End works
segment-maintenance-stopped = The planned works are over.
segment-maintenance-for-30 = in 30 minutes
segment-maintenance-for-60 = in an hour
segment-maintenance-for-120 = in 2 hours
segment-maintenance-for-240 = in 4 hours
segment-maintenance-for-480 = in 8 hours
segment-maintenance-for-1440 = in a day
segment-retired-since = Retired: { $when }. Its history is kept.

## List of outages
outages-title = Outages
outages-heading-open = { $count ->
    [one] { $count } segment without a link now
   *[other] { $count } segments without a link now
}
outages-heading-none = No outages now
outages-which = Which
outages-which-all = All
outages-which-open = Open
outages-which-closed = Over
outages-column-number = No.
outages-column-what = Where
outages-column-kind = Kind
outages-column-began = Began
outages-column-ended = Ended
outages-column-length = Lasted
outages-empty = There are no such outages
outages-empty-hint = Drop the filter or choose other days.
outages-hub = The hub’s trunk
outages-hub-named = The hub’s trunk “{ $name }”
outages-segment-field = Segment’s identifier
csv-began-after = Last answer
csv-began-before = First lost probe
csv-seconds = Lasted, s

## One outage
outage-heading-open = { $name }: no link for { $length }
outage-heading-closed = { $name }: had no link for { $length }
outage-heading-hub-open = The hub has not seen its trunk for { $length }
outage-heading-hub-closed = The hub did not see its trunk for { $length }
outage-number = outage No. { $id }
outage-what = What happened
outage-what-hub = the hub is blind
outage-what-over = link restored
outage-what-retired = retired
outage-lead-carrier = Port { $interface } of the hub lost its signal: the break is in the first stretch, between the hub’s port and the provider’s equipment.
outage-lead-error = Router { $from } answers that there is no way on: the break is behind it.
outage-lead-astray = The hub’s probes went to another segment, { $name }: its router { $router } answers that there is no way on. The hub’s own route is wrong, not the channel.
outage-lead-neighbour = The segment’s router does not even answer for its hardware address: it has no power or nothing reaches it.
outage-lead-silence = Probes leave, no answers come: cause unknown.
outage-lead-obstacle = Probes do not leave: { $obstacle }.
outage-lead-unheard = The segment has not answered since it was added: check its address and port, and whether its link is ready.
outage-lead-silence-signal = Probes leave, no answers come, the hub’s port has a signal: cause unknown.
outage-lead-hub = All ports of the trunk fell silent at once. This is an outage of the hub itself: the state of the segments behind it is unknown.
outage-began = Began
outage-began-between = between { $after } and { $before }
outage-began-note = the last answer and the first lost probe
outage-began-never = { $before }
outage-began-never-note = the first lost probe; no answer since observation began
outage-began-carrier-note = the last answer and the loss of the port’s signal
outage-ended = Ended
outage-ended-at = { $when }, the first answer
outage-ended-retired = { $when }, retired
outage-lasts = goes on
outage-length = Lasts
outage-next = What next
outage-next-duty = Call the person on duty: { $duty }
outage-next-provider = Call the provider: { $provider }, contract { $contract }
outage-next-provider-only = Call the provider: { $provider }
outage-next-ping = Send probes and look at the answers
outage-next-maintenance = If these are planned works, say so on the segment’s page
outage-next-nothing = The link is back, nothing is to be done.
outage-next-retired = The segment is retired; the hub does not watch it.
outage-next-port = Check cable and power at the hub’s port
outage-next-record = Check address, port and networks in the segment’s record
outage-next-route = Check the hub’s route: ip route get { $address }
outage-group-title = { $name }: { $down } of { $total } segments have no link
outage-group-why = They lost their link within seconds of each other and share one provider point: the break is most likely there.
outage-common-why = Several segments behind one provider point lost their link within seconds of each other: the break is most likely there.
outage-group-segments = { $count ->
    [one] { $count } outage
   *[other] { $count } outages
}
outage-group-point = The provider point’s page
outage-to-segment = The segment’s page
outage-evidence = Evidence
outage-evidence-count = { $count ->
    [one] { $count } piece of evidence
   *[other] { $count } pieces of evidence
}
outage-no-evidence = No evidence was written down.
outage-evidence-who = Who saw it
outage-evidence-what = What was seen

## What was seen, and by whom
source-icmp = ICMP probes
source-tcp = TCP probes
source-carrier = the hub’s port
source-neighbour = the neighbour table
source-monitor = the hub itself
source-registry = an administrator
fact-probes-lost = { $lost ->
    [one] { $lost } probe unanswered, waited { $timeout } for it
   *[other] { $lost } probes in a row unanswered, waited { $timeout } for each
}
fact-answered = an answer came in { $rtt }
fact-not-sent = { $probes ->
    [one] { $probes } probe could not be sent: { $why }
   *[other] { $probes } probes in a row could not be sent: { $why }
}
not-sent-no-port = the hub has no such port
not-sent-no-route = the hub has no way to the address
not-sent-forbidden = the hub’s own rules forbid it
fact-icmp-own = the hub itself reports: the next device on the way does not answer for its hardware address
fact-loss-rate = { $lost } of { $sent } probes lost
fact-flapping = { $changes ->
    [one] the state changed { $changes } time within { $window }
   *[other] the state changed { $changes } times within { $window }
}
fact-carrier-up = port { $interface } got its signal back
fact-carrier-down = port { $interface } lost its signal
fact-neighbour-reachable = { $address } answers for its hardware address
fact-neighbour-stale = { $address } has not confirmed its hardware address for a while
fact-neighbour-probing = the hub asks { $address } for its hardware address
fact-neighbour-failed = { $address } does not answer for its hardware address
fact-neighbour-moved = the hardware address of { $address } changed: the router was replaced or two devices took one address
fact-icmp-error = { $from } reports: { $what }
fact-maintenance-on = an administrator began planned works
fact-maintenance-off = an administrator ended planned works
icmp-net-unreachable = no way to the network
icmp-host-unreachable = the last router cannot reach the address
icmp-neighbour-silent = the next device on the way does not answer for its hardware address
icmp-protocol-unreachable = the address does not speak the protocol
icmp-port-unreachable = the port is closed
icmp-prohibited = forbidden by an administrator
icmp-too-big = the packet is too big
icmp-time-exceeded = the packet goes round in circles
icmp-other = ICMP error, type { $kind }, code { $code }
blind-stalled = the watching process stood still
blind-overflow = the queue of answers overflowed
blind-trunk = the trunk went dark
blind-restarted = the watching process restarted

## Register
registry-title = Segments
registry-heading = { $count ->
    [one] { $count } segment is watched
   *[other] { $count } segments are watched
}
registry-heading-retired = { $count ->
    [0] No segment is retired
    [one] { $count } segment is retired
   *[other] { $count } segments are retired
}
registry-heading-found = { $count ->
    [one] { $count } segment found for “{ $word }”
   *[other] { $count } segments found for “{ $word }”
}
registry-add = Add segment
registry-import = Load CSV
registry-export = Export the register
registry-table-csv = Table as CSV
registry-which-active = Watched
registry-which-retired = Retired
registry-nothing = Nothing was found
registry-nothing-for = Nothing was found for “{ $word }”
filter-fold = Filter
registry-show-all = Show all segments
registry-retire = Retire
registry-retire-heading = Retire { $name }?
registry-retire-text = The hub will no longer probe the segment. History, outages and journal are kept, and the segment can be taken back. Its access ends at once; that change of the rules has to be confirmed within two minutes, else the segment keeps its access.
registry-retired = The segment is retired.
registry-retired-word = retired
registry-retired-title = Retired
registry-restore = Watch it again
registry-restored = The segment is watched again.
registry-added = The segment is added and watched.
registry-saved = The changes are saved.
edit-heading-new = New segment
edit-heading = { $name }: edit
edit-new-institution = a new institution: its name goes into the next fields
edit-unusual = Nothing is saved yet. What is marked is unusual but allowed: correct it, or save it as it is.
edit-optional = Optional details
edit-group-institution = Institution
edit-group-channel = Channel
edit-group-router = Router
edit-group-more = More
field-id = Identifier
field-id-help = Latin letters, digits and hyphen, such as s050. It cannot be changed later.
field-institution = Institution
field-institution-help = Choose from the list. If it is not there yet, choose “a new institution” and give its name in at least one language.
field-name-kk = Name of the institution in Kazakh
field-name-ru = Name of the institution in Russian
field-name-en = Name of the institution in English
field-kind = Kind of institution
field-kind-help = Choose from the list or write your own.
field-budget-level = Budget level
kind-akimat = Akimat
kind-department = Department
kind-hospital = Hospital
kind-school = School
kind-service-centre = Public service centre
kind-court = Court
kind-archive = Archive
kind-emergency = Emergency service
kind-maslikhat = Maslikhat
kind-civil-registry = Civil registry office
kind-police = Police
kind-college = College
kind-library = Library
kind-museum = Museum
kind-veterinary = Veterinary service
kind-career-centre = Career centre
kind-data-centre = Data centre
budget-republic = National
budget-region = Regional
budget-district = District
field-district = District or city
field-address = Postal address
field-head = Head
field-duty = On duty
field-duty-help = Name and telephone: shown to whoever deals with an outage.
field-label-kk = Short name in Kazakh
field-label-ru = Short name in Russian
field-label-en = Short name in English
field-label-help = For the star and the tables. Empty: the name of the institution.
field-prefixes = Networks
field-prefixes-help = Separated by spaces, commas or lines, such as 10.10.50.0/24 fd00:50::/64. Networks of different segments do not overlap.
field-interface = Port of the hub
field-interface-help = The interface through which the hub sees the segment, as ip link shows it.
field-probe-address = Probed address
field-probe-address-help = Usually that of the segment’s router, such as 10.10.50.1.
field-method = Probed by
field-method-help = icmp or tcp:443.
field-provider = Provider
field-technology = Technology
field-down-kbps = Rate to the segment, kbit/s
field-up-kbps = Rate from the segment, kbit/s
field-contract = Number of the contract
field-router-management = Management address of the router
field-router-snmp = Name of the SNMP credentials
field-router-snmp-help = The name in the hub’s configuration, never the secret itself.
field-router-hardware = Hardware address of the router
field-router-hardware-help = Only for links that several segments share: nobody else can then use this segment’s addresses. Such as 02:45:54:00:00:01.
field-parent = Shared provider point
field-parent-help = If the channel shares equipment of the provider with other segments.
field-criticality = How often to probe
field-notes = Notes

## Provider points
points-title = Provider points
points-heading-down = { $count ->
    [one] { $count } provider point has segments without a link
   *[other] { $count } provider points have segments without a link
}
points-heading-unknown = { $count ->
    [one] Nothing known of some segments of { $count } provider point
   *[other] Nothing known of some segments of { $count } provider points
}
points-heading-up = No outages behind the provider points
points-empty = No provider points yet
points-empty-text = A provider point is equipment that the channels of several segments go through. Once it is entered, a common fault is seen at once.
points-add = Add provider point
points-column-segments = Segments
points-column-down = Without a link now
points-unknown = nothing known: { $count }
point-heading-down = { $name }: { $down } of { $all } without a link
point-heading-up = { $name }: no outages
point-heading-unknown = { $name }: nothing known of { $unknown } of { $all }
point-heading-empty = { $name }: no segments
point-common-all = All segments of this point are without a link. Most likely it is one common fault, at the point itself and not in the segments.
point-common-together = { $down } of { $all } are without a link, lost at almost the same time:
point-common-likely = This looks like a common fault behind this point.
point-common-apart = Too few links were lost together for a common fault behind this point: these look like separate faults.
point-empty = No segments hang on this point
point-empty-text = The point is chosen on a segment’s page: “Edit”, “Shared provider point”.
point-journal = Journal of the point
point-contracts = Contracts
point-retired = Retired
point-new = New provider point
point-id-help = Latin letters, digits and hyphen, such as pp-center. It cannot be changed later.
point-name-ru = Name in Russian
point-name-kk = Name in Kazakh
point-name-en = Name in English
point-name-help = In at least one language.
point-provider-help = Whom to call when the point does not work.
point-added = The point is added. It can be chosen on the pages of segments now.
point-remove = Remove the point
point-remove-heading = Remove { $name }?
point-remove-text = The point disappears from the register. What was known of it stays in the journal.
point-removed = The point is removed.
point-in-use-heading = Cannot be removed: { $name }
point-in-use-text = { $count ->
    [one] { $count } segment still names this point. Choose another point or none for it first.
   *[other] { $count } segments still name this point. Choose another point or none for them first.
}
point-back = Back to the point

## Photograph of the site
photo-title = Photograph of the site
photo-alt = Site of the segment: { $name }
photo-add = Add
photo-replace = Replace
photo-heading = { $name }: photograph of the site
photo-file = File with the photograph
photo-file-help = JPEG, PNG or WebP, at most { $limit }. The browser makes a picture from a telephone smaller by itself.
photo-missing = No file was chosen. Choose the photograph and send it again.
photo-upload = Upload
photo-saved = The photograph is saved.
photo-remove = Remove the photograph
photo-remove-heading = Remove the photograph: { $name }?
photo-remove-text = The picture is deleted for good. If it is still needed, save a copy of your own first.
photo-removed = The photograph is removed.

## Loading CSV
import-heading = Load segments from CSV
import-file = CSV file
import-file-help = In UTF-8, with the names of the columns in the first line. First you see what would change; nothing changes before you confirm.
import-no-file = Choose a file first: the table as CSV.
import-example = Example: the present register
import-check = Check the file
import-check-again = Check again
import-other-file = Choose another file
import-heading-clean = Ready to load: { $new } new, { $changed } changed
import-heading-faults = { $count ->
    [one] { $count } fault in the file
   *[other] { $count } faults in the file
}
import-clean-text = No faults. Nothing has changed yet: look at the lists below and confirm.
import-faults-text = Nothing has changed. Mend the lines here or in your own file and check again.
import-nothing = The file says what the register says: nothing to change
import-apply = Load
import-moved = The file or the register changed after the check, so nothing was imported. Look at the lists again and confirm.
import-encoding = Such a file cannot be mended here: its letters are already misread. Save it as UTF-8 and choose it again.
import-done = Loaded: { $new } new, { $changed } changed.
import-faults = Faults by line
import-warnings = Unusual but allowed
import-new = Would be added
import-changed = Would change
import-unchanged = Unchanged: { $count }.
import-absent = Not in the file, stay as they are: { $count }.
import-text = Text of the file
import-text-help = Mend it here: the lines are those of the table of faults.
import-column-line = Line
import-column-column = Column
import-column-field = Field
import-column-value = What it says
import-column-message = What is wrong
import-column-remedy = What to do
import-column-changes = What would change

## Rules of the register: what is wrong and what to do
rule-not-utf8 = the file is not UTF-8 but probably { $likely }: it has the byte { $byte } here
remedy-not-utf8 = open it in the spreadsheet program and save it as “CSV UTF-8” (in LibreOffice: character set “Unicode (UTF-8)”)
rule-empty-file = the file has no heading
remedy-empty-file = put the names of the columns into the first line; an export shows them
rule-no-rows = the file has a heading but no rows
remedy-no-rows = add a line for each segment
rule-too-large = the file is larger than { $limit } bytes
remedy-too-large = split it into several files
rule-quote-open = a quoted field begins here and never ends
remedy-quote-open = close it with ", and write "" for a quote inside it
rule-quote-stray = a quote stands inside or beside the text of a field
remedy-quote-stray = put the whole field into quotes and write "" for a quote inside it
rule-unknown-column = there is no column “{ $name }”
remedy-unknown-column = correct its name or take the column out; the nearest one is { $nearest }
rule-missing-column = the column “{ $name }” is missing
remedy-missing-column = add it to the first line, and its value to each of the others
rule-repeated-column = the column “{ $name }” stands twice, first as number { $first }
remedy-repeated-column = take one of them out
rule-field-count = this line has { $found } fields, the heading has { $expected }
remedy-field-count = look for a missing or stray separator, and put fields that contain one into quotes
rule-required = the field is empty
remedy-required = fill it in
rule-too-long = the text has { $length } characters, more than { $limit }
remedy-too-long = shorten it
rule-control-character = the text contains the control character { $code }
remedy-control-character = take it out
rule-id-syntax = “{ $id }” is no identifier
remedy-id-syntax = use 1 to 48 of a-z, 0-9 and “-”, starting with a letter or digit
rule-id-repeated = { $id } stands in line { $line } already
remedy-id-repeated = take one of the two lines out or give it an identifier of its own
rule-id-retired = { $id } belongs to a retired segment
remedy-id-retired = restore that segment or use another identifier
rule-id-taken = { $id } is taken
remedy-id-taken = use another identifier, or change the existing entry
rule-name-missing = no name is given in any language
remedy-name-missing = give the name in at least one language
rule-institution-unknown = there is no institution { $id }
remedy-institution-unknown = fill in its name in this line, or correct the identifier
rule-institution-differs = the institution { $id } is given differently in line { $line }
remedy-institution-differs = make the two the same, or leave all fields of the institution empty in one of them
rule-parent-unknown = there is no provider point { $id }
remedy-parent-unknown = enter the provider point first, or leave the field empty
rule-prefix-syntax = “{ $prefix }” is no network
remedy-prefix-syntax = write an address and a length, such as 10.10.7.0/24 or fd00:7::/64
rule-prefix-host-bits = { $prefix } has bits set beyond its length
remedy-prefix-host-bits = write { $network } if that is the network
rule-prefix-special = { $prefix } cannot belong to a segment: it is everything, multicast, loopback or link-local
remedy-prefix-special = write the segment’s own network
rule-prefix-repeated = { $prefix } and { $other } of the same segment overlap
remedy-prefix-repeated = keep the wider one only
rule-prefix-of-hub = { $prefix } of { $id } ({ $name }) overlaps { $other } of the hub’s own network { $network }
remedy-prefix-of-hub = write the segment’s own network; those of the hub stand in hub.toml
rule-prefix-overlap = { $prefix } of { $id } ({ $name }) overlaps { $other } of { $other_id } ({ $other_name })
remedy-prefix-overlap = correct one of the two; an address belongs to one segment only
rule-address-syntax = “{ $address }” is no IP address
remedy-address-syntax = write it as 10.10.7.1 or fd00:7::1, without a length
rule-hardware-syntax = “{ $hardware }” is no hardware address
remedy-hardware-syntax = write six pairs of hexadecimal digits, 02:45:54:00:00:01, or leave it empty
rule-address-special = { $address } is the address of no single device
remedy-address-special = write the address of the segment’s router
rule-address-taken = { $address } is probed for { $other_id } ({ $other_name }) already
remedy-address-taken = give each segment an address of its own
rule-address-foreign = { $address } lies in { $other } of { $other_id } ({ $other_name })
remedy-address-foreign = write an address of this segment or of the link towards it
rule-address-outside = { $address } lies in none of the segment’s networks
remedy-address-outside = leave it if it is the router’s address on the link; correct it otherwise
rule-method-syntax = “{ $method }” is no way of probing
remedy-method-syntax = write icmp, or tcp: and a port such as tcp:443
rule-number-syntax = “{ $number }” is no whole number
remedy-number-syntax = digits only, in kbit/s; empty when the rate is not known
rule-number-range = { $number } is more than { $limit }
remedy-number-range = write the rate in kbit/s
rule-interface-syntax = “{ $interface }” is no name of a port
remedy-interface-syntax = use 1 to 15 characters without spaces, “/” and “:”, as ip link shows it
rule-interface-missing = the hub has no port “{ $interface }” now
remedy-interface-missing = leave it if the port comes later, the segment is unknown until then; correct it otherwise
rule-criticality-syntax = “{ $criticality }” is no degree of criticality
remedy-criticality-syntax = write normal or critical
rule-credential-syntax = this is no name of credentials
remedy-credential-syntax = write the name in the hub’s configuration, never the secret itself
rule-in-use = { $id } is still named by { $segments }
remedy-in-use = move those segments first
rule-not-retired = { $id } is not retired
remedy-not-retired = nothing is to be done
rule-photo-kind = the file is no JPEG, PNG or WebP picture
remedy-photo-kind = save the photograph as JPEG
rule-photo-size = the picture takes { $bytes }, at most { $limit } are allowed
remedy-photo-size = make it smaller

## Journal
journal-title = Journal
journal-heading = Who changed what
journal-chain = Every entry is chained to the one before it: a forged past shows.
journal-verify = Verify the whole chain
journal-sound = The chain holds: { $count } entries verified.
journal-broken = The chain breaks at entry No. { $seq }; { $sound } before it are sound. Keep a copy of the database and find out who changed it.
journal-column-actor = Who
journal-column-action = Did what
journal-column-subject = To what
journal-column-detail = Details
journal-on-behalf = { $actor } for { $person }
journal-by-certificate = { $name }, by certificate { $id }
journal-by-session = { $name }, by one-time link { $id }
journal-by-system = { $name }, user of the system { $id }
journal-empty = There are no such entries
journal-empty-hint = Drop the filter or choose other days.
subject-segment = Segment
subject-institution = Institution
subject-session = Sign-in
subject-entry-link = Sign-in link
action-segment-create = segment added
action-segment-update = segment changed
action-segment-retire = segment retired
action-segment-restore = segment watched again
action-segment-maintenance = planned works announced
action-segment-maintenance-ended = planned works ended
action-segment-photo = photograph of the site uploaded
action-segment-photo-remove = photograph of the site removed
action-institution-create = institution added
action-institution-update = institution changed
action-institution-remove = institution removed
action-parent-create = provider point added
action-parent-update = provider point changed
action-parent-remove = provider point removed
action-registry-import = CSV file loaded
journal-import-counts = { $new } new, { $changed } changed
action-entry-link-made = entry link made
action-session-opened = signed in
action-session-ended = signed out
many-segment-create = segments added: { $count }
many-segment-update = segments changed: { $count }
many-segment-retire = segments retired: { $count }
many-segment-restore = segments watched again: { $count }
many-institution-create = institutions added: { $count }
many-institution-update = institutions changed: { $count }
many-other = { $action }: { $count }

## Health of the hub
system-title = Health
system-heading-well = The hub is healthy
system-heading-blind = The hub works; in the last hour it could not see for { $total }
system-heading-ill = { $count ->
    [one] The hub needs you: { $count } trouble
   *[other] The hub needs you: { $count } troubles
}
system-trouble-netd = The watching process does not answer: the state of the segments is unknown. It should come back by itself; if not, read the system log and run ets-hub doctor.
system-trouble-database = The database “{ $name }” takes no entries. Free space on the disk or check the database server.
system-trouble-recording = Measurements are not recorded: little space on the disk. Watching goes on. Free space, recording will begin by itself.
system-trouble-disk = { $free } are left on the disk. Free some space.
system-netd = Watching process
system-serve = Page process
system-data = Data
system-memory = Memory by part
system-memory-total = Both processes together take { $total }.
memory-picture = Picture of the segments
memory-snapshot = Snapshot for the pages
memory-changes = Changes of the last 5 minutes
memory-minutes = Minutes of the last hour
memory-seconds = Seconds of the last hour
memory-netd-ring = Events of the watching process
memory-registry = Registry of segments
memory-sqlite = Database in memory
memory-program = Program and mapped files
memory-free = Freed, held by the allocator
memory-other = Everything else of the page process
memory-netd-engine = Probes under way
memory-netd-machines = Decisions on the segments
memory-netd-rest = Everything else of the watching process
system-blind = When the hub could not see
system-connected = works, data arrives
system-away = does not answer
system-last-tick = Last data
system-running = Running for
system-version = Version
system-pid = Process number
system-resident = Memory
system-cpu = Processor time
system-targets = Segments probed
system-ring = Memory of events
system-ring-text = { $held } of { $limit }
system-probes = Probes since the start
system-sent = Sent
system-answered = Answered
system-lost = Unanswered
system-overflowed = Lost by the hub itself
system-send-errors = Refused by the kernel
system-forged = Forged answers refused
system-duplicate = Repeated answers
system-late = Late answers
system-viewers = Live pages open
system-behind = Events waiting to be written
system-writable = takes entries
system-not-writable = takes no entries
system-database-state = Database of state
system-database-series = Database of measurements
system-disk = Disk
system-disk-text = { $free } free of { $all }
system-waiting = Minutes of measurements waiting
system-dropped = Minutes of measurements lost
system-blind-total = In the last day the hub could not see for { $total }.
system-blind-reason = Why
system-never-blind = In the last day the hub saw everything.

## Help
help-page-title = Help
help-heading = How to use the hub
help-states = What the states mean
help-state-up = The segment answers its probes and loses no more than it may.
help-state-degraded = The segment answers but loses probes, or comes and goes.
help-state-down = The segment does not answer: one probe was lost, and none of ten confirming ones came back.
help-state-maintenance = An administrator announced planned works. Measuring goes on, an outage is not counted as unplanned.
help-state-unknown = The hub cannot tell: it has not looked yet or is blind itself. It does not mean that the link works.
help-find = How do I find a segment?
help-find-text = Press the slash key and type a part of its name, identifier, district or provider, or an address: 10.10.7.15 leads to the segment that it belongs to.
help-why = Why is there no link?
help-why-text = Open the outage: it says what the hub saw, which probe was not answered, who answered what, and what to do next.
help-sure = How exact are beginning and end?
help-sure-text = The beginning lies between the last answer and the first lost probe, usually within a second. The end is the first answer after the break.
help-planned = How do I announce planned works?
help-planned-text = On the segment’s page: “Planned works”, choose when they end. They can be ended earlier.
help-add = How do I add a segment?
help-add-text = Segments, “Add segment”. It needs an identifier, a network, an address to probe, a port of the hub and an institution. Watching begins at once.
help-csv = How do I load many segments?
help-csv-text = Segments, “Load CSV”. The hub first shows what would change and every fault by line; they can be mended in the page.
help-files = What are the CSV files like?
help-files-text = In every language the same: UTF-8 with a byte order mark, fields separated by a comma, numbers with a decimal point and without spaces, moments such as 2026-11-22 14:30:05 in the time zone shown below the page. In a spreadsheet program whose decimal mark is a comma, choose these when you import the file, or take the XLSX file where there is one.
help-blind = What if the hub itself is blind?
help-blind-text = When all ports of a trunk are lost or the watching process stood still, segments are shown as unknown, not as down. The page “Health” says when the hub could not see, and why.
help-entry = How do I sign in?
help-entry-text = With the administrator’s certificate or by a one-time link, which is good for 15 minutes and one use. The command { $command } on the hub itself prints a new one.
help-api = How do I connect programs?
help-api-text = Everything on the pages is in the HTTP API too; /api/openapi.json describes it.
help-problems = Refusals of the API
help-problems-text = Every refusal names its reason and what to do. The texts are for programs and therefore in English.

## Wall screen
wall-title = Wall screen
wall-turn = Change by itself
wall-leave = Back

## Settings
settings-title = Settings
settings-look = Look
settings-entry = How you signed in
settings-by-certificate = By certificate: { $name }, serial number { $serial }.
settings-by-session = By a one-time link, entry { $id }.
settings-by-system = As a user of the system.
settings-sessions = Open entries
settings-no-sessions = No entries are open.
settings-column-session = Entry
settings-column-opened = Opened
settings-column-seen = Last used
settings-column-agent = Browser
settings-column-end = Action
settings-end = Close
settings-ended = The entry is closed.

## Coming in
enter-heading = Sign-in for the administrator
enter-text = The link works once. The button opens the overview; this device stays signed in.
enter-button = Sign in
enter-worn-out = The link no longer works
enter-worn-out-text = It was used already, or more than 15 minutes have passed. A command on the hub itself prints a new one:
enter-left = You have signed out
enter-left-text = This session is closed. To sign in again use a new link or the administrator’s certificate.

## What one may
me-heading = What you may
me-who = Who you are
me-name = Name
me-entry = How you came in
me-by-certificate = by certificate
me-by-session = by a one-time link
me-by-system = as a user of the hub’s own machine
me-serial = Certificate number
me-until = Valid until
me-rights = Rights
me-administrator = Administrator: everything in the administration of the hub.
me-none = None yet. Ask the administrator of the hub and give the number of your certificate.
subject-certificate = Certificate
action-certificate-issue = certificate issued
action-certificate-revoke = certificate revoked
action-certificate-suspend = certificate suspended
action-certificate-resume = suspension of the certificate ended
