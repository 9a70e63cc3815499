//! What a stranger may do to our tables.

/// Lines for `nft` that do something to our table, and a piece of what is said of it.
pub(crate) const MEDDLING: &[(&str, &str, &str)] = &[
    (
        "insert rule inet ets forward tcp dport 22 accept",
        "rule in chain forward",
        "th dport 22 accept",
    ),
    (
        "add rule inet ets forward ip saddr { 192.0.2.1, 192.0.2.2 } reject",
        "set __set",
        "none of ours",
    ),
    ("add rule inet ets forward jump { ip ttl 3 drop; }", "chain __chain", "others jump to"),
    (
        "add rule inet ets forward ct state vmap { new : drop }",
        "rule in chain forward",
        "vmap @__map",
    ),
    (
        "add rule inet ets forward iifname \"eth*\" accept",
        "rule in chain forward",
        "[meta: key 6] ",
    ),
    (
        "add rule inet ets forward meta mark set meta mark lshift 3",
        "rule in chain",
        "[bitwise: operation 1]",
    ),
    ("add rule inet ets forward ip ttl set 3", "rule in chain forward", "[payload: attribute 5]"),
    (
        "add rule inet ets forward limit rate 5/minute accept",
        "rule in chain forward",
        "per 60 s] accept",
    ),
    ("add rule inet ets forward numgen random mod 2 0 drop", "rule in chain forward", "[numgen]"),
    (
        "add rule inet ets forward ct original ip saddr 1.2.3.4 drop",
        "rule in chain forward",
        "[ct: ",
    ),
    (
        "add rule inet ets forward update @rate { meta mark timeout 5s }",
        "rule in chain",
        "a timeout of its own",
    ),
    (
        "add rule inet ets forward add @rate { meta mark }",
        "rule in chain forward",
        "[dynset: operation 0",
    ),
    ("delete rule inet ets guard handle {guard}", "rule in chain guard", ""),
    ("flush chain inet ets service_1", "rule in chain service_1", ""),
    ("add element inet ets may_1 { 5 }", "element of set may_1", "0x00000005"),
    ("delete element inet ets may_1 { 1 }", "element of set may_1", ""),
    ("add element inet ets from4_24 { * : 5 }", "element of set from4_24", "* : 0x00000005"),
    (
        "delete element inet ets ports { 9 }; add element inet ets ports { 9 : drop }",
        "element of set ports",
        "9 : drop",
    ),
    ("flush map inet ets services", "element of set services", ""),
    ("add set inet ets more { type ifname; }", "set more", "0x29 with flags 0x0, which is none"),
    ("add set inet ets more { type ipv4_addr; flags timeout; }", "set more", "with flags 0x10"),
    (
        "add chain inet ets early { type filter hook input priority -5; }",
        "chain early",
        "hook input",
    ),
    (
        "add chain inet ets n { type nat hook postrouting priority 5; }",
        "chain n",
        "hook 4 (or of another",
    ),
    ("add chain inet ets forward { policy accept; }", "chain forward", "policy accept;"),
    ("add table inet ets { flags dormant; }", "chain forward", "the table is dormant"),
    ("delete table inet ets", "table inet ets", ""),
    ("flush ruleset", "table arp ets", ""),
    ("rename chain inet ets from_segment another", "chain another", "others jump to"),
    ("add element inet ets may_1 { 6 comment \"mine\" }", "element of set may_1", "0x00000006"),
    (
        "flush chain inet ets service_1; delete set inet ets may_1; add set inet ets may_1 { type ipv4_addr; }",
        "set may_1",
        "type ipv4_addr",
    ),
    (
        "flush chain inet ets service_1; delete set inet ets may_1;
         add set inet ets may_1 { type mark; flags timeout; };
         add rule inet ets forward meta mark @may_1 accept",
        "set may_1",
        "none of ours",
    ),
    (
        "add counter inet ets hits; add rule inet ets guard counter name hits",
        "rule in chain guard",
        "[objref]",
    ),
    (
        "add rule arp ets input arp operation reply accept",
        "rule in chain input",
        "arp operation 2 accept",
    ),
    ("add rule netdev ets early drop", "rule in chain early", "drop"),
];
