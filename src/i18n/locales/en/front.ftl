# Pages for people without entry: my connection, and the way into the network.
front-hub = Network hub
front-at = As of { $moment }
front-title = My connection
front-up = Your connection works
front-degraded = Your connection is unstable
front-down = The hub gets no answer from your router
front-maintenance = Planned work on your channel
front-unknown = The state of your channel is not known now

front-you = Your workplace
front-address = Your address
front-address-right = as it should be
front-institution = Institution
front-segment = Segment
front-networks = Its addresses
front-channel = Channel
front-now = Now
front-since = since { $moment }
front-delay = Delay
front-loss = Lost in the last minute
front-month = Since the month began
front-available = available { $percent }% of the time
front-today = Today, whole segment
front-bytes = received { $down }, sent { $up }
front-not-known = not known
front-outages = Outages this month
front-no-outages = There was none.
front-lasts = { $length }, goes on
front-cause = Cause
front-cause-planned = planned work
front-cause-port = cable or equipment at the hub’s end
front-cause-router = your router was silent: no power or no link
front-cause-way = break on the provider’s side
front-cause-hub = the hub’s own settings
front-cause-unknown = not found out
front-more-outages = { $count ->
    [one] { $count } outage this month, the newest shown.
   *[other] { $count } outages this month, the newest shown.
}

front-call = Whom to call
front-call-nobody = The administrator of your institution.
front-call-say = Say: segment { $segment }, address { $address }.
front-services = What you can reach
front-services-none = Nothing is open to your segment.
front-service = Service
front-where = Address and port
front-service-state = Answers
front-out = The way out to the internet
front-out-text = In the browser’s network settings choose a manual proxy and give:
front-out-http = HTTP and HTTPS
front-out-socks = SOCKS 5
front-place = { $address }, port { $port }
front-speed = Speed of your channel
front-speed-text = Ten seconds each way; the work of others goes first.
front-speed-open = Measure
front-speed-down = To you
front-speed-up = From you
front-certificate = Entry by certificate
front-certificate-text = Services that ask who you are open with your certificate:

front-stranger-heading = You are not connected to the closed network
front-stranger-sub = Your address is { $address }; it belongs to no workplace of the network.
front-stranger-do = What to do
front-stranger-place = Open this page on a computer at your institution, connected to its network by cable. From home and by mobile internet the network cannot be reached.
front-stranger-cable = At the workplace, look whether the network cable is in its socket and its light is on.
front-stranger-address = Have the computer get its address by itself (automatically, DHCP). Switch off other networks: Wi-Fi, a telephone, a VPN.
front-stranger-again = Restart the computer and open this page again.
front-stranger-call = If nothing has changed, call: { $duty }.
front-stranger-call-nobody = If nothing has changed, call the administrator of your institution.
front-network = What this network is
front-network-text = The closed network joins state institutions with their mail, document flow and other services, apart from the internet. Only workplaces of institutions that are connected to it can enter.
