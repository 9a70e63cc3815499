//! Why nothing can be said about a packet.

/// What could not be computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproved {
    /// An expression that is not ours, or one where we never put it.
    #[error("rule `{rule}` of chain {chain}: what `{what}` does is not known")]
    Unknown {
        /// The chain.
        chain: String,
        /// The rule's comment.
        rule: String,
        /// The expression.
        what: String,
    },
    /// A rule or a map names a chain or set that is not there.
    #[error("{0} is named and is not there")]
    Missing(String),
    /// A chain is called from where we have none.
    #[error("chain {0} is called from where none of ours is")]
    Hook(String),
    /// Jumps deeper than the kernel allows (`NFT_JUMP_STACK_SIZE`).
    #[error("chain {0} jumps too deep")]
    Deep(String),
    /// A rule compares a destination with a value: that says nothing about other destinations.
    #[error("a rule on the way to {0} compares the destination itself: not every one can be tried")]
    Destination(std::net::IpAddr),
    /// The packet is none of IP.
    #[error("the packet is none of IPv4 or IPv6")]
    Packet,
}
