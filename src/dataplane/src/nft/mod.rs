//! The packet filter: rules as plain data, and the kernel's side of them by netlink of our own, without
//! the program `nft`. Tables of others are neither read nor touched.

pub mod ir;
