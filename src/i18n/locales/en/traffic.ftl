# Traffic: the accounting's pages, reports, quotas, the act. Keys begin with the name of the page.

traffic-title = Traffic
traffic-tabs = Parts of traffic
traffic-tab-live = Now
traffic-tab-top = Top
traffic-tab-reports = Reports
traffic-tab-quotas = Quotas
traffic-xlsx = XLSX
traffic-pdf = PDF

## Classes of traffic
class-hub = The hub itself
class-outside = Outside network
class-neighbour = Other segments
class-other = Other
class-dropped = Dropped by the rules
class-service = Service No. { $number }

## Figures
flow-down = To the segment
flow-up = From the segment
flow-down-in = To the segment, { $unit }
flow-up-in = From the segment, { $unit }
flow-all-down = To segments
flow-all-up = From segments
flow-class = Service or direction
flow-bars = To compare
flow-course = Course
flow-share = Share, %
flow-packets = Packets
flow-packets-rate = Packets a second
flow-total = All
flow-total-in = All, { $unit }
flow-peak-in = Busiest minute, { $unit }
flow-p95-in = 95th percentile, { $unit }
flow-contract-in = By contract, { $unit }
flow-nobody = Addresses outside the segments
flow-exact-bytes = { $bytes } B, packets { $packets }
flow-dropped-note = What was dropped is in the other lines already and is not added to the sum.

## Now
traffic-heading = { $down } to segments, { $up } from segments
traffic-heading-stale = The counters are silent, traffic is not known now
traffic-heading-at = { $when }: { $down } to segments, { $up } from segments
traffic-moving = { $count ->
    [one] traffic in { $count } segment of { $total }
   *[other] traffic in { $count } segments of { $total }
}
traffic-busiest = The busiest segments
traffic-by-class = By service and direction
traffic-nothing = No traffic now
traffic-nothing-text = Not one packet passed the hub in the last second.
traffic-nothing-then = There was no traffic at that moment
traffic-nothing-then-text = Or nothing is kept of that time: minutes are kept for 90 days, hours for five years.
traffic-stale-text = Last known: { $when }. The hub goes on asking the counters; what passes meanwhile is not lost and will appear by itself.
traffic-pause = Pause
traffic-resume = Go on
traffic-freeze = Link to this moment
traffic-to-live = To the present moment
traffic-ahead = The moment in the address lies in the future. Shown is what passes now.
traffic-earlier = Earlier
traffic-later = Later
traffic-at-second = one second
traffic-at-minute = average of a minute
traffic-at-hour = average of an hour
traffic-more = { $count ->
    [one] and { $count } more segment with traffic
   *[other] and { $count } more segments with traffic
}
traffic-how = How it is counted
traffic-how-wire = Every packet on the segment’s link is counted, without sampling: layer-3 bytes as they were on the wire.
traffic-how-filter = The hub’s packet filter counts every packet, without sampling. It sees the exact bytes of the wire as long as the network card joins no packets.
traffic-how-unknown = The counters have not answered yet.
traffic-how-units = 1 MB = 1,000,000 bytes. Rates are averages of the last second.
traffic-missing = Whether anything is missing
traffic-missing-none = Counting was not interrupted in the last 30 days.
traffic-missing-some = { $count ->
    [one] { $count } time in the last 30 days not everything is known:
   *[other] { $count } times in the last 30 days not everything is known:
}
traffic-missing-older = { $count ->
    [one] and { $count } earlier time
   *[other] and { $count } earlier times
}
traffic-stopped = Recording has stopped: the disk is nearly full. Counting goes on and minutes wait in memory; free some space and they will be written.
traffic-gap-reset = { $from } – { $to }: counters that somebody reset: { $count }. What passed in that time before the reset is lost.
traffic-gap-life = { $from } – { $to }: the counters began anew. What passed between the last reading and the end of the former ones is lost.
traffic-gap-away = { $from } – { $to }: nobody read the counters ({ $length }). Nothing is lost: what passed is spread evenly over that time.

## Top
top-heading = The most { $period }: { $name }, { $amount }
top-heading-none = There was no traffic { $period }
top-title = Top segments
top-period = In which time
top-last-hour = in the last hour
top-last-day = in the last 24 hours
top-last-week = in the last 7 days
top-last-month = in the last 30 days
top-last-year = in the last year
top-custom = in the chosen days
top-week = Week
top-custom-word = Own period
top-by = By what
top-by-bytes = by bytes
top-by-packets = by packets
top-by-peak = by the busiest minute
top-class = Service
top-direction = Direction
top-both = both ways
top-down = to the segment
top-up = from the segment
top-place = Place
top-rest = The first { $count } are shown; all lines are in the CSV and XLSX files.
top-empty-hint = Choose another time, service or direction.
top-packets = { $count ->
    [one] { $count } packet
   *[other] { $count } packets
}
top-bad-period = The period is not understood: give the days “From” and “To”, the first not later than the second.

