//! How many files and connections this process may have open.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the limit of open files and connections as far as the system lets it: a shell and systemd
/// begin with 1,024. Warns where that is fewer than the process needs at the most.
pub fn raise_descriptors(need: u64) {
    match raise() {
        Ok(limit) if limit >= need => {}
        Ok(limit) => tracing::warn!(
            limit,
            need,
            "too few open files and connections are allowed: raise the hard limit of them \
             (LimitNOFILE of systemd, ulimit -Hn of a shell)"
        ),
        Err(error) => {
            tracing::warn!(%error, need, "the limit of open files and connections stays as it was");
        }
    }
}

/// Answers what the limit is now.
fn raise() -> nix::Result<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    }
    Ok(hard)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T-8 (floods)
    #[test]
    fn the_limit_is_raised_as_far_as_it_goes() {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("the kernel says it");
        setrlimit(Resource::RLIMIT_NOFILE, soft.min(hard / 2), hard).expect("down one always may");
        raise_descriptors(hard);
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE), Ok((hard, hard)));
        raise_descriptors(hard.saturating_add(1));
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE), Ok((hard, hard)), "it only warns");
    }
}
