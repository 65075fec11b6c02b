//! The account a throwaway cluster runs as: PostgreSQL refuses root.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::error::ServerError;

/// An account without rights, for the children of a root process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub name: &'static str,
    pub uid: u32,
    pub gid: u32,
}

impl Account {
    /// None when this process is not root, and children may simply run as its user.
    pub fn needed() -> Result<Option<Self>, ServerError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        // `postgres` comes with the packages; `nobody` is everywhere.
        ["postgres", "nobody"].into_iter().find_map(Self::named).map(Some).ok_or(ServerError::NoAccount)
    }

    fn named(name: &'static str) -> Option<Self> {
        Some(Account { name, uid: id_of("-u", name)?, gid: id_of("-g", name)? })
    }

    pub fn name_of(account: Option<&Account>) -> String {
        account.map_or_else(|| "the current user".to_owned(), |account| account.name.to_owned())
    }
}

/// `id` asks every source of accounts the system knows, not only /etc/passwd.
fn id_of(option: &str, name: &str) -> Option<u32> {
    let answer = Command::new("id").args([option, name]).output().ok().filter(|o| o.status.success())?;
    String::from_utf8_lossy(&answer.stdout).trim().parse().ok().filter(|id| *id != 0)
}

/// Makes a command run as the account, without the groups of this process.
pub(super) fn run_as(command: &mut Command, account: Option<&Account>) {
    if let Some(account) = account {
        // The standard library drops supplementary groups when root sets a uid.
        command.uid(account.uid).gid(account.gid);
    }
}

/// Gives a path to the account.
pub(super) fn give(path: &Path, account: Option<&Account>) -> Result<(), ServerError> {
    let Some(account) = account else { return Ok(()) };
    std::os::unix::fs::chown(path, Some(account.uid), Some(account.gid))
        .map_err(|e| ServerError::io("can't change the owner of", path, e))
}