## A segment’s traffic
segment-traffic = Traffic
segment-traffic-all = The segment’s traffic
segment-traffic-hour = Traffic of the last hour
segment-traffic-heading = { $name }: { $down } to the segment, { $up } from it
segment-traffic-heading-none = { $name }: no traffic now
segment-traffic-heading-stale = { $name }: traffic is not known now
segment-traffic-heading-retired = { $name }: retired, its traffic is kept
segment-traffic-chart = Rate, { $unit }
segment-traffic-chart-text = { $down } passed to the segment and { $up } from it. The busiest minute: { $peak_down } to the segment, { $peak_up } from it.
segment-traffic-none = There was no traffic in this time
segment-traffic-none-hint = Choose another period. Counting begins as soon as a segment is added.
segment-traffic-spread = Of the shaded time only the sum is known: within it traffic is spread evenly.
segment-traffic-spread-note = sum over a longer time
segment-traffic-channel = Channel
segment-traffic-contract = By contract
segment-traffic-no-contract = no rate in the register
segment-traffic-p95 = 95th percentile
segment-traffic-p95-text = { $rate }, that is { $percent } % of the contract
segment-traffic-p95-help = The channel was busier only 5 % of the time. Of averages over five minutes.
segment-traffic-p95-unknown = not known of this time
segment-traffic-forecast = When it fills
segment-traffic-quotas = Quotas
segment-traffic-no-quotas = No quotas for this segment.
segment-traffic-minute-peak = Peak of a minute
forecast-no-rate = no contracted rate in the register
forecast-not-enough = too little data: { $weeks } whole weeks, { $needed } needed
forecast-full = full already in busy hours: { $now } of { $contract }
forecast-steady = no growth seen: { $now } of { $contract } in busy hours
forecast-fills = about { $at } (between { $earliest } and { $latest }); { $now } in busy hours, growing by { $growth } a week
forecast-fills-open = about { $at } (not before { $earliest }); { $now } in busy hours, growing by { $growth } a week

## Who talks in a segment
segment-talk = Who talks inside
talk-heading = { $name }: { $count ->
    [one] { $count } connection now
   *[other] { $count } connections now
}
talk-by = How to put connections together
talk-by-inside = By device
talk-by-peer = By peer
talk-by-port = By port
talk-inside = Device
talk-peer = Peer
talk-port = Port
talk-nobody = No connections now
talk-nobody-text = Open the page again when the segment is at work.
talk-note = Connections that are open now, with all that each has moved since it began. Closed ones are not here; what they moved is in the segment’s figures.
talk-away = The watching process does not answer, so nobody can be asked about connections. Load the page again in a few seconds.

## Reports
report-title = Reports of a month
report-heading = { $month }: { $down } to segments, { $up } from segments
report-heading-none = { $month }: there was no traffic
report-institution-heading = { $name }: { $total } in { $month }
report-month = Month
report-previous = Previous month
report-next = Next month
report-acts = Acts as PDF
report-acts-without = { $count ->
    [one] The PDF has acts only of institutions with traffic: { $count } without traffic is left out.
   *[other] The PDF has acts only of institutions with traffic: { $count } without traffic are left out.
}
report-act = Act as PDF
report-segments = Segments
report-sum = Sum
report-running = The month still runs: the figures grow.
report-ahead = The month has not begun yet.
report-heading-ahead = { $month }: the month has not begun yet
report-spread = Of a part of the traffic only the sum over a longer time is known; it makes no difference to the total.
report-by-class = By service and direction
report-by-segment = By segment
report-empty = No traffic in this month
report-empty-hint = Choose another month.
report-gaps = Interruptions of counting in this month
month-name-1 = January
month-name-2 = February
month-name-3 = March
month-name-4 = April
month-name-5 = May
month-name-6 = June
month-name-7 = July
month-name-8 = August
month-name-9 = September
month-name-10 = October
month-name-11 = November
month-name-12 = December
month-of-year = { $month } { $year }
month-of-year-short = { $month } { $year }

## The act
act-title = Act on the volumes of transferred data
act-titles = Acts on the volumes of transferred data
act-number = No. { $number }
act-period = for { $month }: { $from } to { $to } inclusive
act-running = The month is not over: the act is preliminary.
act-institution = Institution
act-address = Address
act-contracts = Contracts
act-segments = By segment
act-classes = By service and direction
act-note-count = Layer-3 bytes as they were on the segment’s link, without sampling. 1 MB = 1,000,000 bytes.
act-note-p95 = 95th percentile: of average rates over five minutes; the channel was busier 5 % of the time.
act-note-spread = Of a part of the data only the sum is known over a time in which the counters were not read; it is in the total as a whole.
act-operator = For the hub
act-customer = For the institution
act-under = signature, name
act-below = “___” ______________ { $year }   Seal
act-page = Page { $page } of { $pages }
act-owner-unknown = Hub of the government network

