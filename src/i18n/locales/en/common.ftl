# Words that every page uses: units, states, the frame, errors.

unit-byte = B
unit-kilobyte = kB
unit-megabyte = MB
unit-gigabyte = GB
unit-terabyte = TB
unit-bit-rate = bit/s
unit-kilobit-rate = kbit/s
unit-megabit-rate = Mbit/s
unit-gigabit-rate = Gbit/s
unit-terabit-rate = Tbit/s
unit-millisecond = ms
unit-second = s
unit-minute = min
unit-hour = h
unit-day = d

month-of-1 = January
month-of-2 = February
month-of-3 = March
month-of-4 = April
month-of-5 = May
month-of-6 = June
month-of-7 = July
month-of-8 = August
month-of-9 = September
month-of-10 = October
month-of-11 = November
month-of-12 = December

state-up = up
state-down = no link
state-degraded = unstable
state-maintenance = planned work
state-unknown = no data
# The word after a number, as in "43 up"; the number itself is printed apart.
count-up = { $count ->
   *[other] up
}
count-down = without a link
count-degraded = { $count ->
   *[other] unstable
}
count-maintenance = in planned work
count-unknown = without data
counts-label = How many segments are in which state

language-name = English
language-switch = Language
theme-switch = Appearance
theme-auto = As the system
theme-light = Light
theme-dark = Dark
skip-to-content = Skip to content
navigation = Sections
breadcrumbs = Where you are
search-label = Find
search-hint = Segment, institution, address
menu = Menu
preferences = View settings
sign-out = Sign out
print = Print
download-csv = CSV
all = All
close = Close
details = details
page-of-print = Address of this page
printed-at = Printed { $moment }
zone-of-times = Times: { $zone }
footer-help = Keys

help-title = Keys
help-search = search
help-help = this help
help-rows = next or previous row
help-open = open the row
help-star = star or table
help-wall = wall screen
help-pause = traffic: pause or go on
help-go = go to: { $place }
help-escape = close, drop the selection
help-shortcuts-on = Switch keys on
help-shortcuts-off = Switch keys off
help-shortcuts-state-on = Single-key shortcuts are on.
help-shortcuts-state-off = Single-key shortcuts are off.

age = data { $age } old
age-now = data is fresh
live-stale = No updates for { $age }. The page shows what was known at { $time }; connecting again.
live-back = The hub is connected again, data is fresh.
live-needs-script = Without JavaScript the page reloads every 10 seconds.
loading = Loading…

error-not-found-title = There is no such page
error-not-found-what = Nothing lies at this address: the link may be old or mistyped.
error-not-found-do = Check the address, search for what you need, or start from the overview.
error-forbidden-title = You may not enter here
error-forbidden-what = This page exists, but you have no right to it.
error-forbidden-do = If you need it for your work, ask the hub's administrator for the right and name this address.
error-sign-in-title = Sign in first
error-sign-in-what = This page opens with the administrator's certificate or by a one-time link. Your earlier entry may have run out.
error-sign-in-do = Choose the certificate when the browser asks for it, or get a new link with the command
error-stale-title = Somebody changed this record
error-stale-what = While you were editing, somebody else saved this record. Your changes are not written, theirs are untouched.
error-stale-do = Open the record again, compare, and enter your changes once more. The Back button of your browser returns what you typed.
error-internal-title = That did not work
error-internal-what = The hub met a fault and could not build the page. Watching the segments goes on.
error-internal-do = Try again in a minute. If it happens again, give the hub's administrator the number of the fault.
error-unavailable-title = One moment, please
error-unavailable-what = The part of the hub that is needed does not answer now: it is starting or overloaded.
error-unavailable-do = The page will open by itself as soon as the part answers. Watching the segments goes on.
error-bad-request-title = The request was not understood
error-bad-request-what = The browser sent what this page does not accept. Nothing was changed.
error-bad-request-do = Go back, check what you entered, and send it again.
error-reference = Number of the fault: { $reference }
error-to-overview = To the overview
error-try-again = Try again

star-title = Links of the hub
star-as-star = Star
star-as-table = Table
star-label = The star of the hub: { $count ->
    [one] { $count } segment
   *[other] { $count } segments
}
star-hub = hub
star-width = line width is traffic now
star-node = { $name }: { $state }
star-group = { $name }: { $count ->
    [one] { $count } segment
   *[other] { $count } segments
}, { $state }
star-group-down = { $count } without a link
star-group-troubled = { $count } of { $total }
star-elsewhere = Need attention
star-more = and { $count } more
star-no-group = Others

chart-table = Data as a table
chart-time = Time
chart-no-data = There is no data for this time
chart-loss = Loss, %
chart-rtt-distribution = How many answers within what time
chart-answers = Answers
chart-time-up-to = Time to answer, ms
chart-from-to = { $from } – { $to }
chart-lost-share = Probes lost: { $percent }%
sparkline-summary = from { $min } to { $max }
sparkline-empty = no data
strip-label = Availability by day, { $count ->
    [one] { $count } day
   *[other] { $count } days
}
strip-day = { $date }: available { $percent }%, without a link { $down }
strip-day-whole = { $date }: no interruption
strip-day-partly = { $date }: no interruption seen, no data for { $unknown }
strip-day-unknown = { $date }: no data
strip-ago = { $count ->
    [one] { $count } day ago
   *[other] { $count } days ago
}
strip-date = Date
strip-all-whole = Every day without interruption
strip-today = today

timeline-state = State
timeline-length = How long

sort-by = sort: { $column }
row-count = { $count ->
    [one] { $count } row
   *[other] { $count } rows
}
table-scrolls = The table is wider than the screen: it scrolls sideways.
pager-label = Pages of the list
pager-previous = Earlier
pager-next = Further
pager-shown = { $from } – { $to } of { $total }

form-errors = { $count ->
    [one] Not saved: mend { $count } field
   *[other] Not saved: mend { $count } fields
}
form-unusual = Is this right?
form-anyway = Save all the same
form-error = Error:
form-optional = optional
form-one-of-three = at least one of the three
form-choose = Choose…
form-draft-restored = A draft that you had not sent was restored.
form-draft-discard = Start afresh
form-save = Save
form-cancel = Cancel

value-none = none
value-unknown = unknown
yes = yes
no = no

story-emergency = Unplanned.
story-planned = Planned.
flash-close = Dismiss the message
error-form-expired-title = The form has run out
error-form-expired-what = The page with the form was opened too long ago, or you have signed in anew. What you sent is not written.
error-form-expired-do = Go back, reload the page, and send the form again.
