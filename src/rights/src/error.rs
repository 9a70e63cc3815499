//! What is refused, and what fails.

/// A phrase that says what to do; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name is none of a right.
    #[error(
        "\"{0}\" is no right: write room.action in small letters, as /api/v1/rights/roles has it"
    )]
    NoRight(String),
    /// Nobody of that name was ever issued a certificate.
    #[error("there is no person \"{0}\": people are known from their first certificate on")]
    NoPerson(String),
    /// There is no such role.
    #[error("there is no role \"{0}\": choose one of the list of roles")]
    NoRole(String),
    /// There is no such grant, or it is over.
    #[error("there is no grant {0} that stands: see the list of the person's grants")]
    NoGrant(i64),
    /// There is no such substitution, or it is over.
    #[error("there is no substitution {0} that stands")]
    NoSubstitution(i64),
    /// Nothing is suspended.
    #[error("nothing is suspended here: there is nothing to lift")]
    NotSuspended,
    /// It is suspended already.
    #[error("it is suspended already: lift that first")]
    Suspended,
    /// The same stands already.
    #[error("the same stands already: end that first, or choose another time")]
    Already,
    /// The end lies before the beginning or in the past.
    #[error("the end lies before the beginning or in the past: choose a later one")]
    Times,
    /// A change without a reason.
    #[error("say why: the reason goes into the journal")]
    NeedReason,
    /// Nobody changes his own rights.
    #[error("nobody gives rights to himself: ask another rights administrator")]
    OwnRights,
    /// Whoever gives must have the right to where he gives it.
    #[error("this lies outside of where you may give rights: ask who administers it")]
    Outside,
    /// A second person is needed, and another one than gave it.
    #[error("a second person must confirm it: neither who gave it nor who gets it")]
    Second,
    /// Whoever gives a role alone cannot make it one that is given alone.
    #[error("the role \"{0}\" needs a second person: ask an administrator of the hub to change it")]
    FourEyes(String),
    /// It does not wait for anybody.
    #[error("this waits for nobody: it was confirmed, or needs no second person")]
    NotWaiting,
    /// It would leave nobody who can give rights.
    #[error(
        "this would leave nobody who can give rights: give the role rights-administrator to \
         another person first"
    )]
    LastAdministrator,
    /// A role that every hub has stays as it is.
    #[error("the role \"{0}\" belongs to the hub and stays as it is: make another one")]
    BuiltIn(String),
    /// A role's name or rights do not fit.
    #[error("the role cannot be made so: {0}")]
    Role(&'static str),
    /// A row that cannot be read.
    #[error("the rights in the database cannot be read: {0}")]
    Unreadable(String),
    /// The task that wrote was ended.
    #[error("the change was cut off; see whether it was made")]
    CutOff,
    /// The database's.
    #[error("the database did not take it")]
    Store(#[from] ets_store::Error),
    /// The journal's.
    #[error("the journal did not take it")]
    Journal(#[from] ets_journal::Error),
}