## Quotas
quota-title = Quotas and thresholds
quota-heading-none = No quotas yet
quota-heading-calm = All segments are within their quotas
quota-heading-warned = { $count ->
    [one] { $count } segment comes near a quota
   *[other] { $count } segments come near a quota
}
quota-heading-reached = { $count ->
    [one] { $count } segment has used up a quota
   *[other] { $count } segments have used up a quota
}
quota-empty-text = A quota limits the volume of a day or a month, a threshold watches the rate. At the limit the hub writes it into the journal and, if wanted, slows the segment.
quota-add = Add a quota
quota-new = New quota
quota-list = All quotas
quota-standing = Who came near the limit
quota-standing-none = All segments are below the warning.
quota-name = Name
quota-name-help = For people: it will be in the journal.
quota-whose = Whose
quota-whose-all = each segment by itself
quota-segment-help = Identifier of a segment, such as s007. Empty: the quota holds for each segment by itself.
quota-no-segment = There is no such segment. Choose an identifier from the list.
quota-kind = What to limit
quota-kind-day = Volume of a day
quota-kind-month = Volume of a month
quota-kind-rate = Rate
quota-kind-rate-help = A threshold: it counts when the rate is above it in every one of so many minutes.
quota-bytes = Volume, GB
quota-bytes-help = For the volume of a day or a month. 1 GB = 1,000,000,000 bytes.
quota-rate = Rate, Mbit/s
quota-rate-help = For a threshold of the rate.
quota-minutes = For how many minutes
quota-minutes-help = 1 to 60, for a threshold of the rate.
quota-way = What counts
quota-way-sum = both ways together
quota-way-down = to the segment
quota-way-up = from the segment
quota-warn = Warn at, %
quota-warn-help = 1 to 100 per cent of the limit; 100: no warning.
quota-action = At the limit
quota-action-notice = Write it into the journal
quota-action-notice-help = Traffic is not limited.
quota-action-shape = Slow the segment
quota-action-shape-help = Both ways are limited to this rate until the period ends; it is in the journal too.
quota-kbps = To which rate, Kbit/s
quota-kbps-help = Not less than 64.
quota-when-volume = needed to limit a volume
quota-when-rate = needed to limit the rate
quota-when-shaped = needed to slow the segment
quota-need = The field is empty. Fill it in.
quota-not-number = Write a number above zero.
quota-range = Write a whole number from { $from } to { $to }.
quota-added = The quota was added.
quota-removed = The quota was removed.
quota-remove = Remove the quota
quota-remove-heading = Remove the quota: { $name }?
quota-remove-text = Segments that this quota slowed get their former rate back. Earlier entries stay in the journal.
quota-limit = Limit
quota-limit-day = { $bytes } a day
quota-limit-month = { $bytes } a month
quota-limit-rate = { $minutes ->
    [one] { $rate } for { $minutes } minute
   *[other] { $rate } for { $minutes } minutes
}
quota-now = Now
quota-used = { $used } of { $limit }, { $percent } %
quota-level-normal = within
quota-level-warned = near the limit
quota-level-reached = used up
quota-noticed = an entry in the journal
quota-shaped = slows to { $rate }
quota-counts = used up { $reached }, near { $warned }

# What segments open themselves: how fast the channel is.
speed-title = Speed of the channel
speed-heading = Speed of the channel: { $segment }
speed-intro = The hub sends to this computer and takes from it, ten seconds each way. Other traffic of the segment goes first: nobody has to stop working.
speed-start = Measure
speed-listening = Listening to the channel …
speed-failed = Measuring did not work. Try again in a minute.
speed-no-script = Without scripts only the way to the segment can be measured: take the test file, then load this page anew.
speed-file = Test file
speed-address = Your address
speed-contract-down = Contracted to the segment
speed-contract-up = Contracted from the segment
speed-results = What was measured
speed-none = Not measured yet.
speed-way = Direction
speed-rate = Measured
speed-work = Other traffic
speed-delay = Delay, ms
speed-delay-note = Delay: at rest / during the measurement.
speed-limit = Limited by
speed-limit-channel = the channel
speed-limit-contract = the contract
speed-limit-work = other traffic
speed-limit-hub = the hub
speed-how = To measure, open { $url } on a computer of the segment; no program is needed. Other traffic goes first.
speed-stranger = Your address { $address } belongs to no segment. Open this page on a computer of an institution's network, or tell the administrator of the hub.
speed-too-soon = This segment was measured a moment ago. Try again in { $wait }.
speed-full = Other segments are being measured. Try again in { $wait }.
speed-blind = The hub does not count traffic at the moment, so it could not give way to others. Try again in a minute.

## Journal
action-traffic-reset = counters were reset
action-traffic-life = counters began anew
action-traffic-away = counters were not read
action-quota-create = quota added
action-quota-update = quota changed
action-quota-remove = quota removed
action-quota-warn = near a quota
action-quota-reach = quota used up
action-quota-end = within the quota again
subject-quota = Quota
subject-traffic = Traffic accounting
