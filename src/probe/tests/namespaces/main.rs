//! The engine on real links of network namespaces. As an ordinary user these tests print why they
//! are skipped.

mod blind;
mod errors;
mod forged;
mod link;
mod replies;
mod second_opinion;
mod tcp;
