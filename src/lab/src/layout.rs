//! Where everything lies in the lab's folder.

use std::path::{Path, PathBuf};

use crate::error::{Context, Error, Result};
use crate::plan::Shape;

/// The longest path of a Unix socket (unix(7)), without its final zero.
const SOCKET_PATH_LIMIT: usize = 107;

/// The lab's folder. Each size of star has its own data in it.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// The folder.
    pub(crate) dir: PathBuf,
}

impl Layout {
    /// The folder that the user gave, else the usual one; absolute.
    pub(crate) fn new(dir: Option<PathBuf>) -> Result<Self> {
        let dir = dir.unwrap_or_else(usual);
        let dir = std::path::absolute(&dir).at("use", &dir)?;
        if dir.join("serve.sock").as_os_str().len() > SOCKET_PATH_LIMIT {
            return Err(Error::Usage(format!(
                "--dir: {} is too long a path for a socket in it: give one of at most 90 characters",
                dir.display()
            )));
        }
        Ok(Self { dir })
    }

    /// The description of the running lab.
    pub(crate) fn lab_json(&self) -> PathBuf {
        self.dir.join("lab.json")
    }

    /// The lab's own control socket.
    pub(crate) fn control(&self) -> PathBuf {
        self.dir.join("lab.sock")
    }

    /// Removes what only a running lab has: its description and its sockets.
    pub(crate) fn forget_this_run(&self) {
        for path in [self.lab_json(), self.control(), self.netd_socket(), self.serve_socket()] {
            let _ = std::fs::remove_file(path);
        }
    }

    /// The hub's configuration.
    pub(crate) fn hub_toml(&self) -> PathBuf {
        self.dir.join("hub.toml")
    }

    /// `netd`'s socket.
    pub(crate) fn netd_socket(&self) -> PathBuf {
        self.dir.join("netd.sock")
    }

    /// `serve`'s socket.
    pub(crate) fn serve_socket(&self) -> PathBuf {
        self.dir.join("serve.sock")
    }

    /// The registry's first content.
    pub(crate) fn seed(&self) -> PathBuf {
        self.dir.join("seed.csv")
    }

    /// The provider points.
    pub(crate) fn parents(&self) -> PathBuf {
        self.dir.join("parents.json")
    }

    /// The services and who may reach them.
    pub(crate) fn services(&self) -> PathBuf {
        self.dir.join("services.json")
    }

    /// The rules of the way out.
    pub(crate) fn gateway(&self) -> PathBuf {
        self.dir.join("gateway.json")
    }

    /// The log of one child.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.log"))
    }

    /// The hub's data for this size of star.
    pub(crate) fn data(&self, shape: Shape) -> PathBuf {
        self.dir.join("data").join(shape.name())
    }
}

fn usual() -> PathBuf {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/state"));
    let fallback = || std::env::temp_dir().join(format!("ets-hub-{}", nix::unistd::getuid()));
    state
        .filter(|path| path.is_absolute())
        .or_else(home)
        .unwrap_or_else(fallback)
        .join("ets-hub/lab")
}
