//! How machines get certificates by themselves: ACME (RFC 8555) and EST (RFC 7030).
