//! Integration tests of the whole product live in `cases/`; see docs/TESTING.md.
