//! What an edit or the rights must keep to, each rule with a sentence that says what to do.

use ets_model::{Check, CheckFault, PolicyFault, SegmentId, ServiceId, ServiceNo};

/// Why an edit cannot be taken, or rights cannot be put in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No such segment.
    #[error("there is no segment {0}: look at the registry for its identifier")]
    NoSegment(SegmentId),
    /// The segment is retired.
    #[error("segment {0} is retired: bring it back in the registry first")]
    RetiredSegment(SegmentId),
    /// No such service.
    #[error("there is no service {0}: look at the list of services for its identifier")]
    NoService(ServiceId),
    /// The service is retired.
    #[error("service {0} is retired: bring it back first")]
    RetiredService(ServiceId),
    /// The identifier of a new service is taken.
    #[error("there is a service {0} already: change that one, or choose another identifier")]
    ServiceExists(ServiceId),
    /// The service is not retired.
    #[error("service {0} is not retired: nothing has to be brought back")]
    NotRetired(ServiceId),
    /// Somebody else changed the service meanwhile.
    #[error(
        "service {service} was changed meanwhile (version {current}, yours is {yours}): look at \
         it again and repeat your edit"
    )]
    ServiceChanged {
        /// Which service.
        service: ServiceId,
        /// The version that the edit was made on.
        yours: i64,
        /// The version that stands.
        current: i64,
    },
    /// All numbers are given.
    #[error(
        "service {0} cannot be added: all {most} numbers are given, and a number stays with its \
         service for ever; change a service that is no longer used instead",
        most = ServiceNo::MOST
    )]
    NoNumber(ServiceId),
    /// A service without a name.
    #[error("service {0} has no name: give it one in at least one language")]
    NameMissing(ServiceId),
    /// A name that is too long or holds a control character.
    #[error("a name of service {0} is longer than 200 letters or holds a control character")]
    NameUnfit(ServiceId),
    /// A service with more than can be shown and checked.
    #[error("service {0} has more than {1}: split it into two")]
    TooMuch(ServiceId, &'static str),
    /// A service with more health checks than are asked.
    #[error("service {0} has more than {most} health checks: leave some out", most = Check::MOST)]
    TooManyChecks(ServiceId),
    /// A description or a word about the owner that is too long, or holds a control character.
    #[error(
        "what is written about service {0} is too long or holds a control character: at most 1000 \
         letters for its description, 200 for each word about its owner"
    )]
    TextUnfit(ServiceId),
    /// The owner's institution is not in the registry.
    #[error(
        "there is no institution {1}: look at the registry for its identifier, or name the owner of service {0} in words"
    )]
    NoOwner(ServiceId, String),
    /// Health checks that cannot be asked, by their place in the list, from 1.
    #[error("health checks of service {0}: {told}", told = told(.1))]
    Checks(ServiceId, Vec<(usize, CheckFault)>),
    /// A rate of nothing in both directions.
    #[error("the rate of {0} says nothing: give at least one direction, or shape it no longer")]
    NoRate(SegmentId),
    /// What the rights make together with the registry cannot be put in force.
    #[error(transparent)]
    Policy(#[from] PolicyFault),
}

fn told(faults: &[(usize, CheckFault)]) -> String {
    let one = |(no, fault): &(usize, CheckFault)| format!("check {no}: {fault}");
    faults.iter().map(one).collect::<Vec<_>>().join("; ")
}
