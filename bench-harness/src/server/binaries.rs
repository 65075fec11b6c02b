//! Finding PostgreSQL's server binaries.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::ServerError;

/// Environment variable that names the folder of the server binaries.
pub const PG_BIN_VAR: &str = "INDEXPROOF_PG_BIN";

/// One installed PostgreSQL server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The folder with `initdb` and `postgres`.
    pub bin: PathBuf,
    /// As `postgres --version` says it, e.g. `15.20`.
    pub version: String,
}

/// Where binaries are looked for.
#[derive(Clone, Debug)]
pub struct Search {
    /// Named by the user: the only place then.
    pub explicit: Option<PathBuf>,
    /// `PATH`, for pg_config and for the binaries themselves.
    pub path: OsString,
    /// Folders that hold one folder per version, and what lies between that and the binaries.
    pub version_roots: Vec<(PathBuf, &'static str)>,
}

impl Search {
    /// The usual places; `pg_bin` (else [`PG_BIN_VAR`]) overrides them all.
    pub fn usual(pg_bin: Option<&Path>) -> Self {
        let variable = std::env::var_os(PG_BIN_VAR).filter(|value| !value.is_empty()).map(PathBuf::from);
        let roots = [
            ("/usr/lib/postgresql", "bin"), // Debian, Ubuntu
            ("/usr", "bin"),                // Fedora, Arch; /usr/pgsql-17/bin of the PGDG packages
            ("/opt/homebrew/opt", "bin"),   // macOS
            ("/usr/local/opt", "bin"),      // macOS on Intel
            ("/Applications/Postgres.app/Contents/Versions", "bin"),
        ];
        Search {
            explicit: pg_bin.map(Path::to_owned).or(variable),
            path: std::env::var_os("PATH").unwrap_or_default(),
            version_roots: roots.into_iter().map(|(root, below)| (PathBuf::from(root), below)).collect(),
        }
    }

    /// All installations, the one to use first: pg_config's, then the newest.
    pub fn all(&self) -> Result<Vec<Installation>, ServerError> {
        if let Some(dir) = &self.explicit {
            return installation(dir)
                .map(|found| vec![found])
                .map_err(|missing| ServerError::PgBin { dir: dir.clone(), missing });
        }
        let mut seen = BTreeSet::new();
        let mut unseen = |found: &Installation| {
            seen.insert(found.bin.canonicalize().unwrap_or_else(|_| found.bin.clone()))
        };
        let mut all: Vec<Installation> =
            self.by_pg_config().into_iter().filter(|found| unseen(found)).collect();
        let mut rest: Vec<Installation> = self
            .candidates()
            .filter_map(|dir| installation(&dir).ok())
            .filter(|found| unseen(found))
            .collect();
        rest.sort_by_key(|found| std::cmp::Reverse(version_key(&found.version)));
        all.extend(rest);
        if all.is_empty() {
            return Err(ServerError::PostgresMissing { looked_in: self.places() });
        }
        Ok(all)
    }

    /// The installation to use.
    pub fn first(&self) -> Result<Installation, ServerError> {
        let all = self.all()?;
        all.into_iter().next().ok_or_else(|| ServerError::PostgresMissing { looked_in: self.places() })
    }

    fn by_pg_config(&self) -> Option<Installation> {
        let pg_config = self.on_path().map(|dir| dir.join("pg_config")).find(|program| program.is_file())?;
        let answer = Command::new(pg_config).arg("--bindir").output().ok().filter(|o| o.status.success())?;
        // pg_config also comes with client headers alone: then its folder holds no server.
        installation(Path::new(String::from_utf8_lossy(&answer.stdout).trim())).ok()
    }

    fn candidates(&self) -> impl Iterator<Item = PathBuf> {
        let versions = self.version_roots.iter().flat_map(|(root, below)| {
            let folders = std::fs::read_dir(root).into_iter().flatten().flatten();
            folders.map(move |entry| entry.path().join(below))
        });
        // Links on PATH lead to the real folder, without which PostgreSQL would not find its other files.
        let linked = self.on_path().filter_map(|dir| dir.join("postgres").canonicalize().ok());
        versions.chain(linked.filter_map(|program| program.parent().map(Path::to_owned)))
    }

    fn on_path(&self) -> impl Iterator<Item = PathBuf> {
        std::env::split_paths(&self.path)
    }

