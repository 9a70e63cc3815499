//! The reverse proxy of the closed part: identity from the verified certificate, rights per route.
