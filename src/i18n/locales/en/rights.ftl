# Rights: who may do what. Names stand by themselves, never inflected.

## Places
rights-title = Rights
rights-tab-people = People
rights-tab-roles = Roles
rights-tab-report = Who may what

## What is missing
rights-denied-title = A right is missing
rights-denied-what = This needs the right: { $right }.
rights-denied-ask = Ask: { $names }.
rights-denied-administrator = the network administrator
rights-denied-me = My rights

## Rights
right-network-read = see the network: segments, outages
right-network-write = change segments, provider points, maintenance
right-rules-read = see the rules
right-rules-write = change the rules
right-traffic-read = see the traffic and its reports
right-traffic-write = change quotas
right-journal-read = read the journal
right-system-read = see how the hub is
right-system-write = end sessions, make entry links
right-ca-read = see certificates and orders
right-ca-issue = issue certificates
right-ca-revoke = revoke and suspend certificates
right-rights-read = see rights
right-rights-write = give and take rights
right-portal-enter = enter the closed part

## Roles
role-administrator = Administrator
role-ca-officer = Certificate officer
role-rights-administrator = Rights administrator
role-auditor = Auditor
role-observer = Observer
role-civil-servant = Civil servant

## Scopes
scope-everywhere = Everywhere
scope-district = District: { $id }
scope-institution = Institution: { $id }
scope-segment = Segment: { $id }
scope-kind-district = A district
scope-kind-institution = An institution
scope-kind-segment = A segment
scope-kind-other = Something else, as kind:id

## People
rights-people-heading = { $count ->
    [one] { $count } person has rights
   *[other] { $count } people have rights
}
rights-people-none = Nobody has rights yet
rights-people-list = People
rights-people-empty = Nobody is found
rights-people-empty-text = People appear here with their first certificate. Try another name.
rights-column-name = Name
rights-column-organisation = Institution
rights-column-roles = Roles
rights-column-state = State
rights-person-suspended = suspended
rights-person-active = active
rights-person-nothing = no rights

## A person
rights-person-id = Identifier
rights-person-institution = Institution
rights-person-known = In the registry
rights-grants = Grants
rights-grants-empty = No grants
rights-grants-empty-text = Give a role to this person.
rights-column-role = Role
rights-column-scope = Where
rights-column-from = From
rights-column-until = Until
rights-column-given-by = Given by
rights-column-why = Why
rights-column-acts = What to do
rights-state-holds = holds
rights-state-waits = waits for a second person
rights-state-waits-partly = holds, but for what needs a second person: that waits for one
rights-state-later = begins later
rights-state-suspended = suspended
rights-state-over = over
rights-no-end = no end
rights-act-give = Give a role
rights-act-end = End
rights-act-suspend = Suspend
rights-act-resume = Lift the suspension
rights-act-confirm = Confirm
rights-act-stand-in = Name a substitute
rights-act-person-suspend = Suspend everything
rights-act-person-resume = Lift the suspension of everything
rights-stands-in = Stands in for
rights-stand-ins = Who stands in
rights-none-stands-in = Nobody

## Forms
rights-ask-role = Role
rights-ask-scope-kind = Where it holds
rights-ask-scope-id = Which one
rights-ask-scope-id-help = The identifier of the institution or segment, or the name of the district. Leave it empty for everywhere.
rights-ask-from = From
rights-ask-from-help = Empty: at once.
rights-ask-until = Until
rights-ask-until-help = Empty: without an end.
rights-ask-why = Why
rights-ask-why-help = The order or request; it goes into the journal.
rights-ask-substitute = Who stands in
rights-ask-substitute-help = The substitute has the same rights for this time, and the journal says for whom he acts.
rights-give-heading = Give a role: { $name }
rights-stand-in-heading = A substitute for: { $name }
rights-act-heading = { $act }: { $what }
rights-done = Done. It holds at once.
rights-waits-done = Given. It holds as soon as a second person confirms it.
rights-stand-in-waits-done = Named. It holds as soon as a second person confirms it.

## Faults
rights-fault-scope = This names no place: give an identifier or choose everywhere.
rights-fault-moment = This is no date and time.
rights-fault-person = There is no such person.
rights-fault-role = There is no such role.
rights-fault-times = The end lies before the beginning or in the past.
rights-fault-why = Say why.
rights-fault-own = Nobody gives rights to himself. Ask another rights administrator.
rights-fault-outside = You cannot give rights there. Ask who administers it.
rights-fault-second = A second person must confirm: neither who gave it nor who gets it.
rights-fault-last = Nobody could give rights any more. Give the role of rights administrator to somebody first.
rights-fault-already = The same stands already.
rights-fault-gone = It is over already, or was changed meanwhile. Look again.
rights-fault-built-in = This role belongs to the hub and keeps its rights. Make another one.
rights-fault-role-id = The name of a role is 1 to 48 of a-z, 0-9 and "-".
rights-fault-role-empty = Choose at least one right.
rights-fault-role-held = People have this role. End their grants first.

## Roles page
rights-roles-heading = { $count ->
    [one] { $count } role
   *[other] { $count } roles
}
rights-roles-list = Roles
rights-roles-new = New role
rights-roles-edit = Role: { $name }
rights-roles-close = Close the role
rights-roles-closed = The role is closed.
rights-column-id = Identifier
rights-column-rights = Rights
rights-column-second = Second person
rights-second-yes = needed
rights-second-no = not needed
rights-ask-id = Identifier
rights-ask-title = What people call it
rights-ask-rights = Rights
rights-ask-rights-help = One on a line or with spaces between: { $known }
rights-ask-second = Each grant waits until a second person confirms it

## Report
rights-report-heading = Who may what, { $day }
rights-report-list = Who may what
rights-report-on = On
rights-report-right = Right
rights-report-empty = Nobody could do this then
rights-report-empty-text = Choose another day or right.
rights-report-csv = As a table (CSV)
rights-report-for = for: { $name }

## My rights
me-institution = Institution
me-suspended = Your rights are suspended. Ask: { $names }.
me-nothing = You have no rights yet. Ask: { $names }.
me-role = Role
me-where = Where
me-when = Until
me-what = What it lets you do
me-for = For whom
me-own = for yourself

## In the journal
action-rights-person-add = person entered
action-rights-person-rename = person’s name or institution changed
action-rights-grant = role given
action-rights-end = role ended
action-rights-confirm = role confirmed by a second person
action-rights-suspend = role suspended
action-rights-resume = suspension of a role lifted
action-rights-person-suspend = all rights of a person suspended
action-rights-person-resume = suspension of a person lifted
action-rights-substitute = substitute named
action-rights-substitute-confirm = substitution confirmed by a second person
action-rights-substitute-end = substitution ended
action-rights-role = role changed
action-rights-role-close = role closed