    fn places(&self) -> Vec<String> {
        let roots = self.version_roots.iter().map(|(root, below)| format!("{}/*/{below}", root.display()));
        ["pg_config and postgres on PATH".to_owned()].into_iter().chain(roots).collect()
    }
}

/// The server in a folder, or what is missing there.
fn installation(dir: &Path) -> Result<Installation, String> {
    for program in ["initdb", "postgres"] {
        if !dir.join(program).is_file() {
            return Err(format!("no {program} in it"));
        }
    }
    let postgres = dir.join("postgres");
    let answer = Command::new(&postgres).arg("--version").output();
    let answer = answer.map_err(|e| format!("{} can't be run: {e}", postgres.display()))?;
    let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    // "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)"
    match text.split_whitespace().nth(2) {
        Some(version) if answer.status.success() => {
            Ok(Installation { bin: dir.to_owned(), version: version.to_owned() })
        }
        _ => Err(format!("{} --version ends with {}", postgres.display(), answer.status)),
    }
}

/// Orders versions by number, so that 9.6 < 15 < 18beta1.
fn version_key(version: &str) -> Vec<u32> {
    version.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

impl Installation {
    /// Where the binaries come from, for a result that people publish: the folder when it is one of the usual
    /// places, which tells the package and is the same everywhere; of any other folder nothing, because its path
    /// tells of this machine and its user alone. The version stands beside it in the result.
    pub fn published_origin(&self) -> String {
        let roots = Search::usual(None).version_roots;
        let usual = roots.iter().any(|(root, below)| {
            self.bin
                .strip_prefix(root)
                .is_ok_and(|inner| inner.ends_with(below) && inner.components().count() <= 2)
        });
        if usual { self.bin.display().to_string() } else { "binaries outside the usual places".to_owned() }
    }

    /// A path that `pg_config` of this installation knows, e.g. `--pkglibdir`.
    ///
    /// None when the installation has no pg_config (it comes with the headers on some systems).
    pub fn path_of(&self, option: &str) -> Option<PathBuf> {
        let answer = Command::new(self.bin.join("pg_config")).arg(option).output().ok()?;
        let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        (answer.status.success() && !text.is_empty()).then(|| PathBuf::from(text))
    }

    /// Whether a loadable library is installed, by its name without suffix.
    pub fn has_library(&self, name: &str) -> bool {
        let Some(dir) = self.path_of("--pkglibdir") else { return false };
        [".so", ".dylib"].iter().any(|suffix| dir.join(format!("{name}{suffix}")).is_file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn program(path: &Path, script: &str) {
        fs::create_dir_all(path.parent().expect("in a folder")).expect("mkdir");
        fs::write(path, format!("#!/bin/sh\n{script}\n")).expect("write");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("chmod");
    }

    fn server(bin: &Path, version: &str) {
        program(&bin.join("initdb"), "exit 0");
        program(&bin.join("postgres"), &format!("echo 'postgres (PostgreSQL) {version}'"));
    }

    fn search_in(root: &Path) -> Search {
        Search {
            explicit: None,
            path: root.join("path").into(),
            version_roots: vec![(root.join("lib"), "bin")],
        }
    }

    #[test]
    fn nothing_installed_says_where_it_looked_and_how_to_install() {
        let root = tempfile::tempdir().expect("tempdir");
        let error = search_in(root.path()).all().expect_err("empty");
        assert!(error.to_string().contains("/lib/*/bin"), "{error}");
        let help = miette::Diagnostic::help(&error).expect("help").to_string();
        assert!(help.contains("ci/setup") && help.contains("apt-get install -y postgresql"), "{help}");
    }

    #[test]
    fn the_newest_comes_first_by_number() {
        let root = tempfile::tempdir().expect("tempdir");
        for version in ["9.6.1", "15.20", "17.2"] {
            server(&root.path().join("lib").join(version).join("bin"), version);
        }
        let versions: Vec<_> =
            search_in(root.path()).all().expect("three").into_iter().map(|found| found.version).collect();
        assert_eq!(versions, ["17.2", "15.20", "9.6.1"]);
    }

    #[test]
    fn pg_config_on_path_goes_first_and_is_not_listed_twice() {
        let root = tempfile::tempdir().expect("tempdir");
        let older = root.path().join("lib/15/bin");
        server(&older, "15.20");
        server(&root.path().join("lib/17/bin"), "17.2");
        program(&root.path().join("path/pg_config"), &format!("echo {}", older.display()));
        let versions: Vec<_> =
            search_in(root.path()).all().expect("two").into_iter().map(|found| found.version).collect();
        assert_eq!(versions, ["15.20", "17.2"]);
    }

    #[test]
    fn a_published_origin_names_the_usual_places_alone() {
        let origin =
            |bin: &str| Installation { bin: PathBuf::from(bin), version: "17.2".into() }.published_origin();
        for usual in
            ["/usr/lib/postgresql/15/bin", "/usr/pgsql-17/bin", "/opt/homebrew/opt/postgresql@17/bin"]
        {
            assert_eq!(origin(usual), usual);
        }
        for private in
            ["/home/me/errand/target/private-postgres/15/usr/lib/postgresql/15/bin", "/usr/x/y/bin"]
        {
            assert_eq!(origin(private), "binaries outside the usual places");
        }
    }

    #[test]
    fn a_named_folder_is_the_only_place() {
        let root = tempfile::tempdir().expect("tempdir");
        server(&root.path().join("lib/17/bin"), "17.2");
        let search = Search { explicit: Some(root.path().join("elsewhere")), ..search_in(root.path()) };
        let error = search.all().expect_err("no server there");
        assert!(
            matches!(&error, ServerError::PgBin { missing, .. } if missing == "no initdb in it"),
            "{error}"
        );
    }
}
