//! Rules in words.

use super::transaction::Step;

pub(crate) fn step(step: &Step) -> String {
    format!("{step:?}")
}
