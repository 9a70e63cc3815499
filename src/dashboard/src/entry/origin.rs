//! Protection of state changes against pages of other sites: the rule of all our pages.

pub(crate) use ets_web::origin::is_own;
