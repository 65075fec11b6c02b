//! What `--server` may say.

use std::fmt;
use std::str::FromStr;

use tokio_postgres::config::Host;

use super::error::explain;

/// The image `ci/image` builds: PostgreSQL with pg_errand in it.
pub const DEFAULT_IMAGE: &str = "errand-postgres:17";

/// Which server a run works on: `auto`, `local`, `docker`, `docker:IMAGE` or `postgres://…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ServerChoice {
    /// Docker when an engine answers and the image is to be had, else local.
    #[default]
    Auto,
    /// A throwaway cluster from installed binaries.
    Local,
    /// A throwaway container of this image.
    Docker { image: String },
    /// Someone's own server, by connection URL.
    Remote { url: String },
}

/// The text after `--server` is none of the allowed forms.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown server `{given}`{reason}: expected `auto`, `local`, `docker`, `docker:IMAGE` (e.g. `docker:{DEFAULT_IMAGE}`) \
     or a URL `postgres://USER:PASSWORD@HOST:PORT/DATABASE`"
)]
pub struct UnknownServer {
    /// The text as given, a URL's password left out.
    pub given: String,
    /// What the driver says of a URL, in parentheses; else empty.
    pub reason: String,
}

impl FromStr for ServerChoice {
    type Err = UnknownServer;

    fn from_str(text: &str) -> Result<Self, UnknownServer> {
        let unknown = |reason: String| UnknownServer { given: without_password(text), reason };
        match text.split_once(':') {
            None if text == "auto" => Ok(ServerChoice::Auto),
            None if text == "local" => Ok(ServerChoice::Local),
            None if text == "docker" => Ok(ServerChoice::Docker { image: DEFAULT_IMAGE.to_owned() }),
            Some(("docker", image)) if is_image_name(image) => {
                Ok(ServerChoice::Docker { image: image.to_owned() })
            }
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
                // The driver's own parser decides, so that a bad URL fails here and not after minutes of work.
                text.parse::<tokio_postgres::Config>().map_err(|e| unknown(format!(" ({})", explain(&e))))?;
                Ok(ServerChoice::Remote { url: text.to_owned() })
            }
            _ => Err(unknown(String::new())),
        }
    }
}

/// Shows a URL without its password: this ends up on screens, in CI logs and in results.
impl fmt::Display for ServerChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServerChoice::Auto => f.write_str("auto"),
            ServerChoice::Local => f.write_str("local"),
            ServerChoice::Docker { image } => write!(f, "docker:{image}"),
            ServerChoice::Remote { url } => f.write_str(&without_password(url)),
        }
    }
}

fn is_image_name(image: &str) -> bool {
    let first_ok = image.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    first_ok && image.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:@".contains(c))
}

/// `scheme://user:secret@host/…` → `scheme://user:***@host:5432/…`.
///
/// Built from what the driver's parser understood; of a URL that it does not understand, nothing but the scheme is
/// shown, because there is no telling where a password in it ends.
pub fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let config = match text.parse::<tokio_postgres::Config>() {
        // A second @ is most likely an unescaped one in the password, whose tail then counts as the host.
        Ok(config) if rest.matches('@').count() <= 1 => config,
        _ => return format!("{scheme}://…"),
    };
    let user = config.get_user().map(|user| match config.get_password() {
        Some(_) => format!("{user}:***@"),
        None => format!("{user}@"),
    });
    let database = config.get_dbname().map(|name| format!("/{name}")).unwrap_or_default();
    format!("{scheme}://{}{}{database}", user.unwrap_or_default(), address(&config))
}

/// Host and port that a configuration connects to first, for a reader.
pub(super) fn address(config: &tokio_postgres::Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => config.get_hostaddrs().first().map(ToString::to_string).unwrap_or_default(),
    };
    format!("{host}:{}", config.get_ports().first().copied().unwrap_or(5432))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<ServerChoice, UnknownServer> {
        text.parse()
    }

    #[test]
    fn every_allowed_form_parses() {
        assert_eq!(parse("auto"), Ok(ServerChoice::Auto));
        assert_eq!(parse("local"), Ok(ServerChoice::Local));
        assert_eq!(parse("docker"), Ok(ServerChoice::Docker { image: "errand-postgres:17".into() }));
        for image in ["postgres:16", "host.example:5000/team/pg:1", "postgres@sha256:ab12"] {
            assert_eq!(parse(&format!("docker:{image}")), Ok(ServerChoice::Docker { image: image.into() }));
        }
        for url in ["postgres://u:p@h:5433/db", "postgresql://h/db?connect_timeout=3"] {
            assert_eq!(parse(url), Ok(ServerChoice::Remote { url: url.into() }));
        }
    }

    #[test]
    fn other_text_is_refused_with_the_allowed_forms() {
        for text in ["", "Local", "dockr", "docker:", "docker:a b", "docker:-x", "mysql://h/db", "postgres:x"]
        {
            let error = parse(text).expect_err(text).to_string();
            for form in ["`auto`", "`local`", "`docker`", "`docker:IMAGE`", "postgres://"] {
                assert!(error.contains(form), "{text}: {error}");
            }
        }
    }

    #[test]
    fn a_bad_url_is_refused_with_the_reason_and_without_its_password() {
        let error = parse("postgres://me:hunter2@h:notaport/db").expect_err("port is no number").to_string();
        assert!(error.contains("postgres://…") && error.contains("port"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn what_is_shown_parses_to_the_same_choice() {
        for text in ["auto", "local", "docker:postgres:16", "postgres://u@h:5432/db"] {
            assert_eq!(parse(text).expect(text).to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn no_password_is_ever_shown(around in "[@:/%?#&=a-z]{0,8}", query in any::<bool>()) {
            let password = format!("{around}SECRET{around}");
            let url = if query {
                format!("postgres://user@host/db?password={password}")
            } else {
                format!("postgres://user:{password}@host/db")
            };
            let shown = without_password(&url);
            prop_assert!(!shown.contains("SECRET"), "{}", shown);
        }
    }
}
