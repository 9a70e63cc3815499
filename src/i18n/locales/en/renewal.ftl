# Notices before a certificate ends, and its renewal by the owner.
expiry-subject = { $days ->
    [one] Your certificate ends in { $days } day
   *[other] Your certificate ends in { $days } days
}
expiry-greeting = Dear { $name },
expiry-text = your certificate { $serial } is valid until { $date }. After that day it opens nothing.
expiry-renew =
    You can renew it yourself: come in with the token that you have, the page leads you through it. Your rights stay as they are.
    { $url }
expiry-ask = Turn to the officer who gave it to you: he orders the next one. Your rights stay as they are.
expiry-machine = The machine renews it by itself (EST). If it has the next one already, nothing is to be done; if not, see to the machine, or turn to the officer who gave the certificate to you.
expiry-end = This letter was written by the network’s hub; nobody reads answers to it.
renew-title = Renewal of the certificate
renew-card = Your certificate ends soon
renew-left = { $days ->
    [one] It is good for { $days } more day, until { $date }.
   *[other] It is good for { $days } more days, until { $date }.
}
renew-open = Renew the certificate
renew-officer = Turn to the officer who gave it to you: he orders the next one. Your rights stay as they are.
renew-from = You can renew it yourself from { $date } on.
renew-self = You can renew it yourself, with the token that you have. Name and rights stay as they are; the present certificate goes on until its end, or until you say that the new one works.
renew-how = How the request is made
renew-how-text = On the computer into which the token is plugged, with OpenSC and OpenSSL. The first command makes a new key beside the present one; both ask for the PIN.
renew-form = Renew with the consent of the present key
renew-file = Or the file with the request
renew-submit = Renew
renew-empty = Paste the request, or choose the file.
renew-waiting = Your request was received. Another officer must confirm it; the certificate can be taken here then.
renew-confirmed = Your request is confirmed. The certificate can be taken here once an officer has issued it.
renew-issued = The new certificate { $serial } is issued, valid until { $date }. Take it and write it onto the token:
renew-take = Take the certificate
renew-then = Then close the browser, come in with the new certificate and say on this page that it works.
renew-over = The new certificate opens nothing any more. Turn to the officer.
renew-old = The certificate before this one is still valid
renew-old-text = You came in with the new certificate. Certificate { $serial } is valid until { $date }; end it now if you need it no more.
renew-end = It works: end the old one
renew-ended = The old certificate opens nothing any more.
renew-done = The certificate is renewed.
renew-sent = The request waits for an officer.
renew-none = You came in without a certificate of a token: there is nothing to renew.
renew-sign = The token signs
renew-again = Go on
ca-told = Owner was told
ca-told-at = { $days ->
    [one] { $date }, { $days } day ahead
   *[other] { $date }, { $days } days ahead
}
ca-told-not = not yet
ca-told-queued = waits for the mail server
ca-told-failed = refused: { $words }
ca-told-waits = waits: { $words }
ca-told-no-address = no address
ca-told-no-mail = no mail is set up
ca-contact = Notices before the end
ca-contact-email = E-mail
ca-contact-email-help = Where the owner is told that the certificate ends.
ca-contact-lang = Language of letters
ca-contact-save = Save
ca-contact-saved = The address is saved.
ca-renews = Renews the certificate
ca-renewed-by = Renewed by
ca-renewed-by-certificate = Renewed by the certificate
ca-revoke-pair = If the token was lost, stolen or broken into, the other certificates on it end as well: those that this one renewed, and those that renewed it.
action-token-renew = certificate renewed by its owner
action-token-contact = address for notices changed
action-token-notice = owner told that the certificate ends
